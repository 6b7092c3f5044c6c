"""What the service answers of win-back. Times are UTC; money is in `currency`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from models.uplift.effects import MEANING, Grade
from serving.filters import LARGEST_ID
from serving.replies import Utc
from serving.requests import Asked, Parameters
from serving.winback.making import LARGEST_SEED, LONGEST_NAME, Made
from serving.winback.outbox import Outbox, Progress
from serving.winback.plan import LARGEST_BUDGET
from serving.winback.store import Kept

MOST_KEYS = 1_000
MOST_ROWS = 1_000
Key = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class PlanRequest(Asked):
    """What a plan shall do; of the customers scored last."""

    budget: float = Field(
        gt=0, le=LARGEST_BUDGET, strict=True, description="For contacts and coupons together, in money."
    )
    name: str = Field(
        default="winback", min_length=1, max_length=LONGEST_NAME, description="Of the campaign."
    )
    explore: int = Field(
        default=0, ge=0, le=LARGEST_ID, description="Draw so many by lot too, to learn what offers do."
    )
    seed: int | None = Field(
        default=None, ge=0, lt=LARGEST_SEED, description="Of the draw; a new one where it is left out."
    )
    keep: bool = Field(default=False, description="Keep it as a draft; else it is a dry run.")


class ResendRequest(Asked):
    """Which dead letters are to be tried again; all where `keys` is left out."""

    keys: list[Key] | None = Field(default=None, min_length=1, max_length=MOST_KEYS)


class RowsQuery(Parameters):
    """JSON: at most 1,000 rows from `offset` on. CSV and JSON lines: all."""

    format: Literal["json", "csv", "jsonl"] = "json"
    offset: int = Field(default=0, ge=0, le=LARGEST_ID)


class ExportQuery(Parameters):
    """In which form messages leave."""

    format: Literal["csv", "jsonl"] = "csv"
    again: bool = Field(default=False, description="The same messages once more, of a plan that went out so.")


class AttemptsQuery(Parameters):
    """At most 1,000 attempts, in the order in which they began."""

    key: Key | None = Field(default=None, description="Of one message.")
    after: int = Field(default=0, ge=0, le=LARGEST_ID, description="The `id` of the last one seen.")


class PlanHead(BaseModel):
    """A plan in figures. `grade`: what its effects are known from: experiment, adjusted observation or prior.

    `plan` is null for a dry run. `expected_low`, `expected_high`: null where the effects are a prior.
    `detects`: the smallest mean effect per contact that its control group can show; null: none.
    """

    plan: int | None
    name: str
    version: int | None
    campaign_id: str | None
    state: Literal["dry run", "draft", "approved", "sent", "measured"]
    as_of: Utc
    budget: float
    currency: str
    grade: Grade
    grade_means: str
    contacted: int
    held_back: int
    expected_profit: float
    expected_low: float | None
    expected_high: float | None
    expected_cost: float
    expected_per_customer: float
    detects: float | None
    created_at: Utc | None = None
    approved_at: Utc | None = None
    approved_by: str | None = None
    sent_at: Utc | None = None


class PlanReply(PlanHead):
    """A plan. `left_out`: reason → customers. `for_service`: so many have a complaint to be closed first."""

    says: list[str]
    left_out: dict[str, int]
    for_service: int


class PlansReply(BaseModel):
    """The newest first."""

    plans: list[PlanHead]


class RowsReply(BaseModel):
    """`rows`: most profitable first, both arms; `offset` of the next ones, null where there are none."""

    plan: int
    rows: list[dict[str, Any]]
    next_offset: int | None


class ForServiceReply(BaseModel):
    """Customers whose open complaint alone keeps an offer from them that would pay, most valuable first."""

    plan: int
    customer_ids: list[str]


class ProgressReply(BaseModel):
    """`waiting` and `sending` are open; `suppressed_for`: reason → messages; `next_at`: when the next message
    is due, null where none is."""

    plan: int
    target: str
    valid_until: Utc
    messages: int
    waiting: int
    sending: int
    delivered: int
    dead: int
    suppressed: int
    suppressed_for: dict[str, int]
    attempts: int
    next_at: Utc | None

    @classmethod
    def of(cls, plan_id: int, outbox: Outbox) -> ProgressReply:
        found: Progress = outbox.progress(plan_id)
        sending = outbox.sending(plan_id)
        return cls(
            plan=plan_id,
            target=sending.target,
            valid_until=sending.valid_until,
            messages=found.messages,
            **found.counts,
            suppressed_for=dict(found.suppressed_for),
            attempts=found.attempts,
            next_at=found.next_at,
        )


class DeadLetter(BaseModel):
    """A message that was given up."""

    key: str
    customer_id: str
    offer: str
    attempts: int
    reason: str
    settled_at: Utc


class DeadLettersReply(BaseModel):
    """At most 1,000, the latest first."""

    plan: int
    dead_letters: list[DeadLetter]


class ResendReply(BaseModel):
    """How many wait again; `amity winback send` delivers them."""

    plan: int
    waiting_again: int


class Attempt(BaseModel):
    """`ended_at`: null where its sender did not live to see an answer. `error`: null where it arrived."""

    id: int
    key: str
    customer_id: str
    number: int
    sender: str
    started_at: Utc
    ended_at: Utc | None
    status: int | None
    error: str | None


class AttemptsReply(BaseModel):
    """In the order in which they began."""

    plan: int
    attempts: list[Attempt]


class ResultReply(BaseModel):
    """What a campaign changed, as `amity winback measure` found it."""

    plan: int
    campaign_id: str
    currency: str
    grade: str = Field(description="experiment where a control group was held back by lot, else none")
    says: list[str]
    result: dict[str, Any]


def head(kept: Kept) -> dict[str, Any]:
    """The fields of `PlanHead`."""
    own = ("name", "version", "campaign_id", "state", "as_of", "budget", "currency")
    given = ("created_at", "approved_at", "approved_by", "sent_at")
    return {"plan": kept.id, **{name: getattr(kept, name) for name in own + given}} | _told(kept.document)


def reply(kept: Kept) -> PlanReply:
    """A kept plan."""
    return PlanReply(**head(kept), **_more(kept.document))


def dry(made: Made, name: str) -> PlanReply:
    """A plan that wasn't kept."""
    nowhere: dict[str, Any] = {
        "plan": None,
        "name": name,
        "version": None,
        "campaign_id": None,
        "state": "dry run",
    }
    own: dict[str, Any] = {"as_of": made.plan.as_of, "budget": made.plan.budget, "currency": made.currency}
    return PlanReply(**nowhere, **own, **_told(made.document), **_more(made.document))


def _told(document: Mapping[str, Any]) -> dict[str, Any]:
    named = ("expected_profit", "expected_cost", "expected_per_customer", "detects", "contacted", "held_back")
    return {
        "grade": document["grade"],
        "grade_means": MEANING[document["grade"]],
        **{name: document[name] for name in named},
        **{name: document.get(name) for name in ("expected_low", "expected_high")},
    }


def _more(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "says": list(document["says"]),
        "left_out": dict(document["left_out"]),
        "for_service": len(document["for_service"]),
    }
