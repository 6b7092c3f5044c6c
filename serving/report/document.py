"""The assessment as one JSON document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd

from features.indicators.alarms import Alarm
from features.indicators.assess import Assessment
from features.indicators.groups import sizes
from features.indicators.listing import documents
from features.indicators.tree import Branch


def document(told: Assessment, currency: str, losses: pd.DataFrame | None = None) -> dict[str, Any]:
    """Keys: as_of, currency, rules, indicators, period, months, alarms, watched, revenue, gains, groups,
    moves, concentration, weak_points, not_measured.

    Times are ISO days; null stands for what isn't known. `indicators`: the definitions, by `name` of which
    the others speak. What needs orders is null without them, and `weak_points` without scores.
    """
    measured, buying = told.measured, told.buying
    missing = {indicator.name for indicator in measured.missing}
    definitions = documents(measured.rules)
    return {
        "as_of": f"{measured.day:%Y-%m-%d}",
        "currency": currency,
        "rules": asdict(measured.rules),
        "indicators": [one for one in definitions if one["name"] not in missing],
        "period": rows(measured.period),
        "months": rows(measured.months),
        "alarms": [_alarm(one) for one in told.alarms],
        "watched": told.watched,
        "revenue": [_branch(one) for one in buying.tree] if buying else None,
        "gains": {by: rows(frame) for by, frame in buying.gains.items()} if buying else None,
        "groups": rows(sizes(buying.moves)) if buying else None,
        "moves": rows(buying.moves) if buying else None,
        "concentration": rows(buying.concentration) if buying else None,
        "weak_points": rows(losses) if losses is not None else None,
        "not_measured": [
            {key: one[key] for key in ("name", "title", "collect")}
            for one in definitions
            if one["name"] in missing
        ],
    }


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One object per row; null for what isn't known, days as texts."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): _plain(value) for name, value in row.items()} for row in plain.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return value.item() if hasattr(value, "item") else value


def _alarm(told: Alarm) -> dict[str, Any]:
    cause = dict(zip(("breakdown", "value", "share"), told.cause, strict=True)) if told.cause else None
    return asdict(told) | {
        "indicator": told.indicator.name,
        "since": f"{told.since:%Y-%m-%d}",
        "cause": cause,
    }


def _branch(told: Branch) -> dict[str, Any]:
    return asdict(told) | {"change": told.change}
