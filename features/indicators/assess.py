"""All that is told of a company as of a day: indicators, early warnings, why revenue changed, who moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import ibis
import pandas as pd

from features.indicators.alarms import Alarm, Watch, alarms, watched
from features.indicators.calendar import number
from features.indicators.clumps import clumps
from features.indicators.concentration import concentration
from features.indicators.cube import whole_from
from features.indicators.gains import gains, owners
from features.indicators.groups import grouped, moves
from features.indicators.measure import Measured, measure
from features.indicators.rules import Rules
from features.indicators.sheets import Known, Sheet, lacking, sheets
from features.indicators.spans import customers
from features.indicators.tree import MONTHS_BACK, Branch, tree
from features.indicators.weak_points import ranked
from features.indicators.worth import priced
from features.snapshots import before


@dataclass(frozen=True)
class Buying:
    """What customers bought in the last year and the year before; the frames as their functions give them.

    `compared`: whether the orders reach back over the year before. `tree`: as far as they reach back.
    `gains`: by breakdown, `all` among them; of no comparison empty, and what `moves` and `concentration` say
    of then is nothing.
    """

    compared: bool
    tree: list[Branch]
    gains: Mapping[str, pd.DataFrame]
    moves: pd.DataFrame
    concentration: pd.DataFrame


@dataclass(frozen=True)
class Assessment:
    """`watched`: figures looked at for early warnings. `buying`: nothing where there are no orders.

    `sheets`: the tables of `sheets.SHEETS` that can be made, by name; `lacking`: the others. `weak_points`:
    of the company, the first first, as `weak_points.ranked` gives them.
    """

    measured: Measured
    alarms: list[Alarm]
    watched: int
    buying: Buying | None
    sheets: Mapping[str, pd.DataFrame]
    lacking: list[Sheet]
    weak_points: pd.DataFrame


def assess(
    tables: Mapping[str, ibis.Table],
    as_of: datetime,
    rules: Rules | None = None,
    watch: Watch | None = None,
    progress: Callable[[str], None] = lambda _: None,
    scores: pd.DataFrame | None = None,
) -> Assessment:
    """As of the first day of the month of `as_of`. Raises HistoryError where no whole month lies before.

    `scores`: as `amity score` writes them; without, nothing is told of what is expected or at risk.
    """
    measured = measure(tables, as_of, rules, progress)
    progress("Looking for early warnings")
    watch = watch or Watch()
    known, looks = before(tables, measured.day), watched(measured, watch)
    warned = priced(alarms(measured, watch, clumps(known, measured, watch.indicators)), measured, known)
    progress("Comparing the customers of two years")
    buying = _buying(known, measured.day) if "orders" in tables else None
    progress("Following customers")
    made = sheets(Known(known, measured, scores))
    points = ranked(warned, measured, made.get("weak_points"))
    return Assessment(measured, warned, looks, buying, made, lacking(made), points)


def _buying(tables: Mapping[str, ibis.Table], day: datetime) -> Buying:
    everyone = customers(tables, day)
    known = number(day) - whole_from({"orders": tables["orders"]}, number(day))["orders"]
    branches = [branch for branch in tree(everyone) if known >= MONTHS_BACK[branch.span]]
    compared = known >= MONTHS_BACK["year"]
    kinds = ("all", *owners(everyone)) if compared else ()
    gained = {name: gains(everyone, None if name == "all" else name) for name in kinds}
    return Buying(compared, branches, gained, moves(grouped(everyone, day)), concentration(everyone))
