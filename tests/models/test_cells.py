"""SHAP values by cells against LightGBM's own, with nulls, categories, and values on the very thresholds."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import ModelError
from models import cells as module
from models.cells import cells


def trained(seed: int, leaves: int, missing: bool, categories: bool, constant: bool = False) -> lgb.Booster:
    dice = np.random.default_rng(seed)
    matrix = np.round(dice.normal(size=(800, 5)), 1)
    matrix[:, 4] = dice.integers(0, 8, 800)
    if missing:
        matrix[dice.random(matrix.shape) < 0.1] = np.nan
    known = np.nan_to_num(matrix)
    target = (known[:, 0] + known[:, 1] * known[:, 2] + np.isin(known[:, 4], (1, 4, 6)) > 0.5).astype(float)
    data = lgb.Dataset(
        matrix * (not constant),
        label=target,
        categorical_feature=[4] if categories else [],
        params={"min_data_in_bin": 1, "verbosity": -1},
    )
    rules = {"objective": "binary", "num_leaves": leaves, "verbosity": -1, "num_threads": 1, "cat_smooth": 1}
    return lgb.train(rules, data, num_boost_round=8)


@settings(deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 10_000),
    leaves=st.integers(2, 8),
    missing=st.booleans(),
    categories=st.booleans(),
)
def test_equal_to_lightgbm_everywhere(seed: int, leaves: int, missing: bool, categories: bool) -> None:
    model = trained(seed, leaves, missing, categories)
    found = cells(model.model_to_string())
    assert found is not None
    dice = np.random.default_rng(seed)
    rows = np.round(dice.normal(scale=2, size=(300, 5)), 1)
    rows[:, 4] = dice.integers(-4, 24, 300) / 2
    rows[dice.random(rows.shape) < 0.1] = np.nan
    edges = [edge for bins in found.bins.values() for edge in bins.edges if abs(edge) > 1e-30][:100]
    rows[: len(edges), :4] = np.array(edges)[:, None]
    told = np.asarray(model.predict(rows, pred_contrib=True))
    np.testing.assert_allclose(found.contributions(rows), told[:, :-1], atol=1e-10)
    assert found.base == pytest.approx(told[0, -1])


def test_rows_in_parts_are_read_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    found = cells(trained(1, 5, missing=True, categories=True).model_to_string())
    assert found is not None
    rows = np.random.default_rng(2).normal(size=(50, 5))
    whole = found.contributions(rows)
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 7)
    np.testing.assert_array_equal(found.contributions(rows), whole)
    assert found.contributions(rows[:0]).shape == (0, 5)


def test_a_model_without_a_split() -> None:
    model = trained(1, 4, missing=False, categories=False, constant=True)
    found = cells(model.model_to_string())
    assert found is not None
    assert found.trees == ()
    rows = np.ones((3, 5))
    np.testing.assert_array_equal(found.contributions(rows), np.zeros((3, 5)))
    assert found.base == pytest.approx(model.predict(rows, raw_score=True)[0])


def test_trees_that_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_CELLS", 20)
    assert cells(trained(3, 8, missing=True, categories=False).model_to_string()) is None


def test_a_text_without_trees() -> None:
    with pytest.raises(ModelError, match=r"^The trees of the model can't be read: "):
        cells("no trees")
