"""The facts of one table as each snapshot knows them: rows before `as_of`, columns filled in before `as_of`.

Sums are taken over whole numbers (money in ten-thousandths, time in seconds): they don't depend on the order
in which an engine adds, so the same facts give the same bytes everywhere. The age of a row is rounded up to a
second: it is at least one, and the windows are exact where `as_of` lies on a whole second.

What needs a look at a row's neighbours (the gap since the order before, the same category bought before) is
computed once per row, before snapshots multiply the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import ibis

from features.mood import with_moods
from features.tables import CONTRACT

if TYPE_CHECKING:
    from features.reference import Reference

DAY = 86_400
MONTH = 30 * DAY
MONEY_UNIT = 10_000
LAST_WORD_DAYS = 14
"""What happens this long after the last order (a complaint, a return, an answer) still belongs to it."""

Value = Any  # an Ibis value expression


def whole(money: Value) -> Value:
    """Money as a whole number of ten-thousandths."""
    return (money * MONEY_UNIT + 0.5).floor().cast("int64")


def money(total: Value) -> Value:
    """A sum of `whole` amounts back as money."""
    return total.cast("float64") / MONEY_UNIT


def seconds(time: Value) -> Value:
    """Seconds since 1970-01-01, as a whole number; what is within a second is cut off."""
    return time.epoch_seconds().floor().cast("int64")


def seconds_up(time: Value) -> Value:
    """Seconds since 1970-01-01, as a whole number; what is within a second is rounded up."""
    return time.epoch_seconds().ceil().cast("int64")


def day_number(time: Value) -> Value:
    """Days since 1970-01-01, as a whole number."""
    return (time.epoch_seconds() / DAY).floor().cast("int64")


@dataclass(frozen=True)
class Facts:
    """Rows (customer_id, as_of, …) of one table joined to the snapshots that know them.

    Windows are counted back from `as_of`, those of `at_last_order` from the last sign of life.
    """

    table: ibis.Table
    time: str | None
    clock: str = "seconds_ago"

    def __getattr__(self, name: str) -> Value:
        return self.table[name]

    def __contains__(self, column: str) -> bool:
        return column in self.table.columns

    @property
    def at_last_order(self) -> Facts:
        """The same facts in windows that end 14 days after the customer's last order, at most at `as_of`."""
        return replace(self, clock="seconds_ago_then")

    @property
    def ago(self) -> Value:
        """Seconds from a row to the end of the windows: whole, below 1 where the row comes after it."""
        return self.table[self.clock]

    def between(self, oldest: int | None, newest: int = 0) -> Value:
        """Whether a row lies in [end − oldest days, end − newest days); no `oldest`: since ever."""
        inside = self.ago > newest * DAY
        return inside if oldest is None else inside & (self.ago <= oldest * DAY)

    def count(self, oldest: int | None = None, newest: int = 0, *, where: Value = None) -> Value:
        return self._and(oldest, newest, where).ifelse(1, None).count()

    def sum(self, column: str, oldest: int | None = None, newest: int = 0, *, where: Value = None) -> Value:
        """The sum of a money column."""
        return money(self._and(oldest, newest, where).ifelse(self.table[f"whole_{column}"], 0).sum())

    def mean(self, value: Value, oldest: int | None = None, newest: int = 0, *, where: Value = None) -> Value:
        """The mean of whole numbers, null where there is none."""
        inside = self._and(oldest, newest, where)
        return value.sum(where=inside).cast("float64") / value.count(where=inside)

    def trend(self, value: Value) -> Value:
        """The least-squares slope per month of whole numbers, summed by month (30 days) over twelve."""
        weight = 11 - 2 * ((self.ago - 1) / MONTH).floor().cast("int64")
        inside = self.between(360)
        return inside.ifelse(value * weight, 0).sum().cast("float64") / _SQUARES_OF_WEIGHTS

    def days_since_last(self, *, where: Value = None) -> Value:
        """Days from the newest row to the end of the windows."""
        return self.ago.min(where=where).cast("float64") / DAY

    def days_since_first(self) -> Value:
        return self.ago.max().cast("float64") / DAY

    def distinct(self, key: str, oldest: int | None = None, newest: int = 0) -> Value:
        """How many different values of `key` a window holds; `key`: `order_day` of orders, and `_KEYS`.

        Counted are the rows of the window before which the window has none of the same key.
        """
        first = self.table[f"before_{key}"].isnull()
        if oldest is not None:
            since_before = self.table[f"before_{key}"] + self.ago
            first = first | (since_before > oldest * DAY)
        return self.count(oldest, newest, where=first & self.table[key].notnull())

    def most(self, key: str) -> Value:
        """How many rows have the most frequent value of `key`, since ever; `key`: of `_NUMBERED`.

        Null where no row has a value.
        """
        return self.table[f"nth_{key}"].max(where=self.between(None) & self.table[key].notnull())

    def _and(self, oldest: int | None, newest: int, where: Value) -> Value:
        inside = self.between(oldest, newest)
        return inside if where is None else inside & where


_SQUARES_OF_WEIGHTS = 286  # Σ (11 − 2m)² / 2 over the months 0 to 11: weights are twice the centred months

_KEYS = {"order_lines": ("category", "product_id"), "tickets": ("complaint_topic",)}
"""By table the key whose rows are told apart, the first that the table has: each costs a sort of all rows."""
_NUMBERED = ("category",)


def moments(snapshots: ibis.Table, orders: ibis.Table | None) -> ibis.Table:
    """Snapshots with what every table's facts are measured against.

    `now`: `as_of` in seconds. `silence`: seconds since the last order. `rest`: seconds from the last sign of
    life, 14 days after the last order and at most `as_of`, to `as_of`. Where there was no order, `silence` is
    null and `rest` is 0.
    """
    timed = snapshots.mutate(now=seconds_up(snapshots.as_of))
    if orders is None:
        return timed.mutate(silence=ibis.null("int64"), rest=ibis.literal(0, "int64"))
    times = orders.select(owner="customer_id", ordered_at="ordered_at")
    known = timed.join(times, [times.owner == timed.customer_id, times.ordered_at < timed.as_of])
    last = known.group_by("customer_id", "as_of").aggregate(last=seconds(known.ordered_at).max())
    joined = timed.left_join(last, ["customer_id", "as_of"])
    silence = joined.now - joined["last"]
    rest = ibis.greatest(silence - LAST_WORD_DAYS * DAY, 0)
    return joined.select(timed, silence=silence, rest=rest.fill_null(0))


def facts(
    name: str,
    tables: Mapping[str, ibis.Table],
    snapshots: ibis.Table,
    reference: Reference | None = None,
) -> Facts:
    """The rows of table `name` that each of `snapshots` (as `moments` gives them) knows."""
    contract = CONTRACT[name]
    prepare = _PREPARE.get(name)
    table = (prepare(tables) if prepare else tables[name]).rename(owner="customer_id")
    time = "ordered_at" if name == "order_lines" else contract.time
    table = _in_whole_numbers(table, name, time)
    if name == "order_lines" and "category" in table.columns and reference is not None:
        table = reference.lines.joined_to(table)
    known = [table.owner == snapshots.customer_id]
    if time:
        known.append(table[time] < snapshots.as_of)
    joined = snapshots.join(table, known).drop("owner")
    return Facts(_as_known(joined, contract.fills_in, time), time)


def _in_whole_numbers(table: ibis.Table, name: str, time: str | None) -> ibis.Table:
    """The table with its money in ten-thousandths and its time in seconds, and its key's last time before."""
    amounts = [c.name for c in CONTRACT[name].columns if c.kind == "money" and c.name in table.columns]
    table = table.mutate(**{f"whole_{column}": whole(table[column]) for column in amounts})
    if not time:
        return table
    table = table.mutate(at=seconds(table[time]))
    key = next((key for key in _KEYS.get(name, ()) if key in table.columns), None)
    return _with_rows_before(table, key, time) if key else table


def _with_rows_before(table: ibis.Table, key: str, time: str) -> ibis.Table:
    """`before_<key>`: seconds since the customer's row before with the same key; null for the first.

    `nth_<key>`, for `_NUMBERED`: which of the customer's rows with this key it is.
    """
    rows = ibis.window(group_by=["owner", key], order_by=time)
    before = {f"before_{key}": table.at - table.at.lag().over(rows)}
    if key in _NUMBERED:
        before[f"nth_{key}"] = ibis.row_number().over(rows) + 1
    return table.mutate(**before)


def _as_known(joined: ibis.Table, fills_in: tuple[str, ...], time: str | None) -> ibis.Table:
    known = {
        column: (joined[column] < joined.as_of).ifelse(joined[column], None)
        for column in fills_in
        if column in joined.columns
    }
    if time:
        known["seconds_ago"] = joined.now - joined["at"]
        known["seconds_ago_then"] = joined.now - joined["at"] - joined.rest
    return joined.mutate(**known) if known else joined


def _orders(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Orders with their day and what lies between an order and the customer's order before.

    `gap_days`: null for the first order and for another of the same day. `before_order_day`: seconds since
    the order before, where it was on the same day.
    """
    orders = tables["orders"]
    orders = orders.mutate(order_day=day_number(orders.ordered_at), second=seconds(orders.ordered_at))
    before = ibis.window(group_by="customer_id", order_by=["ordered_at", "order_id"])
    days = orders.order_day - orders.order_day.lag().over(before)
    passed = orders.second - orders.second.lag().over(before)
    return orders.mutate(gap_days=days.nullif(0), before_order_day=(days == 0).ifelse(passed, None)).drop(
        "second"
    )


def _order_lines(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Order lines with the customer and time of their order."""
    orders = tables["orders"].select("order_id", "customer_id", "ordered_at")
    return tables["order_lines"].join(orders, "order_id")


def _returns(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Returns with `bought`, the second of the customer's order that they belong to; null where unknown."""
    returns = tables["returns"]
    if "order_id" not in returns.columns:
        return returns
    orders = tables["orders"].select(bought_in="order_id", buyer="customer_id", bought_at="ordered_at")
    its_order = [
        orders.bought_in == returns.order_id,
        orders.buyer == returns.customer_id,
        orders.bought_at <= returns.returned_at,
    ]
    joined = returns.left_join(orders, its_order)
    return joined.select(returns, bought=seconds(joined.bought_at))


def _tickets(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Tickets with the topic of complaints, null for others, and how soon an order followed a complaint.

    `ordered_after`: seconds to the customer's next order, null where there is none in less than 30 days; so a
    complaint more than 30 days old knows it.
    """
    tickets = tables["tickets"]
    complaint = tickets.kind == "complaint"
    if "topic" in tickets.columns:
        tickets = tickets.mutate(complaint_topic=complaint.ifelse(tickets.topic, None))
    if "orders" not in tables:
        return tickets.mutate(ordered_after=ibis.null("int64"))
    complaints = tickets.filter(complaint).select(
        "ticket_id", "opened_at", complainer="customer_id", second=seconds(tickets.opened_at)
    )
    orders = tables["orders"]
    orders = orders.select("ordered_at", buyer="customer_id", ordered=seconds(orders.ordered_at))
    follows = [
        orders.buyer == complaints.complainer,
        orders.ordered_at > complaints.opened_at,
        orders.ordered < complaints.second + MONTH,
    ]
    followed = complaints.join(orders, follows)
    after = followed.group_by(followed_ticket="ticket_id").aggregate(
        ordered_after=(followed.ordered - followed.second).min()
    )
    return tickets.left_join(after, after.followed_ticket == tickets.ticket_id).drop("followed_ticket")


def attribute_columns(customers: ibis.Table) -> dict[str, str]:
    """The columns of `customers` beyond the contract, by the names of their features."""
    known = {column.name for column in CONTRACT["customers"].columns}
    return {f"attribute_{column}": column for column in sorted(set(customers.columns) - known)}


def _customers(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Customers with the attributes renamed, so that none is mistaken for a column of the snapshots."""
    return tables["customers"].rename(attribute_columns(tables["customers"]))


def _surveys(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    return with_moods(tables["surveys"])


_PREPARE = {
    "orders": _orders,
    "order_lines": _order_lines,
    "returns": _returns,
    "customers": _customers,
    "surveys": _surveys,
    "tickets": _tickets,
}
