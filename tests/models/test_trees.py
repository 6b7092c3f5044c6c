"""The trees: what the offset leaves open, in sums that are those of the package shap."""

from __future__ import annotations

import warnings
from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from features.catalog import Feature
from features.errors import ModelError
from models.columns import Columns
from models.trees import Ensemble, Trees, grow

ROWS = 1500
SMALL = Trees(trees=30, learning_rate=0.1)
CHURN: dict[str, object] = {"objective": "binary"}
FEATURES = (
    Feature("x", "rhythm", "days", "x"),
    Feature("y", "spend", "money", "y"),
    Feature("place", "profile", "name", "place", kind="category"),
)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    dice = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "x": dice.normal(size=ROWS),
            "y": np.where(dice.random(ROWS) < 0.3, np.nan, dice.gamma(2, 10, ROWS)),
            "place": pd.array(dice.choice(np.array(["north", "south", None]), ROWS), dtype="str"),
        }
    )


@pytest.fixture(scope="module")
def truth(frame: pd.DataFrame) -> np.ndarray:
    return np.asarray(1.5 * frame["x"] + (frame["place"] == "north"))


@pytest.fixture(scope="module")
def churned(truth: np.ndarray) -> np.ndarray:
    return (np.random.default_rng(2).random(ROWS) < expit(truth)).astype(float)


def grown(
    frame: pd.DataFrame, churned: np.ndarray, offset: np.ndarray | None = None, seed: int = 7
) -> Ensemble:
    given = np.zeros(ROWS) if offset is None else offset
    return grow(Columns.of(FEATURES, frame), frame, churned, given, replace(SMALL, seed=seed), CHURN)


@pytest.fixture(scope="module")
def ensemble(frame: pd.DataFrame, churned: np.ndarray) -> Ensemble:
    return grown(frame, churned)


def test_the_prediction_is_lightgbms_own(frame: pd.DataFrame, ensemble: Ensemble) -> None:
    raw = lgb.Booster(model_str=ensemble.text).predict(ensemble.columns.matrix(frame), raw_score=True)
    assert ensemble.predict(frame).tobytes() == np.asarray(raw).tobytes()


def test_trees_find_the_truth(frame: pd.DataFrame, truth: np.ndarray, ensemble: Ensemble) -> None:
    assert np.corrcoef(ensemble.predict(frame), truth)[0, 1] > 0.9


def test_what_the_offset_says_is_not_learnt_again(
    frame: pd.DataFrame, truth: np.ndarray, churned: np.ndarray, ensemble: Ensemble
) -> None:
    rest = grown(frame, churned, truth)
    assert np.std(rest.predict(frame)) < np.std(ensemble.predict(frame)) / 3
    moved = grown(frame, churned, np.full(ROWS, 2.0))
    assert np.mean(moved.predict(frame)) == pytest.approx(np.mean(ensemble.predict(frame)) - 2.0, abs=0.3)


def test_contributions_are_those_of_shap(frame: pd.DataFrame, churned: np.ndarray) -> None:
    numbers = Columns(("x", "y"), {})
    ensemble = grow(numbers, frame, churned, np.zeros(ROWS), SMALL, CHURN)
    sample = frame.head(200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

        explainer = shap.TreeExplainer(lgb.Booster(model_str=ensemble.text))
        explainer.model.model_type = "internal"  # shap's own algorithm, which else asks LightGBM
        values = explainer.shap_values(numbers.matrix(sample))
    base, contributions = ensemble.contributions(sample)
    np.testing.assert_allclose(contributions, values, atol=1e-4)
    assert base == pytest.approx(float(np.ravel(explainer.expected_value)[-1]), abs=1e-4)


def test_contributions_add_up(frame: pd.DataFrame, ensemble: Ensemble) -> None:
    base, contributions = ensemble.contributions(frame)
    assert contributions.shape == (ROWS, 3)
    np.testing.assert_allclose(base + contributions.sum(axis=1), ensemble.predict(frame), atol=1e-9)


def test_money_keeps_its_mean(frame: pd.DataFrame, truth: np.ndarray) -> None:
    spent = np.random.default_rng(3).gamma(0.8, np.exp(truth / 2) / 0.8)
    columns = Columns.of(FEATURES, frame)
    objective: dict[str, object] = {"objective": "tweedie", "tweedie_variance_power": 1.2}
    ensemble = grow(columns, frame, spent, np.zeros(ROWS), Trees(trees=100, learning_rate=0.1), objective)
    assert np.exp(ensemble.predict(frame)).mean() == pytest.approx(spent.mean(), rel=0.05)


def test_the_seed_decides(frame: pd.DataFrame, churned: np.ndarray, ensemble: Ensemble) -> None:
    assert grown(frame, churned) == ensemble
    assert grown(frame, churned, seed=8).text != ensemble.text


def test_any_name_may_be_an_input(frame: pd.DataFrame, churned: np.ndarray, ensemble: Ensemble) -> None:
    odd = 'attribute_tier: [a, b] {"c"}'
    columns = Columns((odd, "y"), ensemble.columns.categories)
    renamed = frame.rename(columns={"x": odd})
    other = grow(columns, renamed, churned, np.zeros(ROWS), SMALL, CHURN)
    assert other.predict(renamed).tobytes() == ensemble.predict(frame).tobytes()


def test_damaged_trees_are_refused(frame: pd.DataFrame, ensemble: Ensemble) -> None:
    with pytest.raises(ModelError, match="The trees of the model can't be read"):
        Ensemble(ensemble.columns, "no trees").predict(frame)
