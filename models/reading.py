"""A bundle's reading of its customers: what each dimension adds to the risk, and which are to be named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from features.catalog import DIMENSIONS
from models.bundle import Bundle
from models.buying import FEATURES
from models.weakpoints import (
    CAUSE_PLACES,
    agreement,
    confidence,
    in_points,
    leading,
    places,
    summed,
    with_causes,
)
from models.whatif import gains, risk_repaired, smallest_repair


@dataclass(frozen=True)
class WeakPoint:
    """A dimension that is named: its points, how sure, and the churn probability were it repaired."""

    dimension: str | None
    points: float
    confidence: str | None
    repaired: float


@dataclass(frozen=True)
class Reading:
    """`points`: percentage points per dimension, shape (rows, 7). `place`: at which each is named, from 0.

    `agreement`: the share of readers that name it there or before. `log_odds`: what `points` come from.
    `repaired`: churn probability with one dimension repaired, (rows, 7). `smallest_repair`: as text.
    """

    base_risk: float
    points: pd.DataFrame
    place: np.ndarray
    agreement: np.ndarray
    log_odds: np.ndarray
    repaired: np.ndarray
    smallest_repair: pd.Series

    def named(self, row: int) -> list[WeakPoint]:
        """The weak points of the row at position `row`, the one to talk about first in front."""
        place, size = self.place[row], self.points.to_numpy()[row]
        found = [d for d in np.argsort(place) if place[d] < len(DIMENSIONS)]
        return [
            WeakPoint(
                DIMENSIONS[d],
                float(size[d]),
                confidence(self.agreement[row, d]),
                float(self.repaired[row, d]),
            )
            for d in found
        ]


def read(bundle: Bundle, frame: pd.DataFrame, dimensions: Mapping[str, str]) -> Reading:
    """`frame`: rows of features; `dimensions`: feature → dimension."""
    base, contributions = bundle.churn.contributions(frame)
    of = {**dimensions, **{feature.name: feature.dimension for feature in FEATURES}}
    log_odds = summed(contributions, of)
    known = bool(bundle.causes.readers)
    as_is, repaired = bundle.causes.read(frame)
    readings = with_causes(log_odds, as_is) if known else log_odds[None]
    by_reader = in_points(base, readings)
    mean = readings.mean(axis=0)
    normal = repaired.mean(axis=0) if known else np.minimum(mean[:, CAUSE_PLACES], 0.0)
    gained = gains(mean, normal)
    least = bundle.manifest.definitions.named_from_points
    size = by_reader.mean(axis=0)
    first = leading(by_reader, least)
    place = places(size, least, first)
    return Reading(
        base_risk=float(expit(base)),
        points=pd.DataFrame(size, index=frame.index, columns=list(DIMENSIONS)),
        place=place,
        agreement=agreement(place, places(by_reader, least, first)),
        log_odds=mean,
        repaired=risk_repaired(base, mean, gained),
        smallest_repair=smallest_repair(mean, gained).set_axis(frame.index),
    )
