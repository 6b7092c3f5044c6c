"""Ratios of sums over a customer's orders (money per order, discount per list price): usual, and changed.

A ratio is told raw, and shown to models leaning on what is usual by its credibility: few orders say little.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from features.catalog import Row
from features.facts import money, whole

EVER = "total"
THEN = "at_last_order"
"""The 90 days up to the last order."""

Value = Any  # an Ibis value expression


@dataclass(frozen=True)
class Ratio:
    """Aggregates over aggregates, each the sum of those named: `amount` stands for `amount_90d` and others.

    `name`: that of its prior in the reference.
    """

    name: str
    parts: tuple[str, ...]
    wholes: tuple[str, ...]

    def needs(self, *windows: str) -> tuple[str, ...]:
        """The aggregates of these windows."""
        names = dict.fromkeys((*self.parts, *self.wholes))
        return tuple(_aggregate(name, window) for window in windows for name in names)

    def raw(self, row: Row, window: str) -> Value:
        """The ratio in a window, null where there is nothing to divide by."""
        part, base = self._in(row, window)
        return part.cast("float64") / base.nullif(0)

    def raw_before(self, row: Row, window: str) -> Value:
        """The ratio before a window."""
        (part, base), (all_parts, all_bases) = self._in(row, window), self._in(row, EVER)
        return minus(all_parts, part) / self._difference(all_bases, base).nullif(0)

    def usual(self, row: Row) -> Value:
        """The ratio since ever, leaning on that of all customers."""
        return row.rate(self.name, *self._in(row, EVER))

    def change(self, row: Row) -> Value:
        """The ratio up to the last order minus that before it, shrunk toward no change.

        The linear Bayes estimate of a difference of two means of n and m orders: d / (1 + k(1/n + 1/m)), with
        k the weight of the ratio's prior. How much a customer changes is taken to vary as customers do.
        0 where either side has nothing to divide by.
        """
        (now, n), (ever, both) = self._in(row, THEN), self._in(row, EVER)
        weight = n * (both - n) + both * row.reference.prior(self.name).chances
        return ((n > 0) & (both > n)).ifelse((now * both - ever * n) / weight, 0.0)

    def _in(self, row: Row, window: str) -> tuple[Value, Value]:
        return _total(row, self.parts, window), _total(row, self.wholes, window)

    def _difference(self, all_bases: Value, some: Value) -> Value:
        return all_bases - some if self.wholes == ("orders",) else minus(all_bases, some)


def minus(all_money: Value, some: Value) -> Value:
    """A difference of two sums, exact to the ten-thousandth."""
    return money(whole(all_money - some))


def _total(row: Row, names: Iterable[str], window: str) -> Value:
    first, *others = (row.table[_aggregate(name, window)] for name in names)
    return sum(others, first)


def _aggregate(name: str, window: str) -> str:
    return "orders" if (name, window) == ("orders", EVER) else f"{name}_{window}"
