"""How much each of several models counts, learnt on snapshots later than those of their fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from models.btyd_fit import THREADS
from models.losses import Loss

LEAN = 0.003
"""How strongly the weights lean on those given, against the mean loss of a row."""

MOST = 2.0
LATER_DAYS = 56
FARTHEST_LEVEL = 8.0


def weights(
    logs: Mapping[str, np.ndarray],
    outcome: np.ndarray,
    days: pd.Series,
    prior: Mapping[str, float],
    loss: Loss,
) -> dict[str, float]:
    """The weight of each model, from 0 to 2; `logs`: model → (rows,), `outcome` and `days` (rows,).

    Stacking (Wolpert 1992), each day with a level of its own, so that the season says nothing about who is
    right. The weights lean on `prior`. They need not add up to 1: models that are too sure are toned down
    together.
    """
    names = list(logs)
    design = np.column_stack([logs[name] for name in names])
    leaning = np.array([prior[name] for name in names])
    codes, labels = pd.factorize(days, sort=True)
    rows = len(outcome)

    def cost(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weight, level = parameters[: len(names)], parameters[len(names) :]
        value, by = loss(design @ weight + level[codes], outcome)
        by_weight = design.T @ by / rows + 2.0 * LEAN * (weight - leaning)
        by_level = np.bincount(codes, weights=by / rows, minlength=len(labels))
        return float(value.mean() + LEAN * np.sum((weight - leaning) ** 2)), np.append(by_weight, by_level)

    bounds = [(0.0, MOST)] * len(names) + [(-FARTHEST_LEVEL, FARTHEST_LEVEL)] * len(labels)
    start = np.append(leaning, np.zeros(len(labels)))
    with THREADS.limit(limits=1, user_api="blas"):
        found = minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds).x
    return {name: float(weight) for name, weight in zip(names, found, strict=False)}


def earlier_and_later(days: pd.Series, horizon_days: int) -> tuple[np.ndarray, np.ndarray]:
    """Which rows models are fitted on to be weighed, and which they are weighed on; (rows,) each.

    Later are the last 56 days, or the last horizon where that is shorter; earlier are those whose horizon was
    over by then, which may be none.
    """
    horizon = timedelta(days=horizon_days)
    since = days.max() - min(horizon, timedelta(days=LATER_DAYS))
    return (days <= since - horizon).to_numpy(), (days > since).to_numpy()


def blended(logs: Mapping[str, np.ndarray], weight: Mapping[str, float]) -> np.ndarray:
    """The weighted sum of the models' logarithms, shape (rows,)."""
    return np.asarray(sum(weight[name] * own for name, own in logs.items()))


def shares(weight: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """The weights of `names` alone, made to add up to 1."""
    total = sum(weight[name] for name in names)
    return {name: weight[name] / total for name in names}
