"""One indicator by one breakdown: its figures by month, and of the period against the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.indicators.book import Indicator
from features.indicators.calendar import first_day
from features.indicators.changes import Change, change
from features.indicators.intervals import Sample
from features.indicators.rules import YEAR, Rules

Floats = NDArray[np.float64]
_NOW, _BEFORE = slice(-YEAR, None), slice(-2 * YEAR, -YEAR)


@dataclass(frozen=True)
class Told:
    """`parts`: events, chances and squares where the indicator has them, shape (values, months).

    `at_end`: the newest month stands for the period, as it looks back on a year or is a state.
    """

    indicator: Indicator
    breakdown: str
    values: Sequence[str]
    months: NDArray[np.int64]
    parts: Mapping[str, Floats]
    at_end: bool
    rules: Rules

    def by_month(self) -> pd.DataFrame:
        """One row per value and month of the trend."""
        trend = slice(-self.rules.trend_months, None)
        sample = self._sample(trend)
        days = [first_day(int(month)) for month in self.months[trend]]
        figures = {name: array.ravel() for name, array in self._figures(sample).items()}
        return pd.DataFrame(
            {
                "indicator": self.indicator.name,
                "breakdown": self.breakdown,
                "value": np.repeat(np.array(self.values, dtype=object), len(days)),
                "month": np.tile(np.array(days, dtype="datetime64[us]"), len(self.values)),
                **figures,
            }
        )

    def period(self) -> pd.DataFrame:
        """One row per value."""
        now, before = self._period(_NOW, -1), self._period(_BEFORE, -1 - YEAR)
        pairs = None if self.at_end else (self._sample(_NOW), self._sample(_BEFORE))
        scale, confidence = self.indicator.scale, self.rules.confidence
        changed = change(now, before, pairs, confidence)
        last, year_before = self._sample(slice(-1, None)), self._sample(slice(-1 - YEAR, -YEAR))
        of_month = change(_flat(last), _flat(year_before), pairs, confidence)
        figures = self._figures(now)
        return pd.DataFrame(
            {
                "indicator": self.indicator.name,
                "breakdown": self.breakdown,
                "value": list(self.values),
                **figures,
                "few": figures["cases"] < self.rules.few,
                "months": self._known(_NOW),
                "before": before.value * scale,
                **_scaled(changed, scale),
                "last_month": last.value[:, 0] * scale,
                "year_before": year_before.value[:, 0] * scale,
                "last_p": of_month.p if last.sampled else np.nan,
            }
        )

    def _figures(self, sample: Sample) -> dict[str, Floats]:
        low, high = sample.interval(self.rules.confidence)
        scale = self.indicator.scale
        return {
            "figure": sample.value * scale,
            "low": low * scale,
            "high": high * scale,
            "error": np.sqrt(sample.variance) * scale,
            "cases": sample.cases,
        }

    def _sample(self, columns: slice) -> Sample:
        """Shape (values, months of the columns)."""
        events = self.parts["events"][:, columns]
        missing = np.full_like(events, np.nan)
        chances, squares = (
            self.parts[role][:, columns] if role in self.parts else missing for role in ("chances", "squares")
        )
        return Sample(self.indicator.kind, events, chances, squares)

    def _period(self, columns: slice, end: int) -> Sample:
        """Shape (values,): summed over the months, in the newest period over those known; or of the last."""
        if self.at_end:
            last = self._sample(slice(end, end + 1 or None))
            return _flat(last)
        sample = self._sample(columns)
        whole = self._known(columns) == YEAR
        enough = whole if columns == _BEFORE else self._known(columns) > 0
        return sample.summed(enough)

    def _known(self, columns: slice) -> NDArray[np.int64]:
        known = np.isfinite(self.parts["events"][:, columns])
        if "chances" in self.parts:
            known &= np.isfinite(self.parts["chances"][:, columns])
        return np.asarray(known.sum(axis=1), np.int64)


def _flat(sample: Sample) -> Sample:
    return Sample(sample.kind, sample.events[:, 0], sample.chances[:, 0], sample.squares[:, 0])


def _scaled(changed: Change, scale: float) -> dict[str, Floats]:
    return {
        "change": changed.by * scale,
        "change_low": changed.low * scale,
        "change_high": changed.high * scale,
        "p": changed.p,
    }
