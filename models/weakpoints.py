"""Weak points: what each dimension adds to the risk, in points that add up, in the order of a talk.

The causes are what their own model reads (`models.causes`). Rhythm, the symptom, holds what the risk says
beyond them: causes first, what they bring about after (asymmetric Shapley values; Frye, Rowat & Feige 2020).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from features.catalog import DIMENSIONS
from models.causes import CAUSES

NAMED = 3
SURE, LIKELY = 1.0, 0.8
RHYTHM = DIMENSIONS.index("rhythm")
PROFILE = DIMENSIONS.index("profile")
CAUSE_PLACES = [DIMENSIONS.index(cause) for cause in CAUSES]
_LAST = len(DIMENSIONS)


@dataclass(frozen=True)
class Points:
    """How each dimension moves each customer's risk.

    `base_risk`: churn probability of the average active customer on the day of training. `by_dimension`:
    percentage points, shape (rows, 7); base_risk plus a row's points / 100 is that row's churn probability.
    """

    base_risk: float
    by_dimension: pd.DataFrame


@dataclass(frozen=True)
class Naming:
    """When a dimension is named: from how many points, and when a cause goes before rhythm, the symptom."""

    from_points: float
    cause_before_rhythm: float


def points(base: float, contributions: pd.DataFrame, dimensions: Mapping[str, str]) -> Points:
    """Log-odds contributions per feature, taken to percentage points per dimension by their signed sums."""
    log_odds = summed(contributions, dimensions)
    told = pd.DataFrame(in_points(base, log_odds), index=contributions.index, columns=list(DIMENSIONS))
    return Points(float(expit(base)), told)


def summed(contributions: pd.DataFrame, dimensions: Mapping[str, str]) -> np.ndarray:
    """The signed sums of each dimension's features, shape (rows, 7)."""
    of = np.array([dimensions[name] for name in contributions.columns], dtype=object)
    values = contributions.to_numpy(dtype=float)
    return np.column_stack([values[:, of == name].sum(axis=1) for name in DIMENSIONS])


def with_causes(log_odds: np.ndarray, read: np.ndarray) -> np.ndarray:
    """The sums of `log_odds` (rows, 7) with the causes as each reader has them, shape (readers, rows, 7).

    `read`: (readers, rows, causes). A row's sum stays what it was: rhythm takes what is left.
    """
    told = np.repeat(log_odds[None], len(read), axis=0)
    told[..., RHYTHM] += (told[..., CAUSE_PLACES] - read).sum(axis=-1)
    told[..., CAUSE_PLACES] = read
    return told


def in_points(base: float, log_odds: np.ndarray) -> np.ndarray:
    """Log-odds per dimension as percentage points of probability; the dimensions are the last axis.

    They share the way from the base risk to the row's risk in proportion to their signed sums: the integral
    of the logistic curve along the straight line between the two (Aumann & Shapley 1974), so each keeps its
    sign and all add up exactly.
    """
    way = log_odds.sum(axis=-1, keepdims=True)
    base_risk = float(expit(base))
    slope = np.full(way.shape, base_risk * (1 - base_risk))
    far = np.abs(way) > 1e-9
    slope[far] = (expit(base + way[far]) - base_risk) / way[far]
    return np.asarray(log_odds * (100 * slope))


def leading(by_reader: np.ndarray, from_points: float) -> np.ndarray:
    """Which causes go before rhythm: those that at least four readers of five would name, (rows, causes).

    `by_reader`: points, shape (readers, rows, 7).
    """
    return np.asarray((by_reader[..., CAUSE_PLACES] >= from_points).mean(axis=0) >= LIKELY)


def places(by_dimension: np.ndarray, from_points: float, first: np.ndarray) -> np.ndarray:
    """The place from 0 at which each dimension is named; 7 where it isn't. Same shape, dimensions last.

    Named is what pushes the risk up by `from_points`, never profile: the causes of `first` (rows, causes) by
    their size; then rhythm, the symptom, and the other causes by theirs.
    """
    rank = np.where(by_dimension >= from_points, by_dimension, -np.inf)
    rank[..., CAUSE_PLACES] += np.where(first, 100.0, 0.0)
    rank[..., PROFILE] = -np.inf
    order = np.argsort(np.argsort(-rank, axis=-1, kind="stable"), axis=-1)
    return np.where(np.isfinite(rank), order, _LAST)


def agreement(place: np.ndarray, readers: np.ndarray) -> np.ndarray:
    """The share of readers that name a dimension at `place` or before.

    `place`: shape (rows, 7); `readers`: the same for each reader, shape (readers, rows, 7).
    """
    return np.asarray((readers <= place).mean(axis=0))


def confidence(share: float) -> str:
    """All readers agree: sure. Four of five or more: likely."""
    return "sure" if share >= SURE else "likely" if share >= LIKELY else "unsure"


def ranked(row: Mapping[str, float], naming: Naming) -> list[str]:
    """The dimensions to name for one customer of whose causes there is no model of their own.

    Only what pushes the risk up by `from_points` is named, never profile. Rhythm is the symptom: every cause
    that weighs at least `cause_before_rhythm` of it goes first.
    """
    up = {name: value for name, value in row.items() if name != "profile" and value >= naming.from_points}
    heavy = naming.cause_before_rhythm * up.get("rhythm", 0.0)
    return sorted(up, key=lambda name: (not (name != "rhythm" and up[name] >= heavy), -up[name]))
