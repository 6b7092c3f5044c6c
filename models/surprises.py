"""How far a customer's activity lies from what their own past let expect, in standard deviations.

Ratios of small counts are noise: no visit where half a one was to be expected is no news. The surprise
(count − expected) / √(expected + 1) is a Poisson count's, with one event added so that few stay few.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

import numpy as np
import pandas as pd

from features.catalog import Feature

YEAR = 365


@dataclass(frozen=True)
class Surprise:
    """`expected`: what the row's own past lets expect of `count`, null where too little is known of it."""

    name: str
    words: str
    count: str
    needs: tuple[str, ...]
    expected: Callable[[pd.DataFrame], pd.Series]

    @property
    def feature(self) -> Feature:
        return Feature(
            self.name,
            "engagement",
            "standard deviations",
            self.words,
            worse="low",
            null="too little known before",
            low=-inf,
        )

    def of(self, frame: pd.DataFrame) -> pd.Series:
        """Shape (rows,), null where nothing is expected for want of a past."""
        expected = self.expected(frame)
        surprise: pd.Series = (frame[self.count].astype(float) - expected) / np.sqrt(expected + 1)
        return surprise


def _up_to_last_order(days: int) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda frame: frame["activities_before_last_order"].astype(float) * (days / 90)


def _of_late(days: int) -> Callable[[pd.DataFrame], pd.Series]:
    """By the year up to the last `days`; null for who came within twice as many days."""

    def expected(frame: pd.DataFrame) -> pd.Series:
        known = frame["days_since_first_order"].astype(float).clip(upper=YEAR)
        before = frame["activities_365d"].astype(float) - frame[f"activities_{days}d"].astype(float)
        return before * days / (known - days).where(known >= 2 * days)

    return expected


SURPRISES = (
    *(
        Surprise(
            f"activities{window}_surprise_at_last_order",
            f"activity in the {days} days up to the last order against the time before",
            f"activities{window}_at_last_order",
            ("activities_before_last_order",),
            _up_to_last_order(days),
        )
        for window, days in (("_30d", 30), ("", 90))
    ),
    *(
        Surprise(
            f"activities_{days}d_surprise",
            f"activity in the last {days} days against the year before",
            f"activities_{days}d",
            ("activities_365d", "days_since_first_order"),
            _of_late(days),
        )
        for days in (30, 90)
    ),
)


def available(frame: pd.DataFrame) -> list[Surprise]:
    """Those whose counts the frame has."""
    return [s for s in SURPRISES if {s.count, *s.needs} <= set(frame.columns)]


def with_surprises(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with a column for each surprise that is available."""
    return frame.assign(**{surprise.name: surprise.of(frame) for surprise in available(frame)})
