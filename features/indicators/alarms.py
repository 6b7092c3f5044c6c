"""Early warnings: control charts of the indicators that know season and sample size.

Each watched figure, of the company and of each value of its breakdowns, is compared with what was to be
expected of its newest months (see `steps`). The limits follow the cases of each month, and widen where the
months scatter more than sampling explains (Laney 2002, Quality Engineering 14: the p′ chart), with Student's
t, as that scatter is estimated from a few months; the series of an indicator tell of each other's (see
`moderation`). They are never closer than the events of one customer clump (see `clumps`). All that is looked
at in one assessment shares one probability of a false alarm (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from features.indicators.book import Indicator
from features.indicators.cells import ALL
from features.indicators.measure import Measured
from features.indicators.steps import Series, Step, alike, chances, dated, series, steps

ONLY_PARTS = frozenset({"line_return_rate"})
"""Indicators of the company that count the same event more than once: only their values are watched."""
EVENTS = {"typical_response_hours": "answered_in_time", "first_response_hours": "answered_in_time"}
"""Means of hours, and the share that counts the tickets behind them."""
COSTS = {"line_return_rate": "line_return_cost"}
"""Indicators of events whose money another tells."""


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
        "typical_response_hours",
        "answered_in_time",
        "resolved_in_time",
        "reopened_share",
        "return_rate",
        "line_return_rate",
        "nps",
        "csat",
        "ces_mean",
        "conversion",
        "order_rate",
    )
    windows: tuple[int, ...] = (1, 3)
    false_alarms: float = 0.05
    fewest_cases: int = 30
    limits: Mapping[str, Limit] = field(default_factory=dict)


@dataclass(frozen=True)
class Alarm:
    """`figure`, `expected`: of the months from `since` to the newest. `p`: of as much by chance, null at a
    limit.

    `since_earliest`, `since_latest`: the months in which it may as well have begun (95 %); null at a limit.
    `limit`: the one that was passed. `cause`: the breakdown and its value from which most of the excess
    comes, and which share of it; nothing where no value stands out. `events`: so many orders, tickets, … more
    or fewer than expected since then, in the bad direction, with their standard error. `cost`: money beyond
    what was to be expected, with its standard error, where an indicator tells of it. `money`, `money_low`,
    `money_high`: what it costs, as `worth` says; null where that isn't known.
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
    since_earliest: datetime | None = None
    since_latest: datetime | None = None
    events: float | None = None
    events_error: float | None = None
    cost: tuple[float, float] | None = None
    money: float | None = None
    money_low: float | None = None
    money_high: float | None = None


def alarms(measured: Measured, watch: Watch, clumped: Mapping[str, float] | None = None) -> list[Alarm]:
    """The alarms of the newest months, the surest first; one per indicator, of the value that says it most
    clearly.

    `clumped`: as `clumps` gives it; without, each case is one of its own. What is known of too few months
    before the newest ones, and isn't a sample, has only its limit.
    """
    some = list(series(measured, watch.indicators, clumped))
    looked_at = _looked_at(some, watch)
    found: dict[str, tuple[Step, float]] = {}
    for step, p in zip(looked_at, chances(looked_at), strict=True):
        name = step.one.indicator.name
        if p * len(looked_at) < watch.false_alarms and (name not in found or p < found[name][1]):
            found[name] = (step, p)
    of_the_chart = sorted(found.values(), key=lambda one: one[1])
    told = [_alarm(measured, step, p, looked_at, some) for step, p in of_the_chart]
    return [*told, *_passed(measured, watch)]


def watched(measured: Measured, watch: Watch) -> int:
    """How many comparisons of the newest months are known well enough, and long enough, to be watched."""
    return len(_looked_at(list(series(measured, watch.indicators)), watch))


def _looked_at(some: list[Series], watch: Watch) -> list[Step]:
    found = steps(some, watch.windows, watch.fewest_cases)
    return [step for step in found if step.one.breakdown != ALL or step.one.indicator.name not in ONLY_PARTS]


def _alarm(measured: Measured, step: Step, p: float, looked_at: list[Step], some: list[Series]) -> Alarm:
    begun, latest, earliest = dated(step, some)
    months = measured.months["month"].drop_duplicates().sort_values().to_list()
    since, first, last = (months[-ago].to_pydatetime() for ago in (begun.window, earliest, latest))
    one, events = step.one, _events(measured, begun)
    told = Alarm(one.indicator, one.breakdown, one.value, since, begun.figure, begun.expected, float(p))
    return replace(
        told,
        since_earliest=first,
        since_latest=last,
        cause=_cause(step, looked_at) if one.breakdown == ALL else None,
        events=events and events[0],
        events_error=events and events[1],
        cost=_cost(measured, begun),
    )


def _events(measured: Measured, step: Step) -> tuple[float, float] | None:
    """So many cases more or fewer than expected, and their standard error; nothing of what counts none."""
    name = EVENTS.get(step.one.indicator.name)
    counting: Step | None = step
    if name:
        counting = alike(step, list(series(measured, (name,))))
    elif step.one.indicator.kind not in ("share", "rate"):
        counting = None
    if counting is None:
        return None
    cases = counting.cases / counting.one.indicator.scale
    return counting.excess * cases, counting.error * cases


def _cost(measured: Measured, step: Step) -> tuple[float, float] | None:
    """The money of the same months beyond that of the expected events, and its standard error, where an
    indicator tells of it.

    An expected event costs what one did before, so those in excess may cost more or less than that. The money
    of a Poisson number of events varies as their number times the mean square of one's.
    """
    name, one = COSTS.get(step.one.indicator.name), step.one
    of = (one.breakdown, one.value)
    other = (
        next((o for o in series(measured, (name,)) if (o.breakdown, o.value) == of), None) if name else None
    )
    if other is None:
        return None
    known = (one.cases > 0) & (other.cases > 0)
    now = np.arange(len(known)) >= len(known) - step.window
    scale, before = one.indicator.scale, known & ~now
    money, events = (side.figures * side.cases for side in (other, one))
    events_before = events[before].sum() / scale
    if events_before <= 0 or money[before].sum() <= 0:
        return None
    usual = float(money[before].sum() / events_before)
    square = float(other.unit_variance * other.cases[before].sum() / events_before)
    excess = float(money[known & now].sum()) - step.expected * step.cases / scale * usual
    return excess, step.error * step.cases / scale * float(np.sqrt(max(square, usual**2)))


def _cause(whole: Step, looked_at: list[Step]) -> tuple[str, str, float] | None:
    """The value of a breakdown from which more than half of the whole company's excess comes."""
    excess = whole.excess * whole.cases
    parts = [
        (part.one.breakdown, part.one.value, part.excess * part.cases / excess)
        for part in looked_at
        if part.one.indicator is whole.one.indicator
        and part.window == whole.window
        and not part.beside
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
