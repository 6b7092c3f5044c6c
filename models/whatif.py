"""What if a weak point were repaired: the risk then, and the fewest repairs that end the danger.

A cause is repaired by bringing its signs back to where they add nothing (`models.causes`), so what is asked
of the model stays within what it has seen. So is rhythm as a whole; profile can't be repaired.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from features.catalog import DIMENSIONS
from models.weakpoints import CAUSE_PLACES, RHYTHM

NO_REPAIR = "none"

EDGE = 1e-9


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


def repaired_together(risk: float, each: Sequence[float]) -> float:
    """Churn probability with several dimensions repaired at once; `each`: with one of them repaired alone.

    What the repairs take off the log-odds adds up, as in `risk_repaired`.
    """
    now = _log_odds(risk)
    return float(expit(now - sum(now - _log_odds(alone) for alone in each))) if each else risk


def repaired_in_part(risk: float, alone: float, share: float) -> float:
    """Churn probability with a `share` of a repair; `alone`: with the whole of it, and nothing else repaired.

    It takes that share of what the whole repair takes off the log-odds.
    """
    now = _log_odds(risk)
    return float(expit(now - share * (now - _log_odds(alone))))


def _log_odds(risk: float) -> float:
    return float(logit(np.clip(risk, EDGE, 1 - EDGE)))


def smallest_repair(log_odds: np.ndarray, gained: np.ndarray) -> pd.Series:
    """The one or two dimensions whose repair takes the risk down to the base risk, such as `service, spend`.

    One cause goes before two, and causes before the rhythm, which only comes back by itself: `rhythm` alone
    or with one cause says that no repair of causes is enough. `NO_REPAIR` where none of these is. Null for
    who isn't above the base risk. `log_odds`, `gained`: (rows, 7), from the base.
    """
    above = log_odds.sum(axis=1)
    by_gain = np.array(CAUSE_PLACES)[np.argsort(-gained[:, CAUSE_PLACES], axis=1, kind="stable")]
    rhythm = np.full(len(above), RHYTHM)
    ways = [(by_gain[:, 0],), (by_gain[:, 0], by_gain[:, 1]), (rhythm,), (rhythm, by_gain[:, 0])]
    each = np.arange(len(above))
    enough = np.column_stack([sum(gained[each, way] for way in ways_) >= above for ways_ in ways])
    chosen = np.where(enough.any(axis=1), enough.argmax(axis=1), len(ways))
    told = [_names(ways, way, row) if above[row] > 0 else None for row, way in enumerate(chosen)]
    return pd.Series(pd.array(told, dtype="str"))


def _names(ways: Sequence[tuple[np.ndarray, ...]], way: int, row: int) -> str:
    return ", ".join(DIMENSIONS[places[row]] for places in ways[way]) if way < len(ways) else NO_REPAIR
