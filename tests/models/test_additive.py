"""The additive model against scikit-learn's generalised linear models, and its curves by hand."""

from __future__ import annotations

import json
from math import log1p

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, TweedieRegressor

from features.errors import ModelError
from models import additive, losses
from models.additive import FARTHEST, Additive, Curve, Shape, fit_additive

ROWS = 800
NAMES = ("x", "y", "gain")
CURVE = Curve("x", centre=1.0, scale=2.0, bends=(0.5,), slopes=(1.0, -3.0), level=0.25)


def inputs(seed: int = 1) -> pd.DataFrame:
    """Bounded, so that nothing lies so far out that it is cut off."""
    dice = np.random.default_rng(seed)
    return pd.DataFrame(
        {"x": dice.uniform(0, 50, ROWS), "y": dice.uniform(0, 3, ROWS), "gain": dice.uniform(-9, 9, ROWS)}
    )


def standardised(frame: pd.DataFrame) -> np.ndarray:
    logs = np.sign(frame) * np.log1p(np.abs(frame))
    return np.asarray((logs - logs.mean()) / logs.std(ddof=0))


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return inputs()


@pytest.fixture(scope="module")
def churned(frame: pd.DataFrame) -> np.ndarray:
    risk = expit(standardised(frame) @ [1.0, -0.5, 0.2] - 0.4)
    return (np.random.default_rng(2).random(ROWS) < risk).astype(float)


@pytest.fixture(scope="module")
def bent(frame: pd.DataFrame, churned: np.ndarray) -> Additive:
    holes = frame.assign(y=frame["y"].where(frame["y"] > 0.5))
    return fit_additive(NAMES, holes, churned, np.zeros(ROWS), Shape(losses.churn, bends=3, ridge=1.0))


def slopes(model: Additive) -> list[float]:
    return [slope for curve in model.curves for slope in curve.slopes]


def straight(ridge: float = 0.0) -> Shape:
    return Shape(losses.churn, bends=0, ridge=ridge)


def test_straight_lines_are_those_of_a_logistic_regression(frame: pd.DataFrame, churned: np.ndarray) -> None:
    design = standardised(frame)
    for ridge, c in ((0.0, np.inf), (25.0, 1 / 25)):
        model = fit_additive(NAMES, frame, churned, np.zeros(ROWS), straight(ridge))
        peer = LogisticRegression(C=c, tol=1e-10, max_iter=1000).fit(design, churned)
        assert slopes(model) == pytest.approx(list(peer.coef_[0]), abs=1e-3)
        np.testing.assert_allclose(model.predict(frame), design @ peer.coef_[0], atol=5e-3)


def test_what_the_offset_says_is_left_out(frame: pd.DataFrame, churned: np.ndarray) -> None:
    """With the whole effect of y (and a constant) as offset, only the other slopes are those of the peer."""
    design = standardised(frame)
    peer = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(design, churned)
    offset = peer.coef_[0, 1] * design[:, 1] + 3.0
    model = fit_additive(NAMES, frame, churned, offset, straight())
    assert slopes(model) == pytest.approx([peer.coef_[0, 0], 0.0, peer.coef_[0, 2]], abs=1e-3)


def test_money_is_fitted_as_by_a_tweedie_regression(frame: pd.DataFrame) -> None:
    dice = np.random.default_rng(3)
    design = standardised(frame)
    mean = np.exp(design @ [0.6, -0.3, 0.0])
    spent = np.where(dice.random(ROWS) < 0.6, 0.0, dice.gamma(2.0, mean / 2 / 0.4))
    model = fit_additive(NAMES, frame, spent, np.zeros(ROWS), Shape(losses.money, bends=0, ridge=0.0))
    peer = TweedieRegressor(power=losses.POWER, link="log", alpha=0, tol=1e-8, max_iter=1000).fit(
        design, spent
    )
    assert slopes(model) == pytest.approx(list(peer.coef_), abs=2e-3)


def test_a_bend_finds_the_turn_of_a_line() -> None:
    """The truth rises up to the median of x and falls beyond it."""
    dice = np.random.default_rng(4)
    frame = pd.DataFrame({"x": dice.uniform(0, 20, 4000)})
    standard = standardised(frame)[:, 0]
    turn = np.median(standard)
    truth = 1.5 * standard - 3.0 * np.maximum(standard - turn, 0)
    churned = (dice.random(4000) < expit(truth)).astype(float)
    [curve] = fit_additive(["x"], frame, churned, np.zeros(4000), Shape(losses.churn, 1, 0.0)).curves
    assert curve.bends == pytest.approx((turn,))
    assert curve.slopes == pytest.approx((1.5, -3.0), abs=0.3)


def test_a_curve_by_hand() -> None:
    # (log(1 + 3) - 1) / 2 = 0.1931 lies before the bend, (log(1 + 19) - 1) / 2 = 0.9979 beyond it.
    first, second = (log1p(3) - 1) / 2, (log1p(19) - 1) / 2
    below = (-log1p(3) - 1) / 2
    expected = [first - 0.25, second - 3 * (second - 0.5) - 0.25, below - 0.25, 0.0]
    assert CURVE.of(np.array([3.0, 19.0, -3.0, np.nan])) == pytest.approx(expected)


def test_beyond_four_deviations_nothing_more_is_added() -> None:
    edge = np.expm1(1.0 + 2.0 * FARTHEST)
    assert len(set(CURVE.of(np.array([edge + 1, 1e9, 1e300, np.inf])))) == 1
    assert CURVE.of(np.array([edge * 0.9]))[0] != CURVE.of(np.array([edge + 1]))[0]
    assert len(set(CURVE.of(-np.array([edge * 9, 1e300, np.inf])))) == 1


def test_contributions_add_up_and_average_to_nothing(frame: pd.DataFrame, bent: Additive) -> None:
    holes = frame.assign(y=frame["y"].where(frame["y"] > 0.5))
    contributions = bent.contributions(holes)
    assert contributions.shape == (ROWS, 3)
    np.testing.assert_allclose(contributions.sum(axis=1), bent.predict(holes))
    np.testing.assert_allclose(contributions.mean(axis=0), 0.0, atol=1e-12)
    missing = holes["y"].isna().to_numpy()
    assert missing.any()
    assert (contributions[missing, 1] == 0).all()
    assert (contributions[~missing, 1] != 0).all()


def test_what_never_varies_is_left_out(frame: pd.DataFrame, churned: np.ndarray) -> None:
    odd = frame.assign(y=3.0, gain=np.where(np.arange(ROWS) < 9, 2.0, np.nan), none=np.nan)
    odd["rounded"] = np.where(np.arange(ROWS) % 2, 0.1 + 0.2, 0.3)
    model = fit_additive((*odd.columns,), odd, churned, np.zeros(ROWS), straight())
    assert model.names == ("x",)
    nothing = fit_additive(("y",), odd, churned, np.zeros(ROWS), straight())
    assert nothing.names == ()
    assert nothing.predict(odd).tolist() == [0.0] * ROWS


def test_a_great_ridge_leaves_nothing(frame: pd.DataFrame, churned: np.ndarray) -> None:
    model = fit_additive(NAMES, frame, churned, np.zeros(ROWS), straight(1e7))
    assert slopes(model) == pytest.approx([0.0] * 3, abs=1e-3)


def test_many_rows_are_thinned_evenly(
    frame: pd.DataFrame, churned: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    third = slice(None, None, 3)
    alone = fit_additive(NAMES, frame[third], churned[third], np.ones(ROWS)[third], straight())
    monkeypatch.setattr(additive, "MOST_ROWS", 300)
    assert fit_additive(NAMES, frame, churned, np.ones(ROWS), straight()) == alone


@settings(deadline=None, max_examples=30)
@given(
    values=arrays.arrays(
        float, 40, elements=st.one_of(st.floats(-1e12, 1e12), st.sampled_from([0.0, np.nan, np.inf, -np.inf]))
    )
)
def test_any_input_gives_finite_predictions(values: np.ndarray) -> None:
    frame = pd.DataFrame({"x": values})
    churned = np.arange(40) % 2.0
    model = fit_additive(["x"], frame, churned, np.zeros(40), Shape(losses.churn, bends=3, ridge=1.0))
    assert np.isfinite(model.predict(frame)).all()


def test_json_gives_the_same_bytes_of_predictions(frame: pd.DataFrame, bent: Additive) -> None:
    again = Additive.from_dict(json.loads(json.dumps(bent.to_dict())))
    assert again == bent
    assert again.predict(frame).tobytes() == bent.predict(frame).tobytes()


def test_missing_inputs_are_named(frame: pd.DataFrame, bent: Additive) -> None:
    with pytest.raises(ModelError, match="these tables don't give: x, gain"):
        bent.predict(frame[["y"]])
