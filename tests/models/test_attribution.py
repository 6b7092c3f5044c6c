"""SHAP values against the package `shap`, for few rows and for many, with nulls and categories."""

from __future__ import annotations

import warnings

import lightgbm as lgb
import numpy as np
import pytest

from models import attribution
from models.attribution import shap_values

Text = str


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    """Shape (3000, 6); the last column is a category."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(3000, 6))
    values[rng.random(values.shape) < 0.1] = np.nan
    values[:, 5] = rng.integers(0, 6, 3000)
    return values


@pytest.fixture(scope="module", params=["numbers", "categories", "only categories"])
def text(request: pytest.FixtureRequest, matrix: np.ndarray) -> Text:
    known = np.nan_to_num(matrix)
    used = matrix if request.param != "only categories" else np.where(np.arange(6) == 5, matrix, 0.0)
    target = known[:, 0] + known[:, 1] * known[:, 2] + 3 * np.isin(matrix[:, 5], (1, 4)) > 1
    data = lgb.Dataset(
        used, label=target, categorical_feature=[] if request.param == "numbers" else [5], free_raw_data=False
    )
    parameters = {"objective": "binary", "num_leaves": 7, "verbosity": -1, "num_threads": 1}
    return str(lgb.train(parameters, data, num_boost_round=25).model_to_string())


@pytest.mark.parametrize(
    ("bulk_rows", "small"),
    [(1, True), (1, False), (10_000, True)],
    ids=["many, small trees", "many, large trees", "few"],
)
def test_equal_to_shap(
    text: Text, matrix: np.ndarray, bulk_rows: int, small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attribution, "BULK_ROWS", bulk_rows)
    if not small:
        monkeypatch.setattr(attribution, "cells", lambda _: None)
    monkeypatch.setattr(attribution, "ROWS_AT_ONCE", 170)
    base, values = shap_values(text, matrix[:400])
    booster = lgb.Booster(model_str=text)
    np.testing.assert_allclose(values, by_shap(booster, matrix[:400]), atol=1e-4)
    raw = booster.predict(matrix[:400], raw_score=True)
    np.testing.assert_allclose(base + values.sum(axis=1), raw, atol=1e-4)


def by_shap(booster: lgb.Booster, matrix: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its plots and its output
        import shap

        found = shap.TreeExplainer(booster, feature_perturbation="tree_path_dependent").shap_values(matrix)
    return np.asarray(found[-1] if isinstance(found, list) else found)
