"""The two kinds of regression that effects are made of: ridge, and gradient-boosted trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from models.booster import booster

PENALTIES = tuple(10.0 ** (power / 2) for power in range(13))


@dataclass(frozen=True)
class Linear:
    """`intercept + matrix @ weights`."""

    intercept: float
    weights: np.ndarray

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Shape (rows,)."""
        return np.asarray(self.intercept + matrix @ self.weights)

    def to_dict(self) -> dict[str, Any]:
        return {"intercept": self.intercept, "weights": self.weights.tolist()}


@dataclass(frozen=True)
class Grown:
    """`text`: LightGBM's own."""

    text: str

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Shape (rows,)."""
        return np.asarray(booster(self.text).predict(matrix, raw_score=True))

    def to_dict(self) -> dict[str, Any]:
        return {"trees": self.text}


@dataclass(frozen=True)
class Mean:
    """Of what several fits say."""

    fits: tuple[Linear | Grown, ...]

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Shape (rows,)."""
        return np.asarray(sum(fit.predict(matrix) for fit in self.fits) / len(self.fits))

    def to_dict(self) -> dict[str, Any]:
        return {"mean": [fit.to_dict() for fit in self.fits]}


Fit = Linear | Grown | Mean


def fit_from_dict(values: Mapping[str, Any]) -> Fit:
    if "mean" in values:
        return Mean(tuple(_simple(each) for each in values["mean"]))
    return _simple(values)


def _simple(values: Mapping[str, Any]) -> Linear | Grown:
    if "trees" in values:
        return Grown(str(values["trees"]))
    return Linear(float(values["intercept"]), np.asarray(values["weights"], dtype=float))


def constant(value: float, inputs: int) -> Linear:
    return Linear(float(value), np.zeros(inputs))


def ridge(matrix: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Linear:
    """Weighted ridge; its penalty is the one with the least error where each row in turn is left out.

    The errors come from the leverages (Golub, Heath, Wahba 1979), without fitting anew.

    The weighted mean where there are fewer than ten rows or nothing varies.
    """
    if len(target) < 10 or np.ptp(target) == 0 or matrix.shape[1] == 0:
        mean = float(np.average(target, weights=weight)) if len(target) else 0.0
        return constant(mean, matrix.shape[1])
    root = np.sqrt(weight / weight.mean())
    middle, level = np.average(matrix, axis=0, weights=weight), float(np.average(target, weights=weight))
    inputs, left = (matrix - middle) * root[:, None], (target - level) * root
    weights = _least_left_out(inputs, left, root**2 / len(target))
    return Linear(level - float(middle @ weights), weights)


def _least_left_out(inputs: np.ndarray, left: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The weights whose penalty has the least error where each row in turn is left out; `own`: the leverage
    that each row has on a level."""
    values, vectors = np.linalg.eigh(inputs.T @ inputs)
    values, turned = np.maximum(values, 0.0), inputs @ vectors
    along, squares = turned.T @ left, turned**2

    def error(penalty: float) -> float:
        leverage = squares @ (1 / (values + penalty)) + own
        residual = left - turned @ (along / (values + penalty))
        return float(((residual / (1 - np.minimum(leverage, 0.999))) ** 2).sum())

    best = min(PENALTIES, key=error)
    return np.asarray(vectors @ (along / (values + best)))


def ridge_to_nothing(matrix: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Linear:
    """Weighted ridge without a free level: with little to go by, it predicts 0.

    Each input is taken in its own root mean square; the penalty is chosen as in `ridge`.
    """
    if len(target) == 0:
        return constant(0.0, matrix.shape[1])
    size = np.sqrt((matrix**2).mean(axis=0))
    size = np.where(size > 1e-12, size, np.inf)
    root = np.sqrt(weight / weight.mean())
    inputs, left = matrix / size * root[:, None], target * root
    weights = _least_left_out(inputs, left, np.zeros(len(left)))
    return Linear(0.0, weights / size)


def grow(matrix: np.ndarray, target: np.ndarray, weight: np.ndarray, seed: int) -> Grown:
    """Few small trees, each on a part of rows and inputs: effects are faint, and trees soon learn noise."""
    data = lgb.Dataset(matrix, label=target, weight=weight / weight.mean())
    parameters = {
        "objective": "regression",
        "num_leaves": 5,
        "learning_rate": 0.05,
        "min_data_in_leaf": max(20, len(target) // 100),
        "feature_fraction": 0.3,
        "bagging_fraction": 0.5,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    return Grown(lgb.train(parameters, data, num_boost_round=80).model_to_string())
