"""How much busier the days of a campaign are than those of the past contacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Season:
    """`days`: rising, each the first of a campaign's days. `levels`: the logarithm of how many times as many
    orders a customer places in them as in the days of the past contacts. Empty where no season is known."""

    days: tuple[pd.Timestamp, ...] = ()
    levels: tuple[float, ...] = ()

    def times(self, days: pd.Series) -> np.ndarray:
        """How many times as many orders in the days that begin with each, shape (rows,); 1: not known."""
        if not self.days:
            return np.ones(len(days))
        known = pd.DatetimeIndex(self.days).as_unit("us").asi8
        asked = pd.DatetimeIndex(days).as_unit("us").asi8
        return np.asarray(np.exp(np.interp(asked, known, self.levels, left=0.0, right=0.0)))

    def on(self, day: pd.Timestamp) -> float:
        """As `times`, of one day."""
        return float(self.times(pd.Series([day]))[0])

    def to_dict(self) -> dict[str, Any]:
        return {"days": [day.isoformat() for day in self.days], "levels": list(self.levels)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Season:
        return cls(tuple(map(pd.Timestamp, values["days"])), tuple(map(float, values["levels"])))


NONE = Season()
