"""Curves against LightGBM's own TreeSHAP, at the thresholds too."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from models.stumps import contributions, curves


@pytest.mark.parametrize("missing", [0.0, 0.2], ids=["all known", "some missing"])
def test_equal_to_treeshap(missing: float) -> None:
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(1500, 4)).round(1)
    matrix[rng.random(matrix.shape) < missing] = np.nan
    target = np.nansum(matrix[:, :2], axis=1) + rng.normal(size=1500) > 0.3
    parameters = {"objective": "binary", "num_leaves": 2, "verbosity": -1, "num_threads": 1}
    halves = (matrix[:750], target[:750]), (matrix[750:, :2], target[750:])
    models = [lgb.train(parameters, lgb.Dataset(rows, label), num_boost_round=60) for rows, label in halves]
    texts = [model.model_to_string() for model in models]
    every = [t for text in texts for curve in curves(text).values() for t in curve.thresholds]
    thresholds = [t for t in every if abs(t) > 1e-30]  # a hair beside 0 LightGBM rounds
    asked = np.concatenate([matrix[:300], np.tile(np.array(thresholds)[:, None], 4), np.full((1, 4), np.nan)])
    for added, model in zip(contributions(texts, asked), models, strict=True):
        inputs = model.num_feature()
        shap = model.predict(asked[:, :inputs], pred_contrib=True)
        np.testing.assert_allclose(added[:, :inputs], shap[:, :-1], atol=1e-10)
        np.testing.assert_array_equal(added[:, inputs:], 0.0)


def test_without_any_split_nothing_is_added() -> None:
    data = lgb.Dataset(np.zeros((50, 2)), label=np.arange(50) % 2)
    booster = lgb.train({"objective": "binary", "num_leaves": 2, "verbosity": -1}, data, num_boost_round=2)
    assert (next(contributions([booster.model_to_string()], np.ones((3, 2)))) == 0).all()
