"""Early warnings: control charts of the indicators that know season and sample size.

Each watched figure, of the company and of each value of its breakdowns, is compared with the same months a
year before, so that no season is in the difference. What the newest months differ by is set against what the
months before them differed by: a trend that goes on is no alarm, a step is. The limits follow the cases of
each month, and widen where the months scatter more than sampling explains (Laney 2002, Quality Engineering
14: the p′ chart), with Student's t, as that scatter is estimated from a few months; the series of an
indicator tell of each other's (see `moderation`). With less than two years the months themselves are
compared, and their season widens the limits.

All that is looked at in one assessment shares one probability of a false alarm (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.indicators.book import Indicator
from features.indicators.cells import ALL, OTHERS
from features.indicators.measure import Measured
from features.indicators.moderation import moderated
from features.indicators.rules import YEAR

Floats = NDArray[np.float64]
_FEWEST_MONTHS = 6
"""As many months before the newest ones must be known, to tell their scatter."""


@dataclass(frozen=True)
class Limit:
    """A figure that the newest month must not pass, beyond its interval."""

    above: float | None = None
    below: float | None = None


@dataclass(frozen=True)
class Watch:
    """`indicators`: those watched. `windows`: how many of the newest months are looked at together.

    `false_alarms`: how often an assessment of a healthy company raises any alarm. `fewest_cases`: those in
    the newest months below which nothing is said. `limits`: of the company's own choosing, by indicator.
    """

    indicators: tuple[str, ...] = (
        "lapsed_share",
        "churn_rate",
        "subscription_churn",
        "complaint_rate",
        "first_response_hours",
        "answered_in_time",
        "resolved_in_time",
        "reopened_share",
        "return_rate",
        "lines_returned",
        "nps",
        "csat",
        "ces_mean",
        "conversion",
    )
    windows: tuple[int, ...] = (1, 3)
    false_alarms: float = 0.05
    fewest_cases: int = 30
    limits: Mapping[str, Limit] = field(default_factory=dict)


@dataclass(frozen=True)
class Alarm:
    """`figure`, `expected`: of the months from `since` to the newest. `p`: of as much by chance, null at a
    limit.

    `limit`: the one that was passed. `cause`: the breakdown and its value from which most of the excess
    comes, and which share of it; nothing where no value stands out.
    """

    indicator: Indicator
    breakdown: str
    value: str
    since: datetime
    figure: float
    expected: float | None
    p: float | None
    limit: float | None = None
    cause: tuple[str, str, float] | None = None


@dataclass(frozen=True)
class _Series:
    """One figure by month, oldest first; `sign`: 1 where high is bad."""

    indicator: Indicator
    breakdown: str
    value: str
    figures: Floats
    cases: Floats
    unit_variance: float
    sign: int


@dataclass(frozen=True)
class _Step:
    """What the newest months differ by from what was to be expected.

    `excess`: in the bad direction. `variance`: of it, by sampling. `scatter`: how much more the months before
    vary than sampling explains, with `freedom` degrees of freedom.
    """

    one: _Series
    window: int
    figure: float
    expected: float
    cases: float
    excess: float
    variance: float
    scatter: float
    freedom: int


def alarms(measured: Measured, watch: Watch) -> list[Alarm]:
    """The alarms of the newest months, the surest first; one per indicator, of the value that says it most
    clearly.

    What is known of fewer than `_FEWEST_MONTHS` before the newest ones, and isn't a sample, has only its
    limit.
    """
    steps = list(_steps(measured, watch))
    found: dict[str, tuple[_Step, float]] = {}
    for step, p in zip(steps, _chances(steps), strict=True):
        name = step.one.indicator.name
        if p * len(steps) < watch.false_alarms and (name not in found or p < found[name][1]):
            found[name] = (step, p)
    of_the_chart = sorted(found.values(), key=lambda one: one[1])
    return [*(_alarm(measured, step, p, steps) for step, p in of_the_chart), *_passed(measured, watch)]


def watched(measured: Measured, watch: Watch) -> int:
    """How many figures of the newest months are known well enough, and long enough, to be watched."""
    return sum(1 for _ in _steps(measured, watch))


def _steps(measured: Measured, watch: Watch) -> Iterator[_Step]:
    for one in _series(measured, watch):
        windows = (1,) if one.indicator.name in measured.states else watch.windows
        yield from (step for window in windows if (step := _step(one, window, watch)))


def _chances(steps: list[_Step]) -> Floats:
    """Of each excess or a larger one, shape (steps,); the scatters of an indicator lean on each other."""
    names = np.array([f"{step.one.indicator.name} {step.window}" for step in steps])
    chances = np.ones(len(steps))
    for name in dict.fromkeys(names):
        at = np.flatnonzero(names == name)
        some = [steps[place] for place in at]
        scatter, freedom = moderated(
            np.array([step.scatter for step in some]), np.array([float(step.freedom) for step in some])
        )
        error = np.sqrt([step.variance for step in some] * np.maximum(scatter, 1.0))
        chances[at] = stats.t.sf(np.array([step.excess for step in some]) / error, freedom)
    return chances


def _series(measured: Measured, watch: Watch) -> Iterator[_Series]:
    told = {i.name: i for i in measured.measured if i.better and i.name in watch.indicators}
    frame = measured.months[
        measured.months["indicator"].isin(list(told)) & (measured.months["value"] != OTHERS)
    ]
    for key, rows in frame.groupby(["indicator", "breakdown", "value"], sort=False):
        name, breakdown, value = (str(part) for part in key)
        cases = np.nan_to_num(rows["cases"].to_numpy(float))
        errors = np.nan_to_num(rows["error"].to_numpy(float))
        if cases.sum() > 0 and errors.sum() > 0:
            variance = float((errors**2 * cases**2).sum() / cases.sum())
            sign = 1 if told[name].better == "low" else -1
            yield _Series(told[name], breakdown, value, rows["figure"].to_numpy(float), cases, variance, sign)


def _step(one: _Series, window: int, watch: Watch) -> _Step | None:
    """None where too little is known."""
    now, size = slice(-window, None), one.cases[-window:].sum()
    if size < watch.fewest_cases or not np.isfinite(one.figures[now]).all():
        return None
    differences, weights, year_before = _differences(one, window)
    known = np.isfinite(differences) & (weights > 0)
    known[-window:] = False
    count = int(known.sum())
    if count < _FEWEST_MONTHS:
        return None
    usual = float(np.average(differences[known], weights=weights[known]))
    squares = (differences[known] - usual) ** 2 * weights[known] / one.unit_variance
    scatter = float(squares.sum()) / (count - 1)
    figure = float(np.average(one.figures[now], weights=one.cases[now]))
    then, cases_then = year_before
    variance = one.unit_variance * (
        1 / size + (1 / cases_then if cases_then else 0.0) + 1 / weights[known].sum()
    )
    excess = one.sign * (figure - then - usual)
    return _Step(one, window, figure, then + usual, float(size), excess, variance, scatter, count - 1)


def _differences(one: _Series, window: int) -> tuple[Floats, Floats, tuple[float, float]]:
    """Of the last year's months: each less its own a year before, and its weight as so many cases.

    And the figure and cases of the newest months a year before. With less than two years: the months
    themselves, and nothing to compare the newest with but these.
    """
    figures, cases = one.figures[-2 * YEAR :], one.cases[-2 * YEAR :]
    then = slice(YEAR - window, YEAR)
    differences = figures[YEAR:] - figures[:YEAR]
    before_window = np.isfinite(differences[:-window]).sum()
    if before_window >= _FEWEST_MONTHS and np.isfinite(figures[then]).all() and cases[then].sum() > 0:
        with np.errstate(divide="ignore"):
            weights = 1 / (1 / cases[YEAR:] + 1 / cases[:YEAR])
        return (
            differences,
            weights,
            (float(np.average(figures[then], weights=cases[then])), float(cases[then].sum())),
        )
    return figures, cases, (0.0, 0.0)


def _alarm(measured: Measured, step: _Step, p: float, steps: list[_Step]) -> Alarm:
    since = measured.months["month"].drop_duplicates().sort_values().iloc[-step.window].to_pydatetime()
    one = step.one
    cause = _cause(step, steps) if one.breakdown == ALL else None
    return Alarm(
        one.indicator, one.breakdown, one.value, since, step.figure, step.expected, float(p), cause=cause
    )


def _cause(whole: _Step, steps: list[_Step]) -> tuple[str, str, float] | None:
    """The value of a breakdown from which more than half of the whole company's excess comes."""
    excess = whole.excess * whole.cases
    parts = [
        (part.one.breakdown, part.one.value, part.excess * part.cases / excess)
        for part in steps
        if part.one.indicator is whole.one.indicator
        and part.window == whole.window
        and part.one.breakdown != ALL
    ]
    largest = max(parts, key=lambda part: part[2], default=None)
    return largest if largest and largest[2] > 1 / 2 else None


def _passed(measured: Measured, watch: Watch) -> Iterator[Alarm]:
    """The limits that the newest month passes, with its whole interval where it has one."""
    newest = measured.months[measured.months["month"] == measured.months["month"].max()]
    told = {i.name: i for i in measured.measured}
    for name, limit in watch.limits.items():
        row = newest[(newest["indicator"] == name) & (newest["breakdown"] == ALL)]
        if name not in told or row.empty:
            continue
        figure, low, high = (float(row[column].iloc[0]) for column in ("figure", "low", "high"))
        low, high = (figure if np.isnan(end) else end for end in (low, high))
        passed = limit.above if limit.above is not None and low > limit.above else None
        passed = limit.below if limit.below is not None and high < limit.below else passed
        if passed is not None:
            since = row["month"].iloc[0].to_pydatetime()
            yield Alarm(told[name], ALL, ALL, since, figure, None, None, limit=passed)
