"""The action plan: for each weak point of the company what to do, who, by when, and how it is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite, sqrt
from typing import Any

import pandas as pd
from scipy import stats

from configs.settings import Measure, Measures
from features.indicators.alarms import Alarm
from features.indicators.assess import Assessment
from features.indicators.book import Indicator
from features.indicators.cells import ALL
from features.indicators.measure import Measured
from serving.report.savings import savings
from serving.report.wording import judged

_WORTH_TELLING = 0.05
"""Of the money, beyond what is usual there."""


@dataclass(frozen=True)
class Goal:
    """What tells whether a measure worked: an indicator, of the company or of one value of a breakdown.

    `of`: whether `now` is of the newest months or of the year. `reason`: why it is to be `target`: `back` to
    what it was, `chance` or `least`, as `Measures` says.
    """

    indicator: Indicator
    breakdown: str
    value: str
    now: float
    target: float
    reason: str
    of: str = "year"


@dataclass(frozen=True)
class Action:
    """`at_risk`, `saved`, `low`, `high`: money; what repair would save is null where the model isn't asked.

    `begin`: the breakdown and value where more of it lies than of other weak points, and which share; nothing
    where there is none. `goal`: nothing where no indicator that would tell is measured.
    """

    weak_point: str
    customers: int
    at_risk: float
    saved: float
    low: float
    high: float
    begin: tuple[str, str, float] | None
    measure: Measure
    due: datetime
    goal: Goal | None


def plan(told: Assessment, scores: pd.DataFrame, losses: pd.DataFrame, measures: Measures) -> list[Action]:
    """One action per weak point that has a measure, by the money that its repair would save.

    `scores`: as `amity score` writes them. `losses`: as `losses.losses` makes them of these.
    """
    found = savings(scores, told.measured.rules.confidence).set_index("weak_point").to_dict("index")
    whole = losses[losses["breakdown"] == ALL]
    actions = [
        _action(told, row, found[row["weak_point"]], (measure, measures.least_change), losses)
        for row in whole.to_dict("records")
        if (measure := _measure(told, row["weak_point"], measures)) is not None
    ]
    return sorted(actions, key=lambda one: -(one.saved if isfinite(one.saved) else 0.0))


def _action(
    told: Assessment,
    row: Mapping[Any, Any],
    saved: Mapping[Any, Any],
    measure: tuple[Measure, float],
    losses: pd.DataFrame,
) -> Action:
    does, least = measure
    return Action(
        row["weak_point"],
        int(row["customers"]),
        float(row["money"]),
        float(saved["saved"]),
        float(saved["low"]),
        float(saved["high"]),
        _begin(row["weak_point"], losses),
        does,
        told.measured.day + timedelta(days=does.days),
        _goal(told, does, least),
    )


def _measure(told: Assessment, weak_point: str, measures: Measures) -> Measure | None:
    """The first that fits; its indicators need not be measured."""
    worse = {*(alarm.indicator.name for alarm in told.alarms), *_worsened(told.measured)}
    return next(
        (
            measure
            for measure in measures.measures
            if measure.weak_point == weak_point and (not measure.worse or worse & set(measure.worse))
        ),
        None,
    )


def _worsened(measured: Measured) -> Iterator[str]:
    """The indicators of the company that got worse by more than chance."""
    whole = measured.period[measured.period["breakdown"] == ALL].set_index("indicator").to_dict("index")
    return (i.name for i in measured.measured if judged(whole[i.name], i) == "worse")


def _begin(weak_point: str, losses: pd.DataFrame) -> tuple[str, str, float] | None:
    """Where the weak point's money lies most beyond what lies there of all weak points' money."""
    parts = losses[losses["breakdown"] != ALL]
    own = parts[parts["weak_point"] == weak_point].set_index(["breakdown", "value"])["money"]
    if own.empty or own.sum() <= 0:
        return None
    everything = parts.groupby(["breakdown", "value"])["money"].sum()
    shares, usual = (money / money.groupby("breakdown").transform("sum") for money in (own, everything))
    excess = shares - usual.reindex(shares.index)
    if excess.max() < _WORTH_TELLING:
        return None
    at = int(excess.argmax())
    breakdown, value = shares.index[at]
    return str(breakdown), str(value), float(shares.iloc[at])


def _goal(told: Assessment, measure: Measure, least: float) -> Goal | None:
    """Of the first indicator that warns; else of the first that is measured."""
    warned = {alarm.indicator.name: alarm for alarm in told.alarms if alarm.expected is not None}
    for name in measure.measured_by:
        if name in warned:
            return _as_expected(warned[name])
    whole = told.measured.period[told.measured.period["breakdown"] == ALL].set_index("indicator")
    for indicator in (i for name in measure.measured_by for i in told.measured.measured if i.name == name):
        row = whole.loc[indicator.name].to_dict()
        if isfinite(row["figure"]) and indicator.better:
            return _better(row, indicator, told.measured.rules.confidence, least)
    return None


def _as_expected(alarm: Alarm) -> Goal:
    assert alarm.expected is not None  # noqa: S101 (the caller looked)
    return Goal(alarm.indicator, alarm.breakdown, alarm.value, alarm.figure, alarm.expected, "back", "month")


def _better(row: Mapping[Any, Any], indicator: Indicator, confidence: float, least: float) -> Goal:
    """What it was before, where it got worse; else what a year of as many cases can tell from chance."""
    now, sign = float(row["figure"]), 1 if indicator.better == "high" else -1
    if judged(row, indicator) == "worse":
        return Goal(indicator, ALL, ALL, now, float(row["before"]), "back")
    error = float(row["error"])
    if isfinite(error) and error > 0:
        z = float(stats.norm.isf((1 - confidence) / 2))
        target, reason = now + sign * z * sqrt(2) * error, "chance"
    else:
        target, reason = now + sign * least * abs(now), "least"
    if indicator.kind in ("share", "rate"):
        target = max(0.0, min(target, 1.0) if indicator.kind == "share" else target)
    return Goal(indicator, ALL, ALL, now, target, reason)
