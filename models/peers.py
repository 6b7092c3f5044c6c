"""Customers like this one: what is typical of the active customers of the segment, or of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

SMALLEST_SEGMENT = 50


@dataclass(frozen=True)
class Peers:
    """`everyone`: feature → typical value. `segments`: segment → the same, where it has 50 customers.

    Typical is the median, and the mean where the median is 0 (most have no complaint; the mean says how
    rare they are). A missing value counts for nothing.
    """

    everyone: Mapping[str, float]
    segments: Mapping[str, Mapping[str, float]]

    def of(self, segment: str | None) -> Mapping[str, float]:
        return self.segments.get(str(segment), self.everyone)

    def to_dict(self) -> dict[str, Any]:
        return {"everyone": dict(self.everyone), "segments": {k: dict(v) for k, v in self.segments.items()}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Peers:
        return cls(values["everyone"], values["segments"])


def peers(frame: pd.DataFrame, numbers: Sequence[str]) -> Peers:
    """The peers of one snapshot date; `numbers`: the features wanted."""
    segments: dict[str, dict[str, float]] = {}
    if "segment" in frame:
        groups = frame.groupby("segment", sort=True)
        segments = {
            str(name): _typical(part, numbers) for name, part in groups if len(part) >= SMALLEST_SEGMENT
        }
    return Peers(_typical(frame, numbers), segments)


def _typical(frame: pd.DataFrame, numbers: Sequence[str]) -> dict[str, float]:
    values = frame[list(numbers)]
    typical = values.median().where(values.median() != 0, values.mean()).dropna()
    return {str(name): float(value) for name, value in typical.items()}
