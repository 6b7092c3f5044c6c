"""Where a moment or a figure stands in a drawing, and which of them are labelled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
MONTHS = (1, 2, 3, 6, 12)


@dataclass(frozen=True)
class Axis:
    """From the values `low` to `high` to the places `start` to `end`; a value beyond stands at the end."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.start + min(max(share, 0.0), 1.0) * (self.end - self.start), 1)


@dataclass(frozen=True)
class TimeAxis:
    """From `first` to `last` to the places `start` to `end`, in pixels."""

    first: datetime
    last: datetime
    start: float
    end: float

    def __call__(self, moment: datetime) -> float:
        whole = Axis(0.0, (self.last - self.first).total_seconds(), self.start, self.end)
        return whole((moment - self.first).total_seconds())

    def months(self, least: float) -> list[tuple[float, str]]:
        """Place and name of the firsts of months, `least` pixels apart at the least."""
        a_month = (self.end - self.start) / max((self.last - self.first).days / 30.4, 0.1)
        step = next((step for step in MONTHS if step * a_month >= least), MONTHS[-1])
        return [(self(moment), _named(moment)) for moment in _firsts(self.first, self.last, step)]


def levels(high: float, most: int = 4) -> list[float]:
    """Round shares from 0 up to the first that is not below `high`."""
    step = next((step for step in STEPS if step * most >= high), STEPS[-1])
    found = [0.0]
    while found[-1] < high - 1e-9:
        found.append(round(found[-1] + step, 4))
    return found


def _firsts(first: datetime, last: datetime, step: int) -> Iterator[datetime]:
    """The firsts of every `step` months of a year."""
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        moment = datetime(number // 12, number % 12 + 1, 1)  # noqa: DTZ001
        if number % step == 0 and first - timedelta(days=1) <= moment <= last:
            yield moment


def _named(moment: datetime) -> str:
    return f"{moment:%Y}" if moment.month == 1 else f"{moment:%b}"
