"""Which rows of the at-risk list are wanted, and where a page goes on."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from features.catalog import DIMENSIONS
from features.errors import RequestError
from models.status import STATUSES
from serving.schema import WEAK_POINTS

NAMEABLE = tuple(name for name in DIMENSIONS if name != "profile")
LARGEST_ID = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Filter:
    """All that is given must hold; null asks nothing.

    `weak_point`: a dimension, named first, second or third. `min_clv`: money; `min_churn_probability`: from 0
    to 1; both inclusive. `not_contacted_since`: the last contact lies before that time, or there was none.
    Raises RequestError naming the words or the bounds allowed.
    """

    segment: str | None = None
    country: str | None = None
    status: str | None = None
    weak_point: str | None = None
    min_clv: float | None = None
    min_churn_probability: float | None = None
    not_contacted_since: datetime | None = None

    def __post_init__(self) -> None:
        _one_of("status", self.status, STATUSES)
        _one_of("weak_point", self.weak_point, NAMEABLE)
        _within("min_clv", self.min_clv, math.inf)
        _within("min_churn_probability", self.min_churn_probability, 1.0)

    def holds(self, rows: pd.DataFrame) -> np.ndarray:
        """Which rows pass, shape (rows,). `rows`: the columns of `serving.ranking`."""
        passing = np.ones(len(rows), dtype=bool)
        for condition in self._conditions(rows):
            passing &= condition.to_numpy()
        return passing

    def _conditions(self, rows: pd.DataFrame) -> Iterator[pd.Series]:
        for name in ("segment", "country", "status"):
            if (word := getattr(self, name)) is not None:
                yield rows[name] == storable(word)
        if self.weak_point is not None:
            first, second, third = (rows[name] == self.weak_point for name in WEAK_POINTS)
            yield first | second | third
        if self.min_clv is not None:
            yield rows["clv"] >= self.min_clv
        if self.min_churn_probability is not None:
            yield rows["churn_probability"] >= self.min_churn_probability
        if self.not_contacted_since is not None:
            last = rows["last_contact_at"]
            yield last.isna() | (last < self.not_contacted_since)


@dataclass(frozen=True)
class Cursor:
    """After which rank of which scoring a page goes on; written `SCORING-RANK`."""

    scoring_id: int
    rank: int

    def __str__(self) -> str:
        return f"{self.scoring_id}-{self.rank}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises RequestError unless `text` is a cursor as a page gave it."""
        parts = re.fullmatch(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,9})", text, re.ASCII)
        numbers = [int(part) for part in parts.groups()] if parts else []
        if not numbers or max(numbers) > LARGEST_ID:
            raise RequestError(
                f"The cursor {text[:40]!r} is none that a list has given; "
                "pass on next_cursor as it came, or leave it out."
            )
        return cls(*numbers)


def storable(text: str) -> str:
    """`text` without NUL, which no PostgreSQL text can hold, and which no stored value bears."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _one_of(name: str, value: str | None, words: tuple[str, ...]) -> None:
    if value is not None and value not in words:
        raise RequestError(f"{name} is {value[:40]!r}; use one of {', '.join(words)}.")


def _within(name: str, value: float | None, high: float) -> None:
    if value is not None and not (0 <= value <= high and math.isfinite(value)):
        bounds = "a number of 0 or more" if high == math.inf else f"a number from 0 to {high:g}"
        raise RequestError(f"{name} is {value!r}; use {bounds}.")


EVERYONE = Filter()
