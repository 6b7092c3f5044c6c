"""The routes of win-back. Each does no more than hand its request on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query, Request
from fastapi.responses import StreamingResponse

from features.clock import now
from serving.bodies import documented, json_body
from serving.errors import AbsentError
from serving.filters import LARGEST_ID
from serving.given import Given
from serving.locks.guard import Taking, who
from serving.winback import desk, replies
from serving.winback.desk import outbox_of, plans_of
from serving.winback.lines import streamed
from serving.winback.making import Wish
from serving.winback.replies import (
    Attempt,
    AttemptsQuery,
    AttemptsReply,
    DeadLetter,
    DeadLettersReply,
    ExportQuery,
    ForServiceReply,
    PlanHead,
    PlanReply,
    PlanRequest,
    PlansReply,
    ProgressReply,
    ResendReply,
    ResendRequest,
    ResultReply,
    RowsQuery,
    RowsReply,
)

PLANS = "/winback/plans"
PLAN = PLANS + "/{plan_id}"
PlanId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="A plan of `GET /winback/plans`.")]
AS_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}, "application/x-ndjson": {}}}}


def add_winback(api: FastAPI) -> None:
    """All routes under /winback."""
    _plans(api)
    _one_plan(api)
    _messages(api)


def _plans(api: FastAPI) -> None:
    @api.get(PLANS)
    def plans(given: Given) -> PlansReply:
        """All plans, the newest first."""
        return PlansReply(plans=[PlanHead(**replies.head(kept)) for kept in plans_of(given).plans()])

    @api.post(PLANS, openapi_extra=documented(PlanRequest))
    def plan(asked: Annotated[PlanRequest, Depends(json_body(PlanRequest))], given: Given) -> PlanReply:
        """Whom to contact with which offer, under a budget, and who is held back; nothing is sent.

        From the source that winback.yaml names, else from the one that was scored; it has to be there.
        """
        wish = Wish(asked.budget, asked.name, asked.explore, asked.seed)
        made = desk.planned(wish, given, keep=asked.keep)
        return replies.reply(made.kept) if made.kept else replies.dry(made, asked.name)


def _one_plan(api: FastAPI) -> None:
    @api.get(PLAN)
    def plan(plan_id: PlanId, given: Given) -> PlanReply:
        """One plan: what it would do, what it is known from, who is left out and why."""
        return replies.reply(plans_of(given).plan(plan_id))

    @api.get(f"{PLAN}/rows", response_model=RowsReply, responses=AS_FILE)
    def rows(
        plan_id: PlanId, query: Annotated[RowsQuery, Query()], given: Given, taking: Taking
    ) -> RowsReply | StreamingResponse:
        """The customers of a plan, both arms, most profitable first."""
        found = plans_of(given).rows(plan_id)
        if query.format != "json":
            taking.rows = len(found)
            return streamed(found, query.format, f"plan-{plan_id}")
        part = found.iloc[query.offset : query.offset + replies.MOST_ROWS]
        taking.rows = len(part)
        end = query.offset + len(part)
        plain = part.astype(object).where(part.notna(), None).to_dict("records")
        told = [{str(name): value for name, value in row.items()} for row in plain]
        return RowsReply(plan=plan_id, rows=told, next_offset=end if end < len(found) else None)

    @api.get(f"{PLAN}/for-service")
    def for_service(plan_id: PlanId, given: Given, taking: Taking) -> ForServiceReply:
        """Whose complaint service closes first: an offer would pay, but not before."""
        ids = list(plans_of(given).plan(plan_id).document["for_service"])
        taking.rows = len(ids)
        return ForServiceReply(plan=plan_id, customer_ids=ids)

    @api.post(f"{PLAN}/approve")
    def approve(plan_id: PlanId, request: Request, given: Given) -> PlanHead:
        """Let a draft be sent; from then on no other version of its campaign can be."""
        return PlanHead(**replies.head(desk.approved(plan_id, given, who(request))))

    @api.get(f"{PLAN}/result")
    def result(plan_id: PlanId, given: Given) -> ResultReply:
        """What a campaign changed, once `amity winback measure` has found it."""
        kept = plans_of(given).plan(plan_id)
        if kept.result is None:
            raise AbsentError(
                f"Plan {plan_id} was not measured yet; `amity winback measure {plan_id}` does, when "
                f"its {kept.settings.campaign_days} days are over."
            )
        return ResultReply(
            plan=plan_id,
            campaign_id=kept.campaign_id,
            currency=kept.currency,
            grade="experiment" if kept.result.get("effect") else "none",
            says=list(kept.result["says"]),
            result=dict(kept.result),
        )


def _messages(api: FastAPI) -> None:
    @api.post(f"{PLAN}/export", response_model=None, responses=AS_FILE)
    def export(
        plan_id: PlanId, query: Annotated[ExportQuery, Query()], given: Given, taking: Taking
    ) -> StreamingResponse:
        """An approved plan's messages as a file for an e-mail tool, once; who opted out since is left out."""
        return desk.messages_file(plan_id, given, taking, query.format, again=query.again)

    @api.get(f"{PLAN}/progress")
    def progress(plan_id: PlanId, given: Given) -> ProgressReply:
        """How far the messages are that `amity winback send` delivers to a webhook."""
        return ProgressReply.of(plan_id, outbox_of(given))

    @api.get(f"{PLAN}/dead-letters")
    def dead_letters(plan_id: PlanId, given: Given, taking: Taking) -> DeadLettersReply:
        """Messages that were given up, and why."""
        found = outbox_of(given).dead(plan_id)
        taking.rows = len(found)
        return DeadLettersReply(plan=plan_id, dead_letters=[DeadLetter(**each) for each in found])

    @api.post(f"{PLAN}/resend", openapi_extra=documented(ResendRequest))
    def resend(
        plan_id: PlanId, asked: Annotated[ResendRequest, Depends(json_body(ResendRequest))], given: Given
    ) -> ResendReply:
        """Let dead letters be tried again, all or those named."""
        return ResendReply(plan=plan_id, waiting_again=outbox_of(given).resend(plan_id, now(), asked.keys))

    @api.get(f"{PLAN}/attempts")
    def attempts(
        plan_id: PlanId, query: Annotated[AttemptsQuery, Query()], given: Given, taking: Taking
    ) -> AttemptsReply:
        """Every attempt at a delivery, in the order in which they began."""
        outbox = outbox_of(given)
        outbox.sending(plan_id)
        found = outbox.attempts(plan_id, query.key, query.after)
        taking.rows = len({each["customer_id"] for each in found})
        return AttemptsReply(plan=plan_id, attempts=[Attempt(**each) for each in found])
