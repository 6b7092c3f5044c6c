"""What if a weak point were repaired: the risk then, and the fewest repairs that end the danger.

A cause is repaired by bringing its signs back to where they add nothing (`models.causes`), so what is asked
of the model stays within what it has seen. So is rhythm as a whole; profile can't be repaired.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit

from features.catalog import DIMENSIONS
from models.weakpoints import CAUSE_PLACES, RHYTHM


def gains(log_odds: np.ndarray, repaired: np.ndarray) -> np.ndarray:
    """By how much the log-odds fall with each dimension repaired, shape (rows, 7); never below 0.

    `log_odds`: (rows, 7). `repaired`: of the causes, (rows, causes).
    """
    gained = np.zeros(log_odds.shape)
    gained[:, CAUSE_PLACES] = np.maximum(log_odds[:, CAUSE_PLACES] - repaired, 0.0)
    gained[:, RHYTHM] = np.maximum(log_odds[:, RHYTHM], 0.0)
    return gained


def risk_repaired(base: float, log_odds: np.ndarray, gained: np.ndarray) -> np.ndarray:
    """Churn probability with one dimension repaired and all else as it is, shape (rows, 7)."""
    return np.asarray(expit(base + log_odds.sum(axis=1, keepdims=True) - gained))


def smallest_repair(log_odds: np.ndarray, gained: np.ndarray) -> pd.Series:
    """The fewest causes whose repair takes the risk down to the base risk, such as `service, spend`.

    `log_odds`, `gained`: (rows, 7), from the base. Null for who isn't above the base risk, and where all
    causes together aren't enough.
    """
    above = log_odds.sum(axis=1)
    own = gained[:, CAUSE_PLACES]
    order = np.argsort(-own, axis=1, kind="stable")
    left = above[:, None] - np.cumsum(np.take_along_axis(own, order, axis=1), axis=1)
    enough = (left <= 0).argmax(axis=1)
    can = (above > 0) & (left <= 0).any(axis=1)
    told = [_names(order[row, : enough[row] + 1]) if can[row] else None for row in range(len(above))]
    return pd.Series(pd.array(told, dtype="str"))


def _names(causes: np.ndarray) -> str:
    return ", ".join(DIMENSIONS[CAUSE_PLACES[cause]] for cause in causes)
