"""How much each of several models counts, learnt on snapshots later than those of their fit.

What they say is given as logarithms, and joined in one of two ways:

product    the sum of weight · logarithm: for odds
roots      the square of the sum of weight · square root: for money. It lies between a product, in which one
           model that sees nothing in a customer outvotes the others, and a mean, in which one that sees far
           too much does
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
NOTHING = 1e-12
"""What is left of models whose weights are all 0."""

LEARNT = 1 / 3


Join = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Of logarithms (rows, models) and weights (models,): the joined logarithm (rows,), and its change with each
weight (rows, models)."""


def product(logs: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return logs @ weight, logs


def roots(logs: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    greatest = logs.max(axis=1)
    root = np.exp((logs - greatest[:, None]) / 2)
    total = root @ weight + NOTHING
    return 2 * np.log(total) + greatest, 2 * root / total[:, None]


def leant(learnt: Mapping[str, float], leaning: Mapping[str, float]) -> dict[str, float]:
    """A third of what later days tell, the rest what the weights lean on: few days are independent."""
    return {name: LEARNT * weight + (1 - LEARNT) * leaning[name] for name, weight in learnt.items()}


def weights(
    logs: Mapping[str, np.ndarray],
    outcome: np.ndarray,
    days: pd.Series,
    prior: Mapping[str, float],
    loss: Loss,
    join: Join = product,
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
        joined, by_own = join(design, weight)
        value, by = loss(joined + level[codes], outcome)
        by_weight = by_own.T @ by / rows + 2.0 * LEAN * (weight - leaning)
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


def blended(logs: Mapping[str, np.ndarray], weight: Mapping[str, float], join: Join = product) -> np.ndarray:
    """The models' logarithms joined, shape (rows,)."""
    joined, _ = join(np.column_stack(list(logs.values())), np.array([weight[name] for name in logs]))
    return joined


def shares(weight: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """The weights of `names` alone, made to add up to 1."""
    total = sum(weight[name] for name in names)
    return {name: weight[name] / total for name in names}
