"""Shares and means of a customer's answers that lean toward all customers the more, the fewer the answers."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from features.catalog import Feature, Row

WHEN = {
    "_180d": "in the last 180 days",
    "_365d": "in the last 365 days",
    "_before": "before the last 180 days",
    "_at_last_order": "in the 90 days up to the last order",
    "_before_last_order": "before the 90 days up to the last order",
}
_PART_OF = {"_before": ("", "_180d"), "_180_to_365d": ("_365d", "_180d")}
"""Windows that are one window less another."""


def parts(stem: str, window: str) -> tuple[str, ...]:
    """The aggregates of a stem that give a window."""
    return tuple(f"{stem}{suffix}" for suffix in _PART_OF.get(window, (window,)))


def amount(row: Row, stem: str, window: str) -> Any:
    whole, *less = (row.table[name].cast("float64") for name in parts(stem, window))
    return whole - less[0] if less else whole


@dataclass(frozen=True)
class Estimate:
    """A rate in any window; `total` and `count`: the stems of the aggregates that it divides.

    `scale`: how many parts of a unit the total counts.
    """

    rate: str
    total: str
    count: str
    unit: str
    words: str
    worse: Literal["high", "low"] | None = "low"
    low: float = 0.0
    high: float = inf
    scale: int = 1

    def at(self, window: str) -> Feature:
        return Feature(
            f"{self.rate}{window}",
            "satisfaction",
            self.unit,
            f"estimated {self.words} {WHEN[window]}",
            worse=self.worse,
            null="nothing of the kind in the training",
            needs=self.needs(window),
            value=lambda row: row.rate(self.rate, *self._tally(row, window)) / self.scale,
            low=self.low,
            high=self.high,
        )

    def trend(self) -> Feature:
        words = f"estimated {self.words}, last 180 days minus the 185 before"
        return self._change("_trend", words, "_180d", "_180_to_365d")

    def change_at_last_order(self) -> Feature:
        words = f"estimated {self.words}, 90 days up to the last order minus before"
        return self._change("_change_at_last_order", words, "_at_last_order", "_before_last_order")

    def needs(self, *windows: str) -> tuple[str, ...]:
        return tuple(name for w in windows for stem in (self.total, self.count) for name in parts(stem, w))

    def _change(self, suffix: str, words: str, now: str, before: str) -> Feature:
        return Feature(
            f"{self.rate}{suffix}",
            "satisfaction",
            self.unit,
            words,
            worse=self.worse,
            null=f"no {self.count.replace('_', ' ')} in either time",
            needs=self.needs(now, before),
            value=lambda row: self._difference(row, now, before),
            low=self.low - self.high,
            high=self.high - self.low,
        )

    def _difference(self, row: Row, now: str, before: str) -> Any:
        """The difference of two means, the less of it the fewer values either has; 0 where one has none.

        Of n values and m before, each with k times the variance that the true means have, the difference has
        the credibility n·m / (n·m + (n + m)·k/2): Bühlmann & Gisler (2005), A Course in Credibility Theory.
        Their product, with n·m cancelled, has one division.
        """
        (total, count), (total_before, count_before) = self._tally(row, now), self._tally(row, before)
        k = row.reference.prior(self.rate).chances
        apart = total * count_before - total_before * count
        return apart / (count * count_before + (count + count_before) * (k / 2)).nullif(0) / self.scale

    def _tally(self, row: Row, window: str) -> tuple[Any, Any]:
        return amount(row, self.total, window), amount(row, self.count, window)
