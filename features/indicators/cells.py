"""The tallies of a stream where its months and breakdowns cross, rolled up by one of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ALL = "all"
OTHERS = "all others"
Floats = NDArray[np.float64]


class Cells:
    """`frame`: months, breakdowns and tallies as columns. `months`: those to be told, in order."""

    def __init__(
        self, frame: pd.DataFrame, keys: Sequence[str], breakdowns: Sequence[str], months: NDArray[np.int64]
    ) -> None:
        self._frame, self._size = frame, len(months)
        oldest = int(months[0])
        numbers = {key: frame[key].to_numpy(float, na_value=np.nan) - oldest for key in keys}
        self._month = {
            key: np.where((number >= 0) & (number < self._size), number, -1).astype(np.int64)
            for key, number in numbers.items()
        }
        self._values = {name: pd.factorize(frame[name], sort=True) for name in breakdowns}

    def largest(self, tally: str, key: str, breakdown: str, most: int, recent: int) -> list[str]:
        """The values of a breakdown with anything in the `recent` months, the largest first, ties by name.

        Beyond `most`, the rest is one, `all others`.
        """
        codes, values = self._values[breakdown]
        sums = self._summed(tally, key, codes, len(values))[:, -recent:].sum(axis=1)
        order = [int(at) for at in np.argsort(-sums, kind="stable") if sums[at] != 0]
        return [*(str(values[at]) for at in order[:most]), *([OTHERS] if len(order) > most else [])]

    def counts(self, tally: str, key: str, breakdown: str | None, values: Sequence[str]) -> Floats:
        """Shape (values, months). Without a breakdown one row; with one, other values are `all others`."""
        if breakdown is None:
            return self._summed(tally, key, np.zeros(len(self._frame), np.int64), 1)
        codes, found = self._values[breakdown]
        place = {value: at for at, value in enumerate(values)}
        others = place.get(OTHERS, len(values))
        rows = np.array([place.get(str(value), others) for value in found], np.int64)
        return self._summed(tally, key, rows[codes], len(values) + 1)[: len(values)]

    def _summed(self, tally: str, key: str, rows: NDArray[np.int64], size: int) -> Floats:
        month = self._month[key]
        inside = month >= 0
        flat = rows[inside] * self._size + month[inside]
        weights = self._frame[tally].to_numpy(float)[inside]
        sums: Floats = np.bincount(flat, weights, size * self._size).astype(float)
        return sums.reshape(size, self._size)
