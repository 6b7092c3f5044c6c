"""A customer's page: the story first, then the evidence, what a repair would give, and all that happened."""

from __future__ import annotations

from typing import Any

from fastapi.responses import HTMLResponse

from serving.console import story
from serving.console.facts import Told
from serving.console.history_chart import history_chart
from serving.console.rendering import page
from serving.console.timeline_chart import timeline_chart
from serving.console.what_if import CustomerQuery, levers, outcome
from serving.rows import Row
from serving.scoring import Scoring
from serving.store import Store
from serving.summary import next_order

WIDE, NARROW = 760.0, 340.0
"""Drawings are made twice, for the widths at which their words stay legible."""

MOST_LISTED = 500


def customer_page(row: Row, scoring: Scoring, store: Store, told: Told, query: CustomerQuery) -> HTMLResponse:
    """`row`: of the scoring. `told`: the customer's events."""
    history = [past for past in store.history(row["customer_id"], scoring) if past["as_of"] <= scoring.as_of]
    return page(
        "customer.html",
        row=row,
        scoring=scoring,
        currency=scoring.definitions.currency,
        since=story.since(history, scoring.base_risk),
        next_order="" if scoring.definitions.mode == "contractual" else next_order(row, scoring),
        weak_points=story.weak_points(row),
        sides=story.sides(row),
        history=history,
        history_charts=[history_chart(history, scoring.base_risk, width) for width in (WIDE, NARROW)],
        timelines=[timeline_chart(told.events, scoring.as_of, width) for width in (WIDE, NARROW)],
        events=told.events[:MOST_LISTED],
        number_of_events=len(told.events),
        contacts=[event for event in told.events if event.lane == "contacts"],
        remark=told.remark,
        **_what_if(row, scoring, query),
    )


def what_if_result(row: Row, scoring: Scoring, query: CustomerQuery) -> HTMLResponse:
    """The part of the page that tells what a repair would give."""
    return page(
        "what_if_result.html", row=row, currency=scoring.definitions.currency, **_what_if(row, scoring, query)
    )


def _what_if(row: Row, scoring: Scoring, query: CustomerQuery) -> dict[str, Any]:
    found = levers(row, query, scoring.definitions.named_from_points)
    return {"levers": found, "outcome": outcome(row, found)}
