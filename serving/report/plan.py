"""The action plan: for each weak point of the company what to do, who, by when, and how it is measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite, nan, sqrt
from typing import Any

import pandas as pd
from scipy import stats

from configs.settings import Measure, Measures
from features.indicators.alarms import Alarm
from features.indicators.assess import Assessment
from features.indicators.book import Indicator
from features.indicators.cells import ALL
from features.indicators.measure import Measured
from features.indicators.weak_points import CROSS, findings
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
    """One measure. `since`: of an early warning; null for a weak point that is known from the scores.

    `saved`, `low`, `high`: money; of a warning what it has cost since then, else what repair would save by
    the models' what-if; null where that isn't known. `customers`, `at_risk`: of the scores; null of a
    warning. `begin`: the breakdown and value where more of it lies than of other weak points, and which
    share; nothing where there is none. `goal`: nothing where no indicator that would tell is measured.
    """

    weak_point: str
    breakdown: str
    value: str
    since: datetime | None
    customers: int | None
    at_risk: float
    saved: float
    low: float
    high: float
    begin: tuple[str, str, float] | None
    measure: Measure
    due: datetime
    goal: Goal | None


def plan(told: Assessment, scores: pd.DataFrame | None, measures: Measures) -> list[Action]:
    """First what warns, then what the scores tell, both in the order of the company's weak points.

    What has no measure is left out. `scores`: as `amity score` writes them, those that `told` was made with.
    """
    warned = [*_of_warnings(told, measures)]
    return warned if scores is None else [*warned, *_of_scores(told, scores, measures)]


def _of_warnings(told: Assessment, measures: Measures) -> Iterator[Action]:
    alarms = {alarm.indicator.name: alarm for alarm in told.alarms}
    for row in told.weak_points.to_dict("records"):
        some = [alarms[fact["indicator"]] for fact in row["facts"] if fact["indicator"] in alarms]
        measure = _measure(str(row["weak_point"]), {alarm.indicator.name for alarm in some}, measures)
        if pd.isna(row["since"]) or measure is None:
            continue
        money = {name: nan if pd.isna(row[name]) else float(row[name]) for name in ("money", "low", "high")}
        yield Action(
            str(row["weak_point"]),
            str(row["breakdown"]),
            str(row["value"]),
            pd.Timestamp(row["since"]).to_pydatetime(),
            None,
            nan,
            money["money"],
            money["low"],
            money["high"],
            None,
            measure,
            told.measured.day + timedelta(days=measure.days),
            _as_expected(some) or _goal(told.measured, measure, measures.least_change),
        )


def _of_scores(told: Assessment, scores: pd.DataFrame, measures: Measures) -> Iterator[Action]:
    sums, rules, worse = told.sheets.get("weak_points"), told.measured.rules, {*_worsened(told.measured)}
    if sums is None:
        return
    saved = savings(scores, rules.confidence).set_index("weak_point").to_dict("index")
    whole = findings(sums)
    for row in whole[whole["breakdown"] == ALL].to_dict("records"):
        name = str(row["weak_point"])
        measure = _measure(name, worse, measures)
        if measure is not None:
            yield Action(
                name,
                ALL,
                ALL,
                None,
                int(row["customers"]),
                float(row["money"]),
                float(saved[name]["saved"]),
                float(saved[name]["low"]),
                float(saved[name]["high"]),
                _begin(name, sums, rules.few),
                measure,
                told.measured.day + timedelta(days=measure.days),
                _goal(told.measured, measure, measures.least_change),
            )


def _measure(weak_point: str, worse: set[str], measures: Measures) -> Measure | None:
    """The first that fits; its indicators need not be measured. `worse`: those that warn or got worse."""
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


def _begin(weak_point: str, sums: pd.DataFrame, few: int) -> tuple[str, str, float] | None:
    """Where the weak point's money lies most beyond what lies there of all weak points' money.

    Of the places with `few` customers or more.
    """
    single = ~sums["breakdown"].str.contains(CROSS, regex=False)
    parts = sums[(sums["breakdown"] != ALL) & single]
    of_it = parts[parts["weak_point"] == weak_point].set_index(["breakdown", "value"])
    own = of_it["money"]
    if own.empty or own.sum() <= 0:
        return None
    everything = parts.groupby(["breakdown", "value"])["money"].sum()
    shares, usual = (money / money.groupby("breakdown").transform("sum") for money in (own, everything))
    excess = (shares - usual.reindex(shares.index)).where(of_it["customers"] >= few, -1.0)
    if excess.max() < _WORTH_TELLING:
        return None
    at = int(excess.argmax())
    breakdown, value = shares.index[at]
    return str(breakdown), str(value), float(shares.iloc[at])


def _as_expected(alarms: list[Alarm]) -> Goal | None:
    """The surest warning back to what was to be expected."""
    for one in alarms:
        if one.expected is not None:
            return Goal(one.indicator, one.breakdown, one.value, one.figure, one.expected, "back", "month")
    return None


def _goal(measured: Measured, measure: Measure, least: float) -> Goal | None:
    """Of the first indicator that is measured, of the company."""
    whole = measured.period[measured.period["breakdown"] == ALL].set_index("indicator")
    for indicator in (i for name in measure.measured_by for i in measured.measured if i.name == name):
        row = whole.loc[indicator.name].to_dict()
        if isfinite(row["figure"]) and indicator.better:
            return _better(row, indicator, measured.rules.confidence, least)
    return None


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
