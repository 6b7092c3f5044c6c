"""Gradient-boosted trees as Amity grows them: many small ones, each on a part of the rows and inputs."""

from __future__ import annotations

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
import pandas as pd

from models.attribution import shap_values
from models.booster import booster
from models.columns import Columns

FEWEST_CUSTOMERS = 100
"""Of either outcome: with fewer there is too little for trees to tell apart."""


@dataclass(frozen=True)
class Trees:
    """The size of the ensemble; `min_leaf_share` of the rows at least in each leaf."""

    trees: int = 350
    leaves: int = 7
    learning_rate: float = 0.03
    min_leaf_share: float = 0.002
    seed: int = 7


@dataclass(frozen=True)
class Ensemble:
    """Grown trees: their inputs, and LightGBM's own text."""

    columns: Columns
    text: str

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """The sum of the leaves each row falls into, in the logarithm that was learnt; shape (rows,)."""
        return np.asarray(booster(self.text).predict(self.columns.matrix(frame), raw_score=True))

    def contributions(self, frame: pd.DataFrame) -> tuple[float, np.ndarray]:
        """The base, and each input's SHAP value (TreeSHAP, Lundberg et al. 2020), shape (rows, inputs)."""
        return shap_values(self.text, self.columns.matrix(frame))


def grow(
    columns: Columns,
    frame: pd.DataFrame,
    target: np.ndarray,
    offset: np.ndarray,
    trees: Trees,
    objective: dict[str, object],
) -> Ensemble:
    """Trees that say what `offset` leaves open of `target`; `target` and `offset` are (rows,).

    `objective`: LightGBM's name of what is learnt, and its parameters. One thread: two wait for each other,
    tenfold where other work keeps the processors busy. Columns go by their place: LightGBM refuses names that
    a column of `customers` may well have.
    """
    data = lgb.Dataset(
        columns.matrix(frame),
        label=target,
        init_score=offset,
        categorical_feature=columns.places_of_categories,
    )
    parameters = {
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
        "num_threads": 1,
        "verbosity": -1,
    }
    booster = lgb.train(parameters | objective, data, num_boost_round=trees.trees)
    return Ensemble(columns, booster.model_to_string())
