"""All indicators of a company as of a day: by month, and the last twelve months against those before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import ibis
import numpy as np
import pandas as pd

from features.errors import HistoryError
from features.indicators import behaviour, loyalty, marketing, satisfaction, service, value
from features.indicators.book import Book, Indicator
from features.indicators.calendar import first_day, number
from features.indicators.cells import ALL
from features.indicators.changes import significant
from features.indicators.cube import Cube
from features.indicators.rules import Rules
from features.indicators.streams import STREAMS
from features.indicators.told import Told
from features.snapshots import before

_GROUPS = (satisfaction, loyalty, behaviour, service, value, marketing)


@dataclass(frozen=True)
class Measured:
    """`day`: as of which all is known, the first of a month; the newest month told ends with it.

    `months`: indicator, breakdown, value, month, figure, low, high, error, cases; one row per month.
    `period`: indicator, breakdown, value, figure, low, high, error, cases, few, months, before, change,
    change_low, change_high, p, significant, last_month, year_before, last_p. Null where something isn't
    known. The whole company is the breakdown `all` with the value `all`. `states`: the names of those whose
    months look back on each other. `missing`: the indicators that can't be measured.
    """

    day: datetime
    rules: Rules
    months: pd.DataFrame
    period: pd.DataFrame
    measured: list[Indicator]
    states: frozenset[str]
    missing: list[Indicator]


def book() -> Book:
    """Every indicator Amity knows."""
    return Book(
        STREAMS,
        [tally for group in _GROUPS for tally in group.TALLIES],
        [indicator for group in _GROUPS for indicator in group.INDICATORS],
    )


def words(text: str, rules: Rules) -> str:
    """A text of an indicator with the rules that it names."""
    return text.format_map(vars(rules))


def month_start(tables: Mapping[str, ibis.Table], as_of: datetime) -> datetime:
    """The first day of the month of `as_of`: the assessment tells whole months.

    Raises HistoryError where no order or subscription lies before it.
    """
    day = first_day(number(as_of))
    known = before(tables, day)
    name = "orders" if "orders" in known else "subscriptions"
    if known[name].count().to_pyarrow().as_py() == 0:
        raise HistoryError(
            f"There is nothing in {name} before {day:%Y-%m-%d}, and an assessment tells whole months. Take "
            f"a later day."
        )
    return day


def measure(
    tables: Mapping[str, ibis.Table],
    as_of: datetime,
    rules: Rules | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Measured:
    """Every indicator that the tables give, over the whole months before `as_of`.

    Facts at or after the first day of the month of `as_of` change nothing. `progress` is told what is asked.
    Raises HistoryError where there is no whole month.
    """
    rules = rules or Rules()
    day = month_start(tables, as_of)
    known, index = before(tables, day), book()
    available = index.available(known)
    cube = Cube(index, known, rules, number(day))
    progress("Counting")
    cube.fetch(name for indicator in available for name in indicator.tallies)
    told = [one for indicator in available for one in _broken_down(cube, index, indicator, rules)]
    period = pd.concat([one.period() for one in told], ignore_index=True)
    whole = (period["breakdown"] == ALL).to_numpy()
    called = np.zeros(len(period), bool)
    for part in (whole, ~whole):
        called[part] = significant(period.loc[part, "p"].to_numpy(float), rules.false_discoveries)
    names = {indicator.name for indicator in available}
    return Measured(
        day,
        rules,
        pd.concat([one.by_month() for one in told], ignore_index=True),
        period.assign(significant=called),
        available,
        frozenset(i.name for i in available if _at_end(index, i)),
        [indicator for indicator in index if indicator.name not in names],
    )


def _broken_down(cube: Cube, index: Book, indicator: Indicator, rules: Rules) -> Iterator[Told]:
    """The indicator of the whole company, then by each breakdown that the data has."""
    there = set(cube.breakdowns(indicator.events))
    at_end = _at_end(index, indicator)
    for breakdown in (None, *(name for name in indicator.breakdowns if name in there)):
        roles = {"events": indicator.events, "chances": indicator.chances, "squares": indicator.squares}
        of = {role: name for role, name in roles.items() if name}
        by = {role: breakdown if breakdown in cube.breakdowns(name) else None for role, name in of.items()}
        size = "chances" if by.get("chances") else "events"
        values = cube.largest(of[size], breakdown) if breakdown else [ALL]
        counts = {
            role: cube.counts(name, by[role], values if by[role] else (ALL,)) for role, name in of.items()
        }
        if indicator.over == "year":
            counts = {role: cube.of_the_year(of[role], one) for role, one in counts.items()}
        if values:
            arrays = {
                role: np.broadcast_to(one, (len(values), len(cube.months))) for role, one in counts.items()
            }
            yield Told(indicator, breakdown or ALL, values, cube.months, arrays, at_end, rules)


def _at_end(index: Book, indicator: Indicator) -> bool:
    """Whether the newest month stands for the period, as it looks back on a year or is a state."""
    return indicator.over == "year" or index.tallies[indicator.events].stock
