"""The assessment as one JSON document."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite
from typing import Any

import pandas as pd

from features.indicators.alarms import Alarm
from features.indicators.cells import ALL
from features.indicators.groups import sizes
from features.indicators.listing import documents
from features.indicators.tree import Branch
from features.indicators.weak_points import customers_of
from serving.report import says
from serving.report.behind import command
from serving.report.findings import Findings
from serving.report.followed import Outcome
from serving.report.plan import Action, Goal
from serving.report.shape import Document
from serving.report.wording import Wording

_OF_CUSTOMERS = ("weak_points", "customers")
"""Sheets that stand elsewhere in the document, or are of each customer."""
FEW_CUSTOMERS = 100
"""Up to so many customers behind a weak point are named."""


def document(found: Findings, wording: Wording, with_ids: bool = True) -> dict[str, Any]:
    """As `shape.Document` describes it, its words in a language. `with_ids`: whether customers are named."""
    told = found.told
    measured, buying = told.measured, told.buying
    missing = {indicator.name for indicator in measured.missing}
    definitions = [_in_language(one, wording) for one in documents(measured.rules)]
    whole = {
        "as_of": f"{measured.day:%Y-%m-%d}",
        "source": found.address,
        "language": wording.code,
        "currency": wording.currency,
        "rules": asdict(measured.rules),
        "indicators": [
            one | {"rows": command(found, one["name"])} for one in definitions if one["name"] not in missing
        ],
        "period": rows(measured.period),
        "months": rows(measured.months),
        "alarms": [_alarm(one, found, wording) for one in told.alarms],
        "watched": told.watched,
        "watched_indicators": [i.name for i in measured.measured if i.name in found.watched],
        "revenue": [_branch(one, wording) for one in buying.tree] if buying else None,
        "gains": {by: rows(frame) for by, frame in buying.gains.items()} if buying else None,
        "groups": rows(sizes(buying.moves)) if buying else None,
        "moves": rows(buying.moves) if buying else None,
        "concentration": rows(buying.concentration) if buying else None,
        "scored_as_of": f"{found.scored_as_of:%Y-%m-%d}" if found.scored_as_of else None,
        "ranked": [_ranked(one, wording) for one in told.weak_points.to_dict("records")],
        "weak_points": _weak_points(found, with_ids) if found.is_scored else None,
        "sheets": {name: rows(frame) for name, frame in told.sheets.items() if name not in _OF_CUSTOMERS},
        "segments": rows(found.segments) if found.segments is not None else None,
        "plan": [_action(one, wording) for one in found.plan],
        "plan_before": found.before["as_of"] if found.before else None,
        "followed": [_outcome(one, wording) for one in found.followed],
        "not_measured": [
            {key: one[key] for key in ("name", "title", "collect")}
            for one in definitions
            if one["name"] in missing
        ],
    }
    return Document.model_validate(whole).model_dump(mode="json")


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One object per row; null for what isn't known, days as texts."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): _plain(value) for name, value in row.items()} for row in plain.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return value.item() if hasattr(value, "item") else value


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


def _in_language(one: dict[str, Any], wording: Wording) -> dict[str, Any]:
    """A definition of `listing.documents`; its words in a language."""
    told = {name: wording.book(one[name]) for name in ("title", "formula", "unit", "collect")}
    return one | told | {"definition": wording.definition_of(one["name"])}


def _alarm(told: Alarm, found: Findings, wording: Wording) -> dict[str, Any]:
    cause = dict(zip(("breakdown", "value", "share"), told.cause, strict=True)) if told.cause else None
    said, *more = (
        says.alarm(told, found.newest, wording),
        says.cause(told, wording),
        says.money_lost(told, wording),
    )
    for sentence in filter(None, more):
        said = wording.say("two_sentences", first=said, second=sentence)
    moneys = ("money", "money_low", "money_high")
    return {
        "indicator": told.indicator.name,
        "title": wording.title(told.indicator),
        **{name: getattr(told, name) for name in ("breakdown", "value", "figure", "expected", "p", "limit")},
        "since": f"{told.since:%Y-%m-%d}",
        "cause": cause,
        **{name: getattr(told, name) for name in moneys},
        "says": said,
    }


def _branch(told: Branch, wording: Wording) -> dict[str, Any]:
    return asdict(told) | {"change": told.change, "says": says.revenue(told, wording)}


def _weak_points(found: Findings, with_ids: bool) -> list[dict[str, Any]]:
    listed = rows(found.sums.drop(columns="example", errors="ignore"))
    for one in listed:
        few = with_ids and found.placed is not None and one["customers"] <= FEW_CUSTOMERS
        one["customer_ids"] = _ids(found.placed, one) if few else None
    return listed


def _ids(placed: pd.DataFrame | None, one: dict[str, Any]) -> list[str]:
    assert placed is not None  # noqa: S101 (the caller looked)
    some = customers_of(placed, one["weak_point"], one["breakdown"], one["value"])
    return [str(customer_id) for customer_id in some["customer_id"]]


def _ranked(row: dict[Any, Any], wording: Wording) -> dict[str, Any]:
    numbers = {name: None if pd.isna(row[name]) else float(row[name]) for name in ("money", "low", "high")}
    return {
        **{name: str(row[name]) for name in ("weak_point", "breakdown", "value")},
        "since": None if pd.isna(row["since"]) else f"{pd.Timestamp(row['since']):%Y-%m-%d}",
        **numbers,
        "customers": None if pd.isna(row["customers"]) else int(row["customers"]),
        "says": says.weak_point(row, wording),
    }


def _action(told: Action, wording: Wording) -> dict[str, Any]:
    begin = dict(zip(("breakdown", "value", "share"), told.begin, strict=True)) if told.begin else None
    return {
        **{name: getattr(told, name) for name in ("weak_point", "breakdown", "value", "customers")},
        "since": f"{told.since:%Y-%m-%d}" if told.since else None,
        "at_risk": _known(told.at_risk),
        "saved": _known(told.saved),
        "saved_low": _known(told.low),
        "saved_high": _known(told.high),
        "begin": begin,
        "do": dict(told.measure.do),
        "owner": dict(told.measure.owner),
        "due": f"{told.due:%Y-%m-%d}",
        "goal": _goal(told.goal, wording) if told.goal else None,
        "says": says.does(told, wording),
    }


def _goal(told: Goal, wording: Wording) -> dict[str, Any]:
    plain = {name: getattr(told, name) for name in ("breakdown", "value", "now", "target", "reason", "of")}
    return {"indicator": told.indicator.name, **plain, "says": says.goal(told, wording)}


def _outcome(told: Outcome, wording: Wording) -> dict[str, Any]:
    figures = {name: _known(getattr(told, name)) for name in ("then", "target", "now", "at_risk_now")}
    return {
        "weak_point": told.weak_point,
        "do": dict(told.do),
        "owner": dict(told.owner),
        "due": told.due,
        "indicator": told.indicator.name if told.indicator else None,
        "breakdown": told.breakdown if told.indicator else ALL,
        "value": told.value if told.indicator else ALL,
        **figures,
        "verdict": told.verdict,
        "at_risk": _known(told.at_risk),
        "says": says.became(told, wording),
    }
