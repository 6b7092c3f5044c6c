"""The routes. Each does no more than hand its request on."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import StreamingResponse

from serving import lists
from serving.bodies import documented, json_body
from serving.events import score_events
from serving.examples import with_examples
from serving.refusals import refuse_in_json
from serving.replies import AtRiskReply, EventsReply, Explanation, Health, Model, Refusal, ScoreReply
from serving.requests import AtRiskQuery, EventsRequest, ScoreRequest
from serving.resources import Resources

SCORED_AT_ONCE = 2
"""How many requests compute features at a time; the others wait, and the stored scores stay quick."""

REFUSALS: dict[int | str, dict[str, Any]] = {
    404: {"model": Refusal, "description": "What was asked for isn't there"},
    413: {"model": Refusal, "description": "The body is too large"},
    422: {"model": Refusal, "description": "The request can't be answered as asked"},
    503: {"model": Refusal, "description": "The store can't be reached"},
}
AS_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}


def resources_of(request: Request) -> Resources:
    resources: Resources = request.app.state.resources
    return resources


Given = Annotated[Resources, Depends(resources_of)]


def make_api() -> FastAPI:
    """All routes; `api.state.resources` must be set before the first request."""
    api = FastAPI(
        title="Amity",
        summary="Which customer relationships are weakening, why, and what each is worth.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses=REFUSALS,
    )
    refuse_in_json(api)
    _stored(api)
    _events(api)
    _documentation(api)
    return api


def _stored(api: FastAPI) -> None:
    @api.post("/score", openapi_extra=documented(ScoreRequest))
    def score(request: Annotated[ScoreRequest, Depends(json_body(ScoreRequest))], given: Given) -> ScoreReply:
        """The stored scores of some customers, from the scoring made last."""
        return lists.stored_scores(request, given.store)

    @api.get("/at-risk", response_model=AtRiskReply, responses=AS_CSV)
    def at_risk(query: Annotated[AtRiskQuery, Query()], given: Given) -> AtRiskReply | StreamingResponse:
        """The customers with most value at risk; all pages come from the scoring that the first came from.

        That is the one made last, unless a cursor says otherwise.
        """
        return lists.at_risk(query, given.store)

    @api.get("/explain/{customer_id:path}")
    def explain(customer_id: str, given: Given) -> Explanation:
        """Why a customer is at risk, what they are worth, what to do, and how the risk came about."""
        return lists.explain(customer_id, given.store)

    @api.get("/health", responses={503: {"model": Health}})
    def health(given: Given, response: Response) -> Health:
        """Which model answers, and how old the stored scores are; 503 where the store can't be reached."""
        found = lists.health(given)
        response.status_code = 200 if found.store_reachable else 503
        return found

    @api.get("/model")
    def model(given: Given) -> Model:
        """The model that scores events: its day, its definitions, and the tables and columns it needs."""
        return lists.model(given)


def _events(api: FastAPI) -> None:
    limiter = CapacityLimiter(SCORED_AT_ONCE)

    @api.post("/score-events", openapi_extra=documented(EventsRequest))
    async def score_raw_events(
        request: Annotated[EventsRequest, Depends(json_body(EventsRequest))], given: Given
    ) -> EventsReply:
        """Score customers from raw events; nothing is stored. `GET /model` lists the tables it needs."""
        return await run_sync(score_events, request, given, limiter=limiter)


def _documentation(api: FastAPI) -> None:
    @api.get("/openapi.json", include_in_schema=False)
    def openapi(given: Given) -> dict[str, Any]:
        return with_examples(api.openapi(), given)
