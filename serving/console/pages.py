"""The pages' routes. Each does no more than hand its request on; what goes wrong is told as a page."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, cast

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from features.errors import AmityError, ConfigError
from serving import lists
from serving.card import card
from serving.console import links, sessions
from serving.console.assessment import assessment_page, report_page
from serving.console.at_risk_list import at_risk_list
from serving.console.campaign_doors import add_campaigns
from serving.console.customer import customer_page, what_if_result
from serving.console.definitions import definitions_page
from serving.console.facts import READ_AT_ONCE, told_events
from serving.console.forms import form as read_form
from serving.console.links import customer_id_of
from serving.console.model import model_page
from serving.console.rendering import ASKED, FOLDER, page
from serving.console.sessions import SignInNeeded, signed_in
from serving.console.what_if import CustomerQuery
from serving.errors import AbsentError
from serving.given import Given
from serving.locks.audit import Pulled
from serving.locks.guard import Taking
from serving.refusals import sentence
from serving.report import kept
from serving.requests import AtRiskQuery, DayQuery
from serving.rows import Row

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
NOT_HERE, NOT_SHOWN = "That isn’t here", "That can’t be shown"
TITLES = {401: "Not from here", 403: "Not for you", 404: NOT_HERE, 413: "Too large", 429: "Too many requests"}


class PageRoute(APIRoute):
    """Refuses in words on a page, where the API's routes refuse in JSON."""

    def get_route_handler(self) -> Handler:
        answer = super().get_route_handler()

        async def told(request: Request) -> Response:
            ASKED.set(request)
            try:
                return await answer(request)
            except SignInNeeded as error:
                return _sign_in_page(request, str(error))
            except HTTPException as error:
                title = TITLES.get(error.status_code, NOT_SHOWN)
                return message(error.status_code, title, str(error.detail), error.headers)
            except AbsentError as error:
                return message(404, NOT_HERE, str(error))
            except ConfigError as error:
                return message(503, "The store can’t be reached", str(error))
            except AmityError as error:
                return message(422, NOT_SHOWN, str(error))
            except RequestValidationError as error:
                return message(422, NOT_SHOWN, sentence(error.errors()))

        return told


def message(status: int, title: str, says: str, headers: Any = None) -> HTMLResponse:
    answer = page("message.html", status, title=title, says=says)
    answer.headers.update(headers or {})
    return answer


def add_pages(api: FastAPI) -> None:
    """All pages under /pages, and / that leads to the first."""
    api.mount(links.ASSETS, StaticFiles(directory=FOLDER / "assets"))
    doors = APIRouter(route_class=PageRoute, include_in_schema=False)
    _doors(doors)
    pages = APIRouter(route_class=PageRoute, include_in_schema=False, dependencies=[Depends(signed_in)])
    _assessment(pages)
    _list(pages)
    _customer(pages)
    _model(pages)
    add_campaigns(pages)
    _rest(pages)
    api.include_router(doors)
    api.include_router(pages)


def _doors(doors: APIRouter) -> None:
    @doors.get("/")
    def root() -> RedirectResponse:
        return RedirectResponse(links.AT_RISK if kept.latest() is None else links.ASSESSMENT)

    @doors.get(links.SIGN_IN)
    def form(request: Request) -> HTMLResponse:
        return _sign_in_page(request, "", 200)

    @doors.post(links.SIGN_IN)
    async def sign_in(request: Request) -> Response:
        given = await read_form(request)
        onward = RedirectResponse(links.own_page(given.get("next", "")), status_code=303)
        return await run_sync(sessions.sign_in, request, given.get("key", ""), onward)

    @doors.post(links.SIGN_OUT)
    def sign_out(request: Request) -> Response:
        return sessions.sign_out(request, RedirectResponse(links.SIGN_IN, status_code=303))


def _assessment(pages: APIRouter) -> None:
    @pages.get(links.ASSESSMENT)
    def assessment() -> HTMLResponse:
        return assessment_page()

    @pages.get(links.REPORT)
    def report() -> HTMLResponse:
        return report_page()


def _list(pages: APIRouter) -> None:
    @pages.get(links.AT_RISK)
    def at_risk(query: Annotated[AtRiskQuery, Query()], given: Given, taking: Taking) -> HTMLResponse:
        return at_risk_list(query, given.store, taking)

    @pages.get(links.AT_RISK_CSV)
    def at_risk_csv(query: Annotated[AtRiskQuery, Query()], given: Given, taking: Taking) -> Response:
        asked = query.model_copy(update={"format": "csv"})
        return cast(Response, lists.at_risk(asked, given.store, taking))


def _customer(pages: APIRouter) -> None:
    limiter = CapacityLimiter(READ_AT_ONCE)

    @pages.get(links.CUSTOMERS + "/{segment:path}")
    async def customer(
        segment: str, asked: Annotated[CustomerQuery, Query()], given: Given, taking: Taking
    ) -> HTMLResponse:
        scoring = await run_sync(lists.chosen, asked, given.store)
        row = await run_sync(given.store.row, customer_id_of(segment), scoring)
        told = await told_events(row["customer_id"], scoring, limiter)
        _note(taking, row)
        return await run_sync(customer_page, row, scoring, given.store, told, asked)

    @pages.get(links.WHAT_IF + "/{segment:path}")
    def what_if(
        segment: str, asked: Annotated[CustomerQuery, Query()], given: Given, taking: Taking
    ) -> HTMLResponse:
        scoring = lists.chosen(asked, given.store)
        row = given.store.row(customer_id_of(segment), scoring)
        _note(taking, row)
        return what_if_result(row, scoring, asked)


def _model(pages: APIRouter) -> None:
    @pages.get(links.DEFINITIONS)
    def definitions(query: Annotated[DayQuery, Query()], given: Given, taking: Taking) -> HTMLResponse:
        scoring = lists.chosen(query, given.store) if given.store.latest() else None
        return definitions_page(query, scoring, given.store, taking)

    @pages.get(links.MODEL)
    def model(given: Given) -> HTMLResponse:
        return model_page(card(given.bundle.manifest), given.store)


def _note(taking: Pulled, row: Row) -> None:
    taking.rows, taking.customers, taking.model_version = 1, (row["customer_id"],), row["model_version"]


def _rest(pages: APIRouter) -> None:
    @pages.get(links.PAGES + "/{rest:path}")
    def nothing(rest: str) -> HTMLResponse:
        return message(404, "There is no such page", f"Nothing lies at {links.PAGES}/{rest[:60]}.")


def _sign_in_page(request: Request, problem: str, status: int = 401) -> HTMLResponse:
    """The form; it leads on to the page that was asked, which stands in the form and not in the address."""
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["raw_path"].decode("latin-1") if request.method == "GET" else ""
    return page("sign_in.html", status, problem=problem, next=f"{path}?{query}" if query else path)
