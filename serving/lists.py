"""The stored scores: by id, as a ranked list, and one customer explained."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from starlette.responses import StreamingResponse

from features.clock import now
from features.errors import ConfigError, RequestError
from serving.csv_lines import csv_lines
from serving.errors import AbsentError
from serving.json_lines import json_lines
from serving.locks.audit import Pulled
from serving.replies import (
    AtRiskReply,
    Explanation,
    Health,
    Listed,
    ScoreReply,
    ScoringHead,
    ScoringsReply,
)
from serving.requests import AtRiskQuery, DayQuery, ScoreRequest
from serving.resources import Resources
from serving.rows import Row
from serving.scoring import Scoring
from serving.speaking import ENGLISH, Speaker
from serving.store import Store
from serving.summary import summary

LINES_AT_ONCE = 500


def stored_scores(request: ScoreRequest, store: Store, speaker: Speaker = ENGLISH) -> ScoreReply:
    """In the order asked; raises AbsentError where none of the customers is in the scoring made last."""
    scoring = store.current()
    asked = list(dict.fromkeys(request.customer_ids))
    found = {row["customer_id"]: row for row in store.rows_of(asked, scoring)}
    if not found:
        raise AbsentError(
            f"{_whom(asked)} among the {scoring.customers:,} active "
            f"customers as of {scoring.as_of:%Y-%m-%d}. Check the ids, or score again if they ordered since."
        )
    return ScoreReply(
        as_of=scoring.as_of,
        model_version=scoring.model_version,
        currency=scoring.definitions.currency,
        base_risk=scoring.base_risk,
        customers=[
            Listed(**speaker.told(found[customer_id], scoring.definitions.currency))
            for customer_id in asked
            if customer_id in found
        ],
        unknown_ids=[customer_id for customer_id in asked if customer_id not in found],
    )


def at_risk(
    query: AtRiskQuery, store: Store, taking: Pulled, speaker: Speaker = ENGLISH
) -> AtRiskReply | StreamingResponse:
    """A page as JSON, or a stream of lines: as many rows as asked for, all where no number is asked for."""
    top, filter_, after = query.require_top(), query.filter(), query.after()
    scoring = store.scoring(after.scoring_id) if after else chosen(query, store)
    if after:
        _require_same(query, scoring)
    page = store.at_risk(filter_, top if query.format == "json" and top else 1, after, scoring)
    taking.model_version = scoring.model_version
    if query.format != "json":
        rows = islice(store.each_at_risk(scoring, filter_, after.rank if after else 0), top)
        told = (speaker.told(row, scoring.definitions.currency) for row in rows)
        return _streamed(query.format, scoring, taking.counting(told))
    reply = AtRiskReply(
        scoring=scoring.id,
        as_of=scoring.as_of,
        model_version=scoring.model_version,
        currency=scoring.definitions.currency,
        matching=page.matching,
        value_at_risk=page.value_at_risk,
        customers=[Listed(**speaker.told(row, scoring.definitions.currency)) for row in page.rows],
        next_cursor=None if page.next is None else str(page.next),
    )
    return taking.note(reply)


def chosen(query: DayQuery, store: Store) -> Scoring:
    """The scoring that is asked; raises AbsentError where there is none, RequestError where it is two."""
    if query.scoring is None:
        return store.current(query.as_of)
    scoring = store.scoring(query.scoring)
    _require_same(query, scoring)
    return scoring


def scorings(store: Store) -> ScoringsReply:
    return ScoringsReply(scorings=[ScoringHead.of(scoring) for scoring in store.scorings()])


def explain(customer_id: str, query: DayQuery, store: Store, speaker: Speaker = ENGLISH) -> Explanation:
    scoring = chosen(query, store)
    currency = scoring.definitions.currency
    row = speaker.told(store.row(customer_id.strip(), scoring), currency)
    history = store.history(row["customer_id"], scoring)
    return Explanation.of(row, scoring, history, summary(row, scoring, history, speaker.language(currency)))


def health(resources: Resources) -> Health:
    version = resources.bundle.manifest.version
    try:
        scoring = resources.store.latest()
    except ConfigError:
        return Health(model_version=version, store_reachable=False)
    if scoring is None:
        return Health(model_version=version, store_reachable=True)
    age = now() - scoring.created_at
    return Health(
        model_version=version,
        store_reachable=True,
        scores_model_version=scoring.model_version,
        as_of=scoring.as_of,
        scored_at=scoring.created_at,
        scores_age_hours=round(age.total_seconds() / 3600, 2),
        customers=scoring.customers,
    )


def _streamed(kind: str, scoring: Scoring, rows: Iterator[Row]) -> StreamingResponse:
    """Many lines a chunk: each chunk is fetched by a thread of its own."""
    lines, media_type = (
        (csv_lines(rows), "text/csv; charset=utf-8")
        if kind == "csv"
        else (json_lines(rows), "application/x-ndjson")
    )
    name = f"at-risk-{scoring.as_of:%Y-%m-%d}.{kind}"
    return StreamingResponse(
        _chunks(lines),
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _chunks(lines: Iterator[str]) -> Iterator[str]:
    while chunk := "".join(islice(lines, LINES_AT_ONCE)):
        yield chunk


def _require_same(query: DayQuery, scoring: Scoring) -> None:
    """Raise RequestError where the query also names another scoring or day."""
    if query.scoring not in (None, scoring.id):
        raise RequestError(
            f"The cursor belongs to scoring {scoring.id}, and scoring is {query.scoring}; leave one out."
        )
    if query.as_of not in (None, scoring.as_of):
        raise RequestError(
            f"Scoring {scoring.id} is as of {scoring.as_of:%Y-%m-%d}, and as_of is {query.as_of:%Y-%m-%d}; "
            "leave one out."
        )


def _whom(asked: list[str]) -> str:
    return (
        "The customer asked for is not"
        if len(asked) == 1
        else f"None of the {len(asked):,} customers asked for is"
    )
