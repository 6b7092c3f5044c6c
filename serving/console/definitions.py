"""The definitions' page: who counts as what, why, how many they are, and some of them."""

from __future__ import annotations

from fastapi.responses import HTMLResponse

from models.status import STATUSES
from serving.console import links
from serving.console.rendering import page
from serving.inspector import inspect
from serving.locks.audit import Pulled
from serving.requests import DayQuery
from serving.scoring import Scoring
from serving.store import Store


def definitions_page(query: DayQuery, scoring: Scoring | None, store: Store, taking: Pulled) -> HTMLResponse:
    """`scoring`: as `query` asks; null where nothing is scored yet. `taking` notes who is shown."""
    if scoring is None:
        return page("definitions.html", told=None)
    of_scoring = {} if query.scoring is None and query.as_of is None else {"scoring": scoring.id}
    lists = {status: links.with_query(links.AT_RISK, of_scoring | {"status": status}) for status in STATUSES}
    return page(
        "definitions.html",
        told=taking.note(inspect(scoring, store)),
        scoring=scoring,
        of_scoring=of_scoring,
        lists=lists | {"scored": links.with_query(links.AT_RISK, of_scoring)},
        unscored=("inactive", "churned"),
    )
