"""A figure and how sure it is: the value of events over chances, its variance, and its interval.

- share: Wilson's score interval (Wilson 1927; Brown, Cai & DasGupta 2001, Statistical Science 16).
- mean: Student's t over the cases. For NPS the cases are −1, 0 and 1, whose variance is
  promoters + detractors − (promoters − detractors)², as shares.
- geometric: Student's t over the logarithms of the cases, taken back; its variance by the delta method.
- rate: the exact interval of a Poisson count (Garwood 1936, Biometrika 28).
- ratio, total: sums of everything there is, no sample; they have no interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.indicators.book import Kind

Floats = NDArray[np.float64]
SAMPLED: tuple[Kind, ...] = ("share", "mean", "geometric", "rate")


@dataclass(frozen=True)
class Sample:
    """Sums of any shape, all the same; null where unknown, and where the kind has none."""

    kind: Kind
    events: Floats
    chances: Floats
    squares: Floats

    @property
    def sampled(self) -> bool:
        return self.kind in SAMPLED

    @property
    def cases(self) -> Floats:
        """The chances; for a total the events themselves."""
        return self.events if self.kind == "total" else self.chances

    def summed(self, enough: NDArray[np.bool_]) -> Sample:
        """Shape (values,): the sums over the second axis of what is known; null where that isn't enough."""
        known = np.isfinite(self.events)
        if self.kind != "total":
            known &= np.isfinite(self.chances)
        parts = (np.where(known, part, 0.0).sum(axis=1) for part in (self.events, self.chances, self.squares))
        return Sample(self.kind, *(np.where(enough, part, np.nan) for part in parts))

    @property
    def value(self) -> Floats:
        """Null where there is no chance."""
        if self.kind == "total":
            return self.events
        mean = _over(self.events, self.chances)
        return np.exp(mean) if self.kind == "geometric" else mean

    @property
    def variance(self) -> Floats:
        """Of the value, by sampling; never 0 for a share or rate: they take half a case more on either side.

        Agresti & Caffo (2000, The American Statistician 54) for shares. Null for what is no sample, and for a
        mean of fewer than two cases.
        """
        x, n = self.events, self.chances
        if self.kind == "share":
            leaning = (x + 1) / (n + 2)
            return np.where(n > 0, leaning * (1 - leaning) / (n + 2), np.nan)
        if self.kind == "rate":
            return _over(x + 0.5, n**2)
        if self.kind == "mean":
            return self._variance_of_mean
        if self.kind == "geometric":
            return self.value**2 * self._variance_of_mean
        return np.full(np.shape(x), np.nan)

    @property
    def _variance_of_mean(self) -> Floats:
        """Of events over chances, null for fewer than two cases."""
        n = self.chances
        between = np.maximum(self.squares - _over(self.events**2, n), 0.0)
        return np.where(n > 1, _over(_over(between, n - 1), n), np.nan)

    def interval(self, confidence: float) -> tuple[Floats, Floats]:
        """Lower and upper end; null where there is none."""
        x, n, tail = self.events, self.chances, (1 - confidence) / 2
        with np.errstate(invalid="ignore", divide="ignore"):
            if self.kind == "share":
                z2 = stats.norm.isf(tail) ** 2
                middle = _over(x + z2 / 2, n + z2)
                half = np.sqrt(z2 * (_over(x * (n - x), n) + z2 / 4)) / (n + z2)
                return _where(n > 0, middle - half), _where(n > 0, middle + half)
            if self.kind == "rate":
                low = np.where(x > 0, stats.chi2.ppf(tail, 2 * x) / 2, 0.0 * x)
                return _over(low, n), _over(stats.chi2.isf(tail, 2 * x + 2) / 2, n)
            if self.kind in ("mean", "geometric"):
                half = stats.t.isf(tail, np.maximum(n - 1, 1)) * np.sqrt(self._variance_of_mean)
                ends = _over(x, n) - half, _over(x, n) + half
                return (np.exp(ends[0]), np.exp(ends[1])) if self.kind == "geometric" else ends
        nothing = np.full(np.shape(x), np.nan)
        return nothing, nothing


def _over(part: Any, whole: Any) -> Floats:
    part, whole = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    result = np.full(part.shape, np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result


def _where(condition: Any, value: Any) -> Floats:
    return np.where(condition, value, np.nan)
