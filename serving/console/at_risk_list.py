"""The at-risk list as a page: whom to call, about what, and what is at stake."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi.responses import HTMLResponse

from features.errors import RequestError
from models import words
from models.status import STATUSES
from serving import lists
from serving.console import links
from serving.console.rendering import page
from serving.errors import AbsentError
from serving.filters import NAMEABLE
from serving.locks.audit import Pulled
from serving.requests import JSON_ROWS, AtRiskQuery
from serving.scoring import Page, Scoring
from serving.store import Store

RISKS = (0.25, 0.5, 0.75, 0.9)
"""The least churn probabilities to choose from."""

NO_FILTER = frozenset({"cursor", "format", "top"})
OF_DAY = frozenset({"as_of", "scoring"})
Options = list[tuple[str, str]]


def at_risk_list(query: AtRiskQuery, store: Store, taking: Pulled) -> HTMLResponse:
    """The page; it says in words where nothing is scored yet, nobody passes, or the filter can't be asked.

    `taking`: where it is noted who is shown.
    """
    latest = store.latest()
    if latest is None:
        return page("at_risk.html", scoring=None)
    scoring, found, problem, status = latest, None, "", 200
    try:
        after = query.after()
        scoring = store.scoring(after.scoring_id) if after else lists.chosen(query, store)
        found = store.at_risk(query.filter(), query.require_top() or JSON_ROWS, after, scoring)
    except RequestError as error:
        problem = str(error)
        status = 404 if isinstance(error, AbsentError) else 422
    if found is not None:
        taking.rows, taking.model_version = len(found.rows), found.scoring.model_version
    asked = query.model_dump(exclude_none=True, exclude=set(NO_FILTER), mode="json")
    return page(
        "at_risk.html",
        status,
        scoring=scoring,
        currency=scoring.definitions.currency,
        page=found,
        problem=problem,
        filtered=bool(asked.keys() - OF_DAY),
        of_scoring={} if scoring.id == latest.id else {"scoring": scoring.id},
        days=_days(store, latest, scoring),
        selects=_selects(query, store, scoring),
        min_clv="" if query.min_clv is None else f"{query.min_clv:g}",
        not_contacted_since=str(asked.get("not_contacted_since") or "")[:10],
        says=_says(found) if found else "",
        csv=links.with_query(links.AT_RISK_CSV, asked),
        **_pages(query, found, asked),
    )


def _says(found: Page) -> str:
    """How much of the money the page holds."""
    shown = f"{len(found.rows):,} of {words.count(found.matching, 'customer')}, by value at risk"
    if len(found.rows) == found.matching or not found.value_at_risk:
        return f"{shown}."
    share = sum(row["value_at_risk"] for row in found.rows) / found.value_at_risk
    return f"{shown}; they hold {words.percent(share)} of the value at risk."


def _pages(query: AtRiskQuery, found: Page | None, asked: dict[str, Any]) -> dict[str, Any]:
    top = {} if query.top is None else {"top": query.top}
    first = links.with_query(links.AT_RISK, asked | top) if query.cursor else ""
    onward = {} if found is None or found.next is None else {"cursor": str(found.next)}
    return {
        "first_page": first,
        "next_page": links.with_query(links.AT_RISK, asked | top | onward) if onward else "",
    }


def _selects(query: AtRiskQuery, store: Store, scoring: Scoring) -> list[tuple[str, str, Options, str]]:
    """Name, label, options and what is chosen, of each filter whose words are known."""
    risk = "" if query.min_churn_probability is None else f"{query.min_churn_probability:g}"
    risks = sorted({*(f"{least:g}" for least in RISKS), risk} - {""}, key=float)
    of_all = store.ranking(scoring)
    named = [
        ("status", "Status", _plain(STATUSES), query.status),
        ("weak_point", "Weak point", _plain(NAMEABLE), query.weak_point),
        ("segment", "Segment", _with(of_all.words("segment"), query.segment), query.segment),
        ("country", "Country", _with(of_all.words("country"), query.country), query.country),
        ("min_churn_probability", "Risk at least", [(r, words.percent(float(r))) for r in risks], risk),
    ]
    return [(name, label, options, chosen or "") for name, label, options, chosen in named if options]


def _days(store: Store, latest: Scoring, shown: Scoring) -> list[tuple[str, str, bool]]:
    """Value, date and whether it is shown, of each day that was scored; the newest first."""
    days = dict.fromkeys(scoring.as_of for scoring in store.scorings())
    return [
        ("" if day == latest.as_of else f"{day:%Y-%m-%d}", words.date(day), day == shown.as_of)
        for day in sorted(days, reverse=True)
    ]


def _plain(values: Iterable[str]) -> Options:
    return [(value, value) for value in values]


def _with(values: Iterable[str], chosen: str | None) -> Options:
    """What is chosen may be borne by none of those looked at."""
    return _plain(sorted({*values, *([chosen] if chosen else [])}))
