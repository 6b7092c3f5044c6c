"""The campaign pages' routes. What changes something is a form of this site, and asks for the role."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse

from features.clock import now
from features.errors import AmityError, ConfigError, RequestError
from serving.console import links
from serving.console.campaign import Rights, approval_page, campaign_page
from serving.console.campaigns import campaigns_page
from serving.console.forms import form
from serving.console.sessions import require_same_site
from serving.filters import LARGEST_ID
from serving.given import Given
from serving.locks.guard import Taking, who
from serving.resources import Resources
from serving.winback import desk
from serving.winback.desk import outbox_of, plans_of
from serving.winback.making import LARGEST_SEED, Wish

PlanId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
SEE_OTHER = 303


def add_campaigns(pages: APIRouter) -> None:
    """All pages under `links.CAMPAIGNS`."""
    _list(pages)
    _one(pages)
    _acts(pages)


def _list(pages: APIRouter) -> None:
    @pages.get(links.CAMPAIGNS)
    def campaigns(request: Request, given: Given) -> HTMLResponse:
        return campaigns_page(plans_of(given).plans(), _currency(given), _rights(request))

    @pages.post(links.CAMPAIGNS)
    async def plan(request: Request, given: Given) -> Response:
        require_same_site(request)
        asked = await form(request)
        return await run_sync(_planned, asked, request, given)


def _one(pages: APIRouter) -> None:
    @pages.get(links.CAMPAIGN)
    def campaign(plan_id: PlanId, request: Request, given: Given, taking: Taking) -> HTMLResponse:
        store = plans_of(given)
        kept = store.plan(plan_id)
        return campaign_page(kept, store.rows(plan_id), outbox_of(given), _rights(request), taking)

    @pages.get(links.CAMPAIGN + "/approve")
    def ask(plan_id: PlanId, request: Request, given: Given) -> HTMLResponse:
        return approval_page(plans_of(given).plan(plan_id), _rights(request))


def _acts(pages: APIRouter) -> None:
    @pages.post(links.CAMPAIGN + "/approve")
    def approve(plan_id: PlanId, request: Request, given: Given) -> RedirectResponse:
        require_same_site(request)
        desk.approved(plan_id, given, who(request))
        return _back(plan_id)

    @pages.post(links.CAMPAIGN + "/export")
    def export(plan_id: PlanId, request: Request, given: Given, taking: Taking) -> StreamingResponse:
        require_same_site(request)
        again = plans_of(given).plan(plan_id).sent_at is not None
        return desk.messages_file(plan_id, given, taking, "csv", again=again)

    @pages.post(links.CAMPAIGN + "/resend")
    def resend(plan_id: PlanId, request: Request, given: Given) -> RedirectResponse:
        require_same_site(request)
        outbox_of(given).resend(plan_id, now())
        return _back(plan_id)


def _planned(asked: dict[str, str], request: Request, given: Resources) -> Response:
    """A draft leads to its page; a dry run, and what can't be planned, is told beside the form."""
    problem, made = "", None
    try:
        made = desk.planned(_wish(asked), given, keep="keep" in asked)
    except ConfigError:
        raise
    except AmityError as error:
        problem = str(error)
    if made is not None and made.kept is not None:
        return _back(made.kept.id)
    plans = plans_of(given).plans()
    return campaigns_page(plans, _currency(given), _rights(request), problem=problem, asked=asked, made=made)


def _wish(asked: dict[str, str]) -> Wish:
    """Raises RequestError where a field holds no number."""
    budget, explore = asked.get("budget", ""), asked.get("explore", "") or "0"
    try:
        told = float(budget), int(explore)
        seed = int(asked["seed"]) % LARGEST_SEED if asked.get("seed") else None
    except ValueError:
        raise RequestError(
            f"The budget is {budget[:40]!r}, and by lot are {explore[:40]!r}; give an amount of money, and a "
            "whole number of customers."
        ) from None
    if not 0 <= told[1] <= LARGEST_ID:
        raise RequestError(f"By lot are {told[1]}; give 0 or more customers.")
    return Wish(told[0], asked.get("name", "") or Wish(0.0).name, told[1], seed)


def _back(plan_id: int) -> RedirectResponse:
    return RedirectResponse(links.campaign_path(plan_id), status_code=SEE_OTHER)


def _rights(request: Request) -> Rights:
    return Rights.of(who(request))


def _currency(given: Resources) -> str:
    latest = given.store.latest()
    return latest.definitions.currency if latest else ""
