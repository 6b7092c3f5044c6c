"""Who, as of when: the snapshots, their population, and the tables as a day knew them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import ibis

from features.errors import HistoryError
from features.tables import CONTRACT


def before(tables: Mapping[str, ibis.Table], as_of: datetime) -> dict[str, ibis.Table]:
    """The tables cut at `as_of`: later rows are gone, columns filled in later read as null.

    Order lines bear no time of their own and are left whole; they count only through their order.
    """
    return {name: _cut(name, table, as_of) for name, table in tables.items()}


def _cut(name: str, table: ibis.Table, as_of: datetime) -> ibis.Table:
    contract = CONTRACT[name]
    now = ibis.timestamp(as_of)
    if contract.time:
        table = table.filter(table[contract.time] < now)
    late = [column for column in contract.fills_in if column in table.columns]
    return table.mutate(**{c: (table[c] < now).ifelse(table[c], None) for c in late})


def population(
    tables: Mapping[str, ibis.Table], as_ofs: Sequence[datetime], lookback_days: int | None
) -> ibis.Table:
    """The snapshots (customer_id, as_of) of all customers active at each of `as_ofs`.

    Active: an order in [as_of − lookback, as_of); without a lookback, any order before `as_of`.
    """
    orders = tables["orders"]
    days = ibis.array([ibis.timestamp(as_of) for as_of in as_ofs]).unnest().name("as_of").as_table()
    active = [orders.ordered_at < days.as_of]
    if lookback_days is not None:
        active.append(orders.ordered_at >= days.as_of - ibis.interval(days=lookback_days))
    return orders.join(days, active).select("customer_id", "as_of").distinct()


def span(tables: Mapping[str, ibis.Table]) -> tuple[datetime, datetime]:
    """The times of the first and the last order. Raises HistoryError where there is none."""
    orders = tables["orders"]
    row = orders.aggregate(first=orders.ordered_at.min(), last=orders.ordered_at.max()).to_pyarrow()
    first, last = row["first"][0].as_py(), row["last"][0].as_py()
    if first is None:
        raise HistoryError(
            "There is no order before that day, so there is nothing to learn from or to score."
        )
    return first, last


def latest_as_of(tables: Mapping[str, ibis.Table], now: datetime) -> datetime:
    """The midnight after the last order that lies before `now`: the newest day about which all is known."""
    orders = tables["orders"]
    row = orders.filter(orders.ordered_at < now).aggregate(last=orders.ordered_at.max()).to_pyarrow()
    last: datetime | None = row["last"][0].as_py()
    if last is None:
        raise HistoryError("No order lies in the past, so there is no day to score as of.")
    return last.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
