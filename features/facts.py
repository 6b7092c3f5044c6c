"""The facts of one table as each snapshot knows them: rows before `as_of`, columns filled in before `as_of`.

Sums are taken over whole numbers (money in ten-thousandths, time in seconds): they don't depend on the order
in which an engine adds, so the same facts give the same bytes everywhere. The age of a row is rounded up to a
second: it is at least one, and the windows are exact where `as_of` lies on a whole second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis

from features.tables import CONTRACT

DAY = 86_400
MONEY_UNIT = 10_000

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


def _seconds_up(time: Value) -> Value:
    return time.epoch_seconds().ceil().cast("int64")


def day_number(time: Value) -> Value:
    """Days since 1970-01-01, as a whole number."""
    return (time.epoch_seconds() / DAY).floor().cast("int64")


@dataclass(frozen=True)
class Facts:
    """Rows (customer_id, as_of, …) of one table joined to the snapshots that know them."""

    table: ibis.Table
    time: str | None

    def __getattr__(self, name: str) -> Value:
        return self.table[name]

    def __contains__(self, column: str) -> bool:
        return column in self.table.columns

    def between(self, oldest: int | None, newest: int = 0) -> Value:
        """Whether a row lies in [as_of − oldest days, as_of − newest days); no `oldest`: since ever."""
        inside = self.seconds_ago > newest * DAY if newest else self.seconds_ago >= 0
        return inside if oldest is None else inside & (self.seconds_ago <= oldest * DAY)

    def count(self, oldest: int | None = None, newest: int = 0, *, where: Value = None) -> Value:
        return self._and(oldest, newest, where).ifelse(1, 0).sum()

    def sum(self, column: str, oldest: int | None = None, newest: int = 0, *, where: Value = None) -> Value:
        """The sum of a money column."""
        return money(self._and(oldest, newest, where).ifelse(whole(self.table[column]), 0).sum())

    def mean(self, value: Value, oldest: int | None = None, newest: int = 0, *, where: Value = None) -> Value:
        """The mean of whole numbers, null where there is none."""
        inside = self._and(oldest, newest, where)
        return value.sum(where=inside).cast("float64") / value.count(where=inside)

    def days_since_last(self, *, where: Value = None) -> Value:
        """Days from the newest row to `as_of`."""
        return self.seconds_ago.min(where=where).cast("float64") / DAY

    def days_since_first(self) -> Value:
        return self.seconds_ago.max().cast("float64") / DAY

    def distinct(self, column: str, oldest: int | None = None, newest: int = 0) -> Value:
        return self.table[column].nunique(where=self.between(oldest, newest))

    def _and(self, oldest: int | None, newest: int, where: Value) -> Value:
        inside = self.between(oldest, newest)
        return inside if where is None else inside & where.fill_null(False)


def facts(name: str, tables: Mapping[str, ibis.Table], snapshots: ibis.Table) -> Facts:
    """The rows of table `name` that each of `snapshots` (customer_id, as_of) knows."""
    contract = CONTRACT[name]
    prepare = _PREPARE.get(name)
    table = (prepare(tables) if prepare else tables[name]).rename(owner="customer_id")
    time = "ordered_at" if name == "order_lines" else contract.time
    known = [table.owner == snapshots.customer_id]
    if time:
        known.append(table[time] < snapshots.as_of)
    joined = snapshots.join(table, known).drop("owner")
    return Facts(_as_known(joined, contract.fills_in, time), time)


def _as_known(joined: ibis.Table, fills_in: tuple[str, ...], time: str | None) -> ibis.Table:
    known = {
        column: (joined[column] < joined.as_of).ifelse(joined[column], None)
        for column in fills_in
        if column in joined.columns
    }
    if time:
        known["seconds_ago"] = _seconds_up(joined.as_of) - seconds(joined[time])
    return joined.mutate(**known) if known else joined


def _orders(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Orders with the days since the customer's order day before; null for the first and for the same day."""
    orders = tables["orders"]
    orders = orders.mutate(order_day=day_number(orders.ordered_at))
    before = orders.order_day.lag().over(group_by="customer_id", order_by=["ordered_at", "order_id"])
    return orders.mutate(gap_days=(orders.order_day - before).nullif(0))


def _order_lines(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Order lines with the customer and time of their order."""
    orders = tables["orders"].select("order_id", "customer_id", "ordered_at")
    return tables["order_lines"].join(orders, "order_id")


def attribute_columns(customers: ibis.Table) -> dict[str, str]:
    """The columns of `customers` beyond the contract, by the names of their features."""
    known = {column.name for column in CONTRACT["customers"].columns}
    return {f"attribute_{column}": column for column in sorted(set(customers.columns) - known)}


def _customers(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Customers with the attributes renamed, so that none is mistaken for a column of the snapshots."""
    return tables["customers"].rename(attribute_columns(tables["customers"]))


_PREPARE = {"orders": _orders, "order_lines": _order_lines, "customers": _customers}
