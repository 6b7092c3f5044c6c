"""The facts of one table as a snapshot knows them, counted and summed in windows of days.

Sums are taken over whole numbers (money in ten-thousandths, time in seconds): they don't depend on the order
in which an engine adds, so the same facts give the same bytes everywhere. The age of a row is rounded up to a
second: it is at least one, and the windows are exact where `as_of` lies on a whole second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import and_
from typing import Any

import ibis
import ibis.expr.datatypes as dt

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


@ibis.udf.agg.builtin(name="count_if")  # type: ignore[untyped-decorator]
def count_if(condition: bool) -> dt.Decimal(38, 0):  # type: ignore[valid-type]
    """How many rows meet a condition; DuckDB's is quicker than a filter, and counts in 128 bits."""


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
        inside = self._inside(oldest, newest)
        return ibis.literal(True) if inside is None else inside

    def count(self, oldest: int | None = None, newest: int = 0, *, where: Value = None) -> Value:
        inside = self._inside(oldest, newest, where)
        return self.table.count() if inside is None else count_if(inside).cast("int64")

    def sum(self, column: str, oldest: int | None = None, newest: int = 0, *, where: Value = None) -> Value:
        """The sum of a money column."""
        inside, amounts = self._inside(oldest, newest, where), self.table[f"whole_{column}"]
        return money((amounts if inside is None else inside.ifelse(amounts, 0)).sum())

    def mean(self, value: Value, oldest: int | None = None, newest: int = 0, *, where: Value = None) -> Value:
        """The mean of whole numbers, null where there is none."""
        inside = self._inside(oldest, newest, where)
        held = value if inside is None else inside.ifelse(value, None)
        return held.sum().cast("float64") / held.count()

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

    def spells(self, days: int, of: int) -> Value:
        """How many of the last `of` spells of so many days, counted back from the end, hold an order.

        Of orders only. Counted is the oldest order of each spell.
        """
        spell = days * DAY
        spells_ago = (self.ago - 1) // spell
        oldest = (self.ago + self.since_before - 1) // spell > spells_ago
        return self.count(of * days, where=oldest.fill_null(True))

    def most(self, key: str) -> Value:
        """How many rows have the most frequent value of `key`, since ever; `key`: of `_NUMBERED`.

        Null where no row has a value.
        """
        named = self._inside(None, 0, self.table[key].notnull())
        return named.ifelse(self.table[f"nth_{key}"], None).max()

    def _inside(self, oldest: int | None, newest: int, where: Value = None) -> Value:
        """Whether a row is of a window and meets `where`; none where all are, as all lie before `as_of`."""
        conditions = []
        if newest or self.clock != "seconds_ago":
            conditions.append(self.ago > newest * DAY)
        if oldest is not None:
            conditions.append(self.ago <= oldest * DAY)
        if where is not None:
            conditions.append(where)
        return reduce(and_, conditions) if conditions else None


_SQUARES_OF_WEIGHTS = 286  # Σ (11 − 2m)² / 2 over the months 0 to 11: weights are twice the centred months
