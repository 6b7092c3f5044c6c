"""The routes. Each does no more than hand its request on."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from serving import inspector, lists, what_if
from serving.answers import answer
from serving.batches import Batches
from serving.bodies import documented, json_body
from serving.card import card
from serving.examples import with_examples
from serving.given import Given
from serving.locks.door import Door
from serving.locks.guard import Taking, guard
from serving.locks.locks import locks_of
from serving.refusals import refuse_in_json
from serving.reloading import Reloading
from serving.replies import (
    AlarmsReply,
    AtRiskReply,
    DefinitionsReply,
    EventsReply,
    Explanation,
    Health,
    Model,
    Refusal,
    ScoreReply,
    ScoringsReply,
    WhatIfFeatures,
    WhatIfReply,
)
from serving.report.alarms import kept_alarms
from serving.requests import AtRiskQuery, DayQuery, EventsRequest, ScoreRequest, WhatIfRequest
from serving.speaking import Speaker, speaker_of
from serving.watching.metrics import exposition
from serving.watching.watch import Watch
from serving.winback.api import add_winback

ASKS_FOR_KEY = {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "Bearer"}}
RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds until it may be tried again"}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    404: {"model": Refusal, "description": "What was asked for isn't there"},
    401: {"model": Refusal, "description": "There is no good key", "headers": ASKS_FOR_KEY},
    403: {"model": Refusal, "description": "The key's role may not have this"},
    413: {"model": Refusal, "description": "The body is too large"},
    414: {"model": Refusal, "description": "The address is too long"},
    415: {"model": Refusal, "description": "The body isn't JSON"},
    422: {"model": Refusal, "description": "The request can't be answered as asked"},
    429: {"model": Refusal, "description": "Too many requests", "headers": RETRY},
    431: {"model": Refusal, "description": "The headers are too large"},
    503: {"model": Refusal, "description": "The store can't be reached"},
    504: {"model": Refusal, "description": "It took too long"},
}
AS_METRICS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Prometheus's text format",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}
AS_LINES: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}, "application/x-ndjson": {}}}}


Speaking = Annotated[Speaker, Depends(speaker_of)]


def make_api() -> FastAPI:
    """All routes; `api.state.resources` must be set before the first request."""
    api = FastAPI(
        title="Amity",
        summary="Which customer relationships are weakening, why, and what each is worth.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        responses=REFUSALS,
        dependencies=[Depends(guard)],
    )
    refuse_in_json(api)
    api.add_middleware(Door)
    api.add_middleware(Watch)
    _stored(api)
    _told(api)
    _what_if(api)
    _events(api)
    add_winback(api)
    _documentation(api)
    return api


def _stored(api: FastAPI) -> None:
    @api.post("/score", response_model=ScoreReply, openapi_extra=documented(ScoreRequest))
    async def score(
        request: Annotated[ScoreRequest, Depends(json_body(ScoreRequest))],
        given: Given,
        taking: Taking,
        speaker: Speaking,
        told: Response,
    ) -> Response:
        """The stored scores of some customers, from the scoring made last."""

        def found() -> ScoreReply:
            reply = lists.stored_scores(request, given.store, speaker)
            return taking.note(reply, [customer.customer_id for customer in reply.customers])

        return await answer(found, told)

    @api.get("/at-risk", response_model=AtRiskReply, responses=AS_LINES)
    async def at_risk(
        query: Annotated[AtRiskQuery, Query()],
        given: Given,
        taking: Taking,
        speaker: Speaking,
        told: Response,
    ) -> Response:
        """The customers with most value at risk; all pages come from the scoring that the first came from.

        That is the one made last, unless a cursor, `scoring` or `as_of` says otherwise.
        """
        return await answer(lambda: lists.at_risk(query, given.store, taking, speaker), told)

    @api.get("/explain/{customer_id:path}", response_model=Explanation)
    async def explain(
        customer_id: str,
        query: Annotated[DayQuery, Query()],
        given: Given,
        taking: Taking,
        speaker: Speaking,
        told: Response,
    ) -> Response:
        """Why a customer is at risk, what they are worth, what to do, and how the risk came about."""

        def found() -> Explanation:
            return taking.note(lists.explain(customer_id, query, given.store, speaker), [customer_id])

        return await answer(found, told)


def _told(api: FastAPI) -> None:
    @api.get("/definitions")
    def definitions(query: Annotated[DayQuery, Query()], given: Given, taking: Taking) -> DefinitionsReply:
        """Who counts as new, active, slowing, lapsed, lost, inactive and churned, why, how many, and some."""
        return taking.note(inspector.inspect(lists.chosen(query, given.store), given.store))

    @api.get("/scorings")
    def scorings(given: Given) -> ScoringsReply:
        """The lists there are, the newest first: `scoring` or `as_of` of the others asks for one of them."""
        return lists.scorings(given.store)

    @api.get("/alarms")
    def alarms() -> AlarmsReply:
        """The early warnings of the assessment that `amity assess SOURCE --keep` made last."""
        return kept_alarms()

    @api.get("/health", responses={503: {"model": Health}})
    def health(request: Request, given: Given, response: Response) -> Health:
        """Which model answers, and how old the stored scores are; 503 where the store can't be reached."""
        reloading: Reloading | None = getattr(request.app.state, "reloading", None)
        found = lists.health(given).model_copy(
            update={"model_trouble": reloading.trouble if reloading else None}
        )
        response.status_code = 200 if found.store_reachable else 503
        return found

    @api.get("/model")
    def model(given: Given) -> Model:
        """The model that scores events: its day and definitions, what it needs, and how it was judged."""
        return card(given.bundle.manifest)

    @api.get("/metrics", response_model=None, responses=AS_METRICS)
    def metrics(request: Request, given: Given) -> PlainTextResponse:
        """Requests, latency, scores by model version, their age, and how many are at risk, for Prometheus."""
        return PlainTextResponse(exposition(request.app, given), media_type=CONTENT_TYPE_LATEST)


def _what_if(api: FastAPI) -> None:
    @api.post("/what-if", openapi_extra=documented(WhatIfRequest))
    def asked(
        request: Annotated[WhatIfRequest, Depends(json_body(WhatIfRequest))], given: Given, taking: Taking
    ) -> WhatIfReply:
        """What a customer's risk would be, were weak points repaired or features changed."""
        found = what_if.what_if(request, lists.chosen(request, given.store), given)
        return taking.note(found, [request.customer_id])

    @api.get("/what-if/{customer_id:path}")
    def changeable(
        customer_id: str, query: Annotated[DayQuery, Query()], given: Given, taking: Taking
    ) -> WhatIfFeatures:
        """The features that `POST /what-if` can change, and the range that training has seen."""
        found = what_if.features(customer_id, lists.chosen(query, given.store), given)
        return taking.note(found, [customer_id])


def _events(api: FastAPI) -> None:
    batches = Batches()

    @api.post("/score-events", openapi_extra=documented(EventsRequest))
    async def score_raw_events(
        request: Annotated[EventsRequest, Depends(json_body(EventsRequest))],
        given: Given,
        taking: Taking,
        speaker: Speaking,
    ) -> EventsReply:
        """Score customers from raw events; nothing is stored. `GET /model` lists the tables it needs."""
        return taking.note(await batches.score(request, given, speaker))


def _documentation(api: FastAPI) -> None:
    @api.get("/openapi.json", include_in_schema=False)
    def openapi(given: Given) -> dict[str, Any]:
        return with_examples(api.openapi(), given, of_customers=locks_of(api).are_open)
