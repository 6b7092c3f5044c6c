"""Weak points: signed SHAP sums per dimension, in percentage points that add up, in the order of a talk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from features.catalog import DIMENSIONS

NAMED = 3
SAME_SILENCE_DAYS = 30


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
    """Log-odds contributions per feature, taken to percentage points per dimension.

    The contributions of a row share the way from the base risk to its risk in proportion to their signed
    sums: the integral of the logistic curve along the straight line between the two (Aumann & Shapley 1974),
    so each keeps its sign and all add up exactly.
    """
    log_odds = contributions.T.groupby(contributions.columns.map(dimensions)).sum().T
    log_odds = log_odds.reindex(columns=list(DIMENSIONS), fill_value=0.0)
    way = log_odds.sum(axis=1).to_numpy()
    base_risk = float(expit(base))
    slope = np.full(len(way), base_risk * (1 - base_risk))
    far = np.abs(way) > 1e-9
    slope[far] = (expit(base + way[far]) - base_risk) / way[far]
    return Points(base_risk, log_odds.mul(100 * slope, axis=0))


def ranked(row: Mapping[str, float], naming: Naming, echoes: Collection[str] = ()) -> list[str]:
    """The dimensions to name for one customer, the one to talk about first in front.

    Only what pushes the risk up by `from_points` is named, never profile. Rhythm is the symptom: every cause
    that weighs at least `cause_before_rhythm` of it goes first. `echoes` tell rhythm's silence once more, and
    go last.
    """
    up = {name: value for name, value in row.items() if name != "profile" and value >= naming.from_points}
    heavy = naming.cause_before_rhythm * up.get("rhythm", 0.0)

    def order(name: str) -> tuple[bool, bool, float]:
        is_cause = name != "rhythm" and name not in echoes and up[name] >= heavy
        return name in echoes, not is_cause, -up[name]

    return sorted(up, key=order)


def echoes(customer: Mapping[str, Any]) -> tuple[str, ...]:
    """Engagement, where an overdue customer was last seen about when they last ordered, or later.

    `customer`: a row of features. Whoever leaves stops visiting too; that is one silence and not its cause.
    """
    since_order, since_activity = customer.get("days_since_order"), customer.get("days_since_activity")
    if since_order is None or since_activity is None or since_order <= customer["usual_gap"]:
        return ()
    return ("engagement",) if since_activity <= since_order + SAME_SILENCE_DAYS else ()
