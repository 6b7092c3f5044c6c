"""RFM: customers by how recently and how often they bought, in named groups; and who moved between them.

The year's recency and frequency are cut at the quintiles of the year before (of those who bought in it; of
this year where nobody did), for both years alike: so the groups can grow and shrink, and a move is the
customer's own. Hughes (1994), Strategic Database Marketing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis
import pandas as pd

from features.facts import MONEY_UNIT, seconds
from features.indicators.calendar import first_day, number
from features.indicators.rules import YEAR

Value = Any  # an Ibis value expression

GRID = {
    ("recent", "often"): "champions",
    ("recent", "sometimes"): "promising",
    ("recent", "rarely"): "newcomers",
    ("between", "often"): "loyal",
    ("between", "sometimes"): "need attention",
    ("between", "rarely"): "about to sleep",
    ("long ago", "often"): "can't lose them",
    ("long ago", "sometimes"): "at risk",
    ("long ago", "rarely"): "hibernating",
}
"""recent: of the two fifths who bought last; long ago: of the two who did so first. often: of the two fifths
who bought most; rarely: of the one who bought least, and with one order."""
LOST, NOT_YET = "lost", "not yet customers"
GROUPS = (*GRID.values(), LOST, NOT_YET)
"""lost: no order in the year, though before. not yet customers: no order up to its end."""

_ONE_FIFTH, _TWO_FIFTHS, _THREE_FIFTHS = 0.2, 0.4, 0.6


@dataclass(frozen=True)
class Cuts:
    """`recent`, `long_ago`: seconds of silence, up to and beyond. `often`, `rarely`: orders in the year."""

    recent: float
    long_ago: float
    often: float
    rarely: float


def grouped(customers: ibis.Table, day: datetime) -> ibis.Table:
    """The customers with `group` and `group_before`: of the year up to `day`, and of the year before."""
    cuts = _cuts(customers, day)
    before = first_day(number(day) - YEAR)
    return customers.mutate(
        group=_group(customers.orders_year, customers.last_at, day, cuts),
        group_before=_group(customers.orders_year_before, customers.last_at_before, before, cuts),
    )


def moves(groups: ibis.Table) -> pd.DataFrame:
    """One row per pair of groups that somebody is of: before, now, customers, revenue of this year."""
    found = groups.group_by(before=groups.group_before, now=groups.group).aggregate(
        customers=groups.count(), revenue=groups.revenue_year.sum()
    )
    frame = found.to_pandas()
    order = {name: at for at, name in enumerate(GROUPS)}
    frame = frame.assign(
        customers=frame["customers"].astype("int64"), revenue=frame["revenue"].astype("float64") / MONEY_UNIT
    )
    told: pd.DataFrame = frame.sort_values(
        ["before", "now"], key=lambda names: names.map(order), ignore_index=True
    )
    return told


def sizes(moved: pd.DataFrame) -> pd.DataFrame:
    """One row per group but `not yet customers`: group, customers, customers_before, revenue."""
    now, before = moved.groupby("now"), moved.groupby("before")
    frame = pd.DataFrame(
        {
            "customers": now["customers"].sum(),
            "customers_before": before["customers"].sum(),
            "revenue": now["revenue"].sum(),
        }
    )
    told = frame.reindex([name for name in GROUPS if name != NOT_YET], fill_value=0).fillna(0)
    return told.astype({"customers": "int64", "customers_before": "int64"}).rename_axis("group").reset_index()


def _cuts(customers: ibis.Table, day: datetime) -> Cuts:
    before = first_day(number(day) - YEAR)
    row = _quintiles(customers, customers.orders_year_before, customers.last_at_before, before)
    if row["often"] is None:
        row = _quintiles(customers, customers.orders_year, customers.last_at, day)
    return Cuts(**{name: float(value or 0) for name, value in row.items()})


def _quintiles(customers: ibis.Table, orders: Value, last: Value, day: datetime) -> dict[str, float | None]:
    silence = (seconds(ibis.timestamp(day)) - seconds(last)).cast("float64")
    bought = customers.mutate(orders=orders.cast("float64"), silence=silence).filter(orders > 0)
    found = bought.aggregate(
        recent=bought.silence.quantile(_TWO_FIFTHS),
        long_ago=bought.silence.quantile(_THREE_FIFTHS),
        often=bought.orders.quantile(_THREE_FIFTHS),
        rarely=bought.orders.quantile(_ONE_FIFTH),
    )
    row: dict[str, float | None] = found.to_pyarrow().to_pylist()[0]
    return row


def _group(orders: Value, last: Value, day: datetime, cuts: Cuts) -> Value:
    silence = seconds(ibis.timestamp(day)) - seconds(last)
    rows = {
        "recent": silence <= cuts.recent,
        "long ago": silence > cuts.long_ago,
        "between": ibis.literal(True),
    }
    columns = {
        "rarely": (orders == 1) | (orders < cuts.rarely),
        "often": orders > cuts.often,
        "sometimes": ibis.literal(True),
    }
    named = [
        (rows[row] & columns[column], GRID[row, column])
        for row in ("recent", "long ago", "between")
        for column in ("rarely", "often", "sometimes")
    ]
    return ibis.cases((last.isnull(), NOT_YET), (orders == 0, LOST), *named)
