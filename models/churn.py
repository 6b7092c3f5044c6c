"""Churn: gradient-boosted trees over the features, calibrated on a later snapshot than the one of the fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit

from features.catalog import Feature
from features.errors import HistoryError, ModelError

MAX_LEVELS = 100
ROWS_FOR_THREADS = 50_000
"""Below, a second thread brings little, and costs tenfold where other work keeps the processors busy."""

SLOPE_BOUNDS = (0.05, 5.0)


@dataclass(frozen=True)
class Columns:
    """The model's inputs in order: numbers, and categories with their known names.

    A name that training has not seen, and a missing value, read as missing.
    """

    numbers: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, features: Sequence[Feature], frame: pd.DataFrame) -> Columns:
        """The inputs that `frame` offers for training; features that never vary are left out."""
        varying = [f for f in features if f.kind != "fact" and frame[f.name].nunique(dropna=False) > 1]
        return cls(
            tuple(f.name for f in varying if f.kind == "number"),
            {f.name: _levels(frame[f.name]) for f in varying if f.kind == "category"},
        )

    @property
    def names(self) -> tuple[str, ...]:
        return self.numbers + tuple(self.categories)

    def matrix(self, frame: pd.DataFrame) -> np.ndarray:
        """Shape (rows, len(names)); raises ModelError where the frame lacks an input."""
        missing = [name for name in self.names if name not in frame.columns]
        if missing:
            raise ModelError(
                "The model was trained on features that these tables don't give: "
                f"{', '.join(missing)}. Add the tables they come from, or train anew without them."
            )
        parts = [frame[name].to_numpy(dtype=float, na_value=np.nan) for name in self.numbers]
        parts += [_codes(frame[name], levels) for name, levels in self.categories.items()]
        return np.column_stack(parts) if parts else np.empty((len(frame), 0))

    def to_dict(self) -> dict[str, Any]:
        return {"numbers": list(self.numbers), "categories": {k: list(v) for k, v in self.categories.items()}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Columns:
        return cls(tuple(values["numbers"]), {k: tuple(v) for k, v in values["categories"].items()})


@dataclass(frozen=True)
class Trees:
    """The size of the ensemble; `min_leaf_share` of the rows at least in each leaf."""

    trees: int = 250
    leaves: int = 7
    learning_rate: float = 0.03
    min_leaf_share: float = 0.002
    seed: int = 7


@dataclass(frozen=True)
class ChurnModel:
    """log-odds = slope · (trees' log-odds) + intercept.

    `usual`: the mean contribution of each input over the customers that contributions are measured from.
    """

    columns: Columns
    trees: str
    slope: float
    intercept: float
    usual: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def _booster(self) -> lgb.Booster:
        try:
            return lgb.Booster(model_str=self.trees)
        except lgb.basic.LightGBMError as error:
            raise ModelError(f"The trees of the churn model can't be read: {error}") from None

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """Churn probability of each row, shape (rows,)."""
        if frame.empty:
            return np.empty(0)
        raw = self._booster.predict(self.columns.matrix(frame), raw_score=True)
        return np.asarray(expit(self.slope * raw + self.intercept))

    def contributions(self, frame: pd.DataFrame) -> tuple[float, pd.DataFrame]:
        """The base log-odds, and each feature's signed SHAP value in calibrated log-odds.

        Shape (rows, inputs). Base plus a row's contributions is that row's log-odds (TreeSHAP, Lundberg et
        al. 2020). Both are measured from the `usual` contributions, where there are any.
        """
        names = list(self.columns.names)
        if frame.empty:
            return self.intercept, pd.DataFrame(columns=names, dtype=float)
        shap = np.asarray(self._booster.predict(self.columns.matrix(frame), pred_contrib=True))
        base = self.slope * float(shap[0, -1]) + self.intercept
        usual = np.array([self.usual.get(name, 0.0) for name in names])
        return base + float(usual.sum()), pd.DataFrame(
            self.slope * shap[:, :-1] - usual, columns=names, index=frame.index
        )

    def measured_from(self, customers: pd.DataFrame) -> ChurnModel:
        """The same model, its base the average of these customers instead of the average of training."""
        if customers.empty:
            return self
        _, contributions = replace(self, usual={}).contributions(customers)
        return replace(self, usual={str(k): float(v) for k, v in contributions.mean().items()})

    def to_dict(self) -> dict[str, Any]:
        return {
            "columns": self.columns.to_dict(),
            "slope": self.slope,
            "intercept": self.intercept,
            "usual": dict(self.usual),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], trees: str) -> ChurnModel:
        usual = {str(name): float(value) for name, value in values["usual"].items()}
        slope, intercept = float(values["slope"]), float(values["intercept"])
        return cls(Columns.from_dict(values["columns"]), trees, slope, intercept, usual)


def fit_churn(frame: pd.DataFrame, features: Sequence[Feature], trees: Trees) -> ChurnModel:
    """Fit on all snapshots of `frame` but the last, calibrate on the last.

    `frame`: customer_id, as_of, the features, and `churned`. With a single snapshot date the customers are
    split instead, three quarters to fit and one to calibrate. Raises HistoryError where nobody or everybody
    churned.
    """
    frame = frame.sort_values(["as_of", "customer_id"], ignore_index=True)
    _require_both_outcomes(frame["churned"])
    later = _calibration_rows(frame)
    columns = Columns.of(features, frame)
    booster = _boost(columns, frame[~later], trees)
    raw = booster.predict(columns.matrix(frame[later]), raw_score=True)
    slope, intercept = platt(np.asarray(raw), frame.loc[later, "churned"].to_numpy(dtype=float))
    return ChurnModel(columns, booster.model_to_string(), slope, intercept)


def platt(raw: np.ndarray, churned: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of Platt's calibration, with his smoothed targets (Platt 1999, section 2.2)."""
    ones, zeros = churned.sum(), (1 - churned).sum()
    target = np.where(churned == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        z = parameters[0] * raw + parameters[1]
        error = expit(z) - target
        return float(np.mean(np.logaddexp(0, z) - target * z)), np.array(
            [np.mean(error * raw), np.mean(error)]
        )

    found = minimize(
        loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[SLOPE_BOUNDS, (-20, 20)]
    )
    return float(found.x[0]), float(found.x[1])


def _require_both_outcomes(churned: pd.Series) -> None:
    if churned.all() or not churned.any():
        what = "Every customer" if churned.all() else "No customer"
        raise HistoryError(
            f"{what} churned in all {len(churned):,} training snapshots, so there is nothing to tell apart. "
            "Change horizon_days or lookback_days."
        )


def _calibration_rows(frame: pd.DataFrame) -> pd.Series:
    last: pd.Series = frame["as_of"] == frame["as_of"].max()
    if not last.all() and frame.loc[~last, "churned"].nunique() == 2:
        return last
    return pd.Series(np.arange(len(frame)) % 4 == 0, index=frame.index)


def _boost(columns: Columns, frame: pd.DataFrame, trees: Trees) -> lgb.Booster:
    """Columns go by their place: LightGBM refuses names that a column of `customers` may well have."""
    data = lgb.Dataset(
        columns.matrix(frame),
        label=frame["churned"].to_numpy(dtype=float),
        categorical_feature=list(range(len(columns.numbers), len(columns.names))),
    )
    parameters = {
        "objective": "binary",
        "num_leaves": trees.leaves,
        "learning_rate": trees.learning_rate,
        "min_data_in_leaf": max(5, int(trees.min_leaf_share * len(frame))),
        "feature_fraction": 0.3,
        "bagging_fraction": 0.5,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
        "seed": trees.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1 if len(frame) < ROWS_FOR_THREADS else 2,
        "verbosity": -1,
    }
    return lgb.train(parameters, data, num_boost_round=trees.trees)


def _levels(values: pd.Series) -> tuple[str, ...]:
    counts = values.dropna().astype(str).value_counts()
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(sorted(str(name) for name, _ in ranked[:MAX_LEVELS]))


def _codes(values: pd.Series, levels: Sequence[str]) -> np.ndarray:
    codes = pd.Index(list(levels), dtype="str").get_indexer(pd.Index(values.astype("str")))
    return np.where(codes < 0, np.nan, codes.astype(float))
