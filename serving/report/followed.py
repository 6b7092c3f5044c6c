"""What became of the last plan: each measure's indicator then, as it was to be, and now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import pandas as pd

from features.indicators.assess import Assessment
from features.indicators.book import Indicator
from features.indicators.cells import ALL
from features.indicators.measure import Measured

_CLOSER = 0.1
"""Of the way to the target; less is called no closer."""
REACHED, CLOSER, NOT_CLOSER, UNKNOWN = "reached", "closer", "not_closer", "unknown"


@dataclass(frozen=True)
class Outcome:
    """`then`, `target`, `now`: of the indicator; `now` is null where it isn't measured any more.

    `at_risk`, `at_risk_now`: the money at risk by the weak point, in the currency of the time; null where
    nobody was scored. `verdict`: one of this file's; it judges the indicator and proves no cause.
    """

    weak_point: str
    do: Mapping[str, str]
    owner: Mapping[str, str]
    due: str
    indicator: Indicator | None
    breakdown: str
    value: str
    then: float
    target: float
    now: float
    verdict: str
    at_risk: float
    at_risk_now: float


def followed(before: Mapping[str, Any] | None, told: Assessment) -> list[Outcome]:
    """`before`: the document of the assessment whose plan it is; without one nothing is told."""
    return list(_outcomes(before, told.measured, told.sheets.get("weak_points"))) if before else []


def _outcomes(before: Mapping[str, Any], measured: Measured, sums: pd.DataFrame | None) -> Iterator[Outcome]:
    there = {indicator.name: indicator for indicator in measured.measured}
    whole = None if sums is None else sums[sums["breakdown"] == ALL]
    risk = {} if whole is None else dict(zip(whole["weak_point"], whole["money"], strict=True))
    for action in before["plan"] or []:
        goal = action["goal"] or {"indicator": None, "breakdown": ALL, "value": ALL, "of": "year"}
        indicator = there.get(goal["indicator"])
        now = nan if indicator is None else _now(goal, measured)
        then, target = (nan if goal.get(name) is None else float(goal[name]) for name in ("now", "target"))
        yield Outcome(
            action["weak_point"],
            action["do"],
            action["owner"],
            action["due"],
            indicator,
            goal["breakdown"],
            goal["value"],
            then,
            target,
            now,
            _verdict(then, target, now),
            nan if action["at_risk"] is None else float(action["at_risk"]),
            float(risk.get(action["weak_point"], nan if whole is None else 0.0)),
        )


def _now(goal: Mapping[str, Any], measured: Measured) -> float:
    """Of the newest month where the goal spoke of months, else of the period."""
    period = measured.period
    row = period[
        (period["indicator"] == goal["indicator"])
        & (period["breakdown"] == goal["breakdown"])
        & (period["value"] == goal["value"])
    ]
    column = "last_month" if goal["of"] == "month" else "figure"
    return nan if row.empty else float(row[column].iloc[0])


def _verdict(then: float, target: float, now: float) -> str:
    if not (isfinite(then) and isfinite(target) and isfinite(now)):
        return UNKNOWN
    way = 1 if target >= then else -1
    if way * (now - target) >= 0:
        return REACHED
    return CLOSER if way * (now - then) >= _CLOSER * abs(target - then) else NOT_CLOSER
