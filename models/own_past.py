"""A customer of late and before, in numbers: events among chances, and means of values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.facts import LAST_WORD_DAYS
from models.bayes_factors import Counts
from models.columns import numbers

MEDIAN_OF_SQUARES = 0.4549
"""Of a standard normal variable."""

Norm = tuple[float, ...]
"""What is learnt of all customers; empty where they don't tell."""

Values = Callable[[pd.DataFrame], np.ndarray]


def column(name: str) -> Values:
    return lambda frame: numbers(frame, name)


def less(whole: str, part: str) -> Values:
    return lambda frame: known(known(column(whole)(frame)) - known(column(part)(frame)))


def known(values: np.ndarray) -> np.ndarray:
    """What is missing or below 0 as 0."""
    return np.asarray(np.maximum(np.nan_to_num(values), 0.0))


@dataclass(frozen=True)
class Counted:
    """Events in a window among its chances (days, orders, tickets), and both ever."""

    events: Values
    chances: Values
    ever: Values
    chances_ever: Values

    def rate(self, frame: pd.DataFrame) -> Norm:
        """Events per chance of all rows."""
        events, chances = (known(of(frame)).sum() for of in (self.ever, self.chances_ever))
        return (float(events / chances),) if events > 0 and chances > 0 else ()

    def counts(self, frame: pd.DataFrame, rate: float) -> Counts:
        events, chances = known(self.events(frame)), known(self.chances(frame))
        before = known(self.ever(frame)) - events, known(self.chances_ever(frame)) - chances
        return Counts.after(rate, events, chances, (known(before[0]), known(before[1])))


def days_known(frame: pd.DataFrame) -> np.ndarray:
    return np.asarray(np.maximum(column("days_since_first_order")(frame), 1.0))


def days_known_then(frame: pd.DataFrame) -> np.ndarray:
    """Up to the last sign of life."""
    silent = np.maximum(column("days_since_order")(frame) - LAST_WORD_DAYS, 0.0)
    return np.asarray(np.maximum(days_known(frame) - silent, 1.0))


def at_most(days: int, since: Values = days_known) -> Values:
    return lambda frame: np.minimum(days, since(frame))


def no_fewer(orders: str, events: str) -> Values:
    """Orders, no fewer than came back."""
    return lambda frame: np.fmax(column(orders)(frame), column(events)(frame))


@dataclass(frozen=True)
class Level:
    """A mean of `count` values of late, and of those before; `sign`: 1 where high is worse, else -1."""

    now: str
    count: Values
    before: str
    count_before: Values
    sign: int
    in_logarithms: bool = False

    def told(self, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """By how much it is worse, and the variance of that over a single value's; null where not known."""
        now, before = (column(name)(frame) for name in (self.now, self.before))
        if self.in_logarithms:
            now, before = log(now), log(before)
        counts = [count(frame) for count in (self.count, self.count_before)]
        each = [1 / np.where(values >= 1, values, np.nan) for values in counts]
        return self.sign * (now - before), each[0] + each[1]


def positive(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0, values, np.nan)


def log(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.log(positive(values)))


def deviation(squares: np.ndarray) -> float:
    """The standard deviation by the middle of the squares, as few decline; 0 where all are 0 or unknown."""
    told = squares[np.isfinite(squares)]
    if not told.any():
        return 0.0
    middle = float(np.median(told)) / MEDIAN_OF_SQUARES
    return float(np.sqrt(middle if middle > 0 else told.mean()))


def then(name: str, count: str, sign: int, *, in_logarithms: bool = False) -> Level:
    """Of the 90 days up to the last order."""
    ever, now = less(count, f"{count}_at_last_order"), column(f"{count}_at_last_order")
    return Level(f"{name}_at_last_order", now, f"{name}_before_last_order", ever, sign, in_logarithms)


def last(name: str, mean: str, count: str, *, in_logarithms: bool = False) -> Level:
    """A single value, low where worse."""
    before = less(count, f"{count}_at_last_order")
    return Level(name, lambda f: np.ones(len(f)), f"{mean}_before_last_order", before, -1, in_logarithms)
