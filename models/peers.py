"""Customers like this one: the mean of each feature over the active customers of the segment, or of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

SMALLEST_SEGMENT = 50


@dataclass(frozen=True)
class Peers:
    """`everyone`: feature → mean. `segments`: segment → feature → mean, where a segment has 50 customers.

    Money and other skewed amounts are told by their mean as well; a missing value counts for nothing.
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
    """The peers of one snapshot date; `numbers`: the features to average."""
    segments: dict[str, dict[str, float]] = {}
    if "segment" in frame:
        groups = frame.groupby("segment", sort=True)
        segments = {
            str(name): _means(part, numbers) for name, part in groups if len(part) >= SMALLEST_SEGMENT
        }
    return Peers(_means(frame, numbers), segments)


def _means(frame: pd.DataFrame, numbers: Sequence[str]) -> dict[str, float]:
    means = frame[list(numbers)].mean().dropna()
    return {str(name): float(mean) for name, mean in means.items()}
