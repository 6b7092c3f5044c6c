"""All that is told of a company as of a day: indicators, early warnings, why revenue changed, who moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import ibis
import pandas as pd

from features.indicators.alarms import Alarm, Watch, alarms
from features.indicators.concentration import concentration
from features.indicators.gains import gains, owners
from features.indicators.groups import grouped, moves
from features.indicators.measure import Measured, measure
from features.indicators.rules import Rules
from features.indicators.spans import customers
from features.indicators.tree import Branch, tree
from features.snapshots import before


@dataclass(frozen=True)
class Buying:
    """What customers bought in the last year and the year before; the frames as their functions give them.

    `gains`: by breakdown, `all` among them.
    """

    tree: list[Branch]
    gains: Mapping[str, pd.DataFrame]
    moves: pd.DataFrame
    concentration: pd.DataFrame


@dataclass(frozen=True)
class Assessment:
    """`buying`: nothing where there are no orders."""

    measured: Measured
    alarms: list[Alarm]
    buying: Buying | None


def assess(
    tables: Mapping[str, ibis.Table],
    as_of: datetime,
    rules: Rules | None = None,
    watch: Watch | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Assessment:
    """As of the first day of the month of `as_of`. Raises HistoryError where no whole month lies before."""
    measured = measure(tables, as_of, rules, progress)
    progress("Looking for early warnings")
    warned = alarms(measured, watch or Watch())
    progress("Comparing the customers of two years")
    return Assessment(measured, warned, _buying(tables, measured.day) if "orders" in tables else None)


def _buying(tables: Mapping[str, ibis.Table], day: datetime) -> Buying:
    everyone = customers(before(tables, day), day)
    by = {"all": gains(everyone)} | {name: gains(everyone, name) for name in owners(everyone)}
    return Buying(tree(everyone), by, moves(grouped(everyone, day)), concentration(everyone))
