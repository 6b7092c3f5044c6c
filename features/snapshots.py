"""Who, as of when: the snapshots, their population, and the tables as a day knew them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import ibis

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
    return table.mutate(**{c: (table[c] < now).ifelse(table[c], ibis.null("timestamp")) for c in late})


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
