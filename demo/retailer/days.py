"""Time inside the simulation: days since the first as floating numbers, and the way back to timestamps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

YEAR = 365.25
NEVER = np.inf

_BY_MONTH = np.array([0.86, 0.84, 0.93, 0.96, 0.98, 0.95, 0.90, 0.90, 0.98, 1.10, 1.42, 1.62])
_BY_WEEKDAY = np.array([0.94, 0.92, 0.94, 0.97, 1.08, 1.14, 1.01])
_BY_HOUR = np.array(
    [1, 1, 1, 1, 1, 2, 5, 9, 13, 16, 18, 19, 20, 19, 18, 18, 19, 21, 23, 24, 20, 13, 6, 3], float
)
_HOUR_SHARE = np.concatenate([[0.0], np.cumsum(_BY_HOUR) / _BY_HOUR.sum()])


def add_months(day: date, months: int) -> date:
    """The first day of the month that lies `months` after that of `day`."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


@dataclass(frozen=True)
class Period:
    """The days `[first, end)` that the tables cover.

    A moment is a number of days since `first`; `NEVER` stands for a moment that doesn't come.
    """

    first: date
    end: date

    @property
    def days(self) -> float:
        return float((self.end - self.first).days)

    def months(self) -> list[date]:
        """The first days of its months."""
        count = (self.end.year - self.first.year) * 12 + self.end.month - self.first.month
        return [max(self.first, add_months(self.first, month)) for month in range(max(count, 1))]

    def moment(self, day: date) -> float:
        return float((day - self.first).days)

    def season(self) -> Floats:
        """How busy each day is, the mean day being 1."""
        days = np.datetime64(self.first) + np.arange(int(self.days))
        month = (days.astype("datetime64[M]") - days.astype("datetime64[Y]")).astype(int)
        weekday = (days.astype("datetime64[D]").astype(int) + 3) % 7
        busy: Floats = _BY_MONTH[month] * _BY_WEEKDAY[weekday]
        return busy

    def busy_days(self, moment: Floats) -> Floats:
        """Busy days gone by at `moment`: the clock that runs faster before Christmas."""
        grid = np.arange(int(self.days) + 1, dtype=float)
        busy: Floats = np.interp(moment, grid, np.concatenate([[0.0], np.cumsum(self.season())]))
        return busy

    def from_busy_days(self, busy: Floats) -> Floats:
        """The inverse of `busy_days`."""
        grid = np.arange(int(self.days) + 1, dtype=float)
        moment: Floats = np.interp(busy, np.concatenate([[0.0], np.cumsum(self.season())]), grid)
        return moment

    def timestamps(self, moment: Floats) -> pa.Array:
        """UTC timestamps to the second; null where the moment lies outside the period's end.

        Hours are stretched so that nights are quiet; the order of moments and whole days between them stay.
        """
        known = moment < self.days
        day = np.floor(np.where(known, moment, 0.0))
        fraction = np.where(known, moment, 0.0) - day
        hours = np.interp(fraction, _HOUR_SHARE, np.arange(25.0))
        seconds = np.floor(day * 86_400 + hours * 3_600).astype(np.int64)
        start = int(np.datetime64(self.first, "s").astype(np.int64))
        return pa.array((start + seconds) * 1_000_000, mask=~known).cast(pa.timestamp("us"))
