"""Who, as of when: the snapshots, their population, and the tables as a day knew them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import ibis

from features.errors import HistoryError
from features.tables import CONTRACT, Mode

Tables = Mapping[str, ibis.Table]


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
    tables: Mapping[str, ibis.Table],
    as_ofs: Sequence[datetime],
    lookback_days: int | None,
    mode: Mode = "non_contractual",
) -> ibis.Table:
    """The snapshots (customer_id, as_of) of all customers active at each of `as_ofs`.

    Active: an order in [as_of − lookback, as_of); contractual: a subscription running, that is started before
    `as_of` and not cancelled before it. Without a lookback: any order or subscription before `as_of`.
    """
    days = ibis.array([ibis.timestamp(as_of) for as_of in as_ofs]).unnest().name("as_of").as_table()
    if mode == "contractual":
        held = subscriptions(tables)
        active = [held.started_at < days.as_of]
        if lookback_days is not None:
            active.append(running(held, days.as_of))
        return held.join(days, active).select("customer_id", "as_of").distinct()
    orders = tables["orders"]
    active = [orders.ordered_at < days.as_of]
    if lookback_days is not None:
        active.append(orders.ordered_at >= days.as_of - ibis.interval(days=lookback_days))
    return orders.join(days, active).select("customer_id", "as_of").distinct()


def subscriptions(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """The subscriptions; where it isn't known when they were cancelled, all run on."""
    held = tables["subscriptions"]
    return held if "cancelled_at" in held.columns else held.mutate(cancelled_at=ibis.null("timestamp(6)"))


def running(held: ibis.Table, moment: ibis.Value) -> ibis.Value:
    """Whether a subscription that started before a moment was not cancelled before it."""
    return held.cancelled_at.isnull() | (held.cancelled_at >= moment)


def lapsed(tables: Mapping[str, ibis.Table], as_ofs: Sequence[datetime], lookback_days: int) -> ibis.Table:
    """The snapshots of all customers who ordered before each of `as_ofs`, but not in the lookback."""
    everyone = population(tables, as_ofs, None)
    return everyone.anti_join(population(tables, as_ofs, lookback_days), ["customer_id", "as_of"])


def span(tables: Mapping[str, ibis.Table], mode: Mode = "non_contractual") -> tuple[datetime, datetime]:
    """The times of the first and the last order.

    Contractual: of the first cancellation and of the last start or cancellation; whoever left before the
    first that is known has no row, so what happened before it can't be learnt from. Raises HistoryError where
    there is none.
    """
    first, last = _ends(cancellations(tables) if mode == "contractual" else moments(tables, mode))
    if first is None:
        what = "cancellation of a subscription" if mode == "contractual" else "order"
        raise HistoryError(
            f"There is no {what} before that day, so there is nothing to learn from or to score."
        )
    if mode == "contractual":
        _, last = _ends(moments(tables, mode))
    return first, last or first


def latest_as_of(tables: Mapping[str, ibis.Table], now: datetime, mode: Mode = "non_contractual") -> datetime:
    """The midnight after the last order that lies before `now`: the newest day about which all is known.

    Contractual: after the last order, or start or cancellation of a subscription.
    """
    known = [moments(tables, mode)]
    if mode == "contractual" and "orders" in tables:
        known.append(moments(tables, "non_contractual"))
    ends = [_ends(times.filter(times.time < now))[1] for times in known]
    last = max((end for end in ends if end is not None), default=None)
    if last is None:
        what = "start of a subscription" if mode == "contractual" else "order"
        raise HistoryError(f"No {what} lies in the past, so there is no day to score as of.")
    return last.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)


def moments(tables: Mapping[str, ibis.Table], mode: Mode) -> ibis.Table:
    """The column `time`: of all orders; contractual, of all starts and cancellations of subscriptions."""
    if mode == "non_contractual":
        return tables["orders"].select(time="ordered_at")
    return tables["subscriptions"].select(time="started_at").union(cancellations(tables))


def cancellations(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """The column `time`: of all cancellations of subscriptions."""
    held = subscriptions(tables)
    return held.filter(held.cancelled_at.notnull()).select(time="cancelled_at")


def _ends(times: ibis.Table) -> tuple[datetime | None, datetime | None]:
    row = times.aggregate(first=times.time.min(), last=times.time.max()).to_pyarrow().to_pylist()[0]
    return row["first"], row["last"]
