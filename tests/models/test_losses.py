"""The losses against scikit-learn, and their derivatives against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import log_loss, mean_tweedie_deviance

from models import losses

STEP = 1e-5


@given(prediction=st.floats(-20, 20), outcome=st.sampled_from([0.0, 1.0]))
def test_the_derivative_of_churn_is_its_slope(prediction: float, outcome: float) -> None:
    around = np.array([prediction - STEP, prediction, prediction + STEP])
    loss, by = losses.churn(around, np.full(3, outcome))
    assert by[1] == pytest.approx((loss[2] - loss[0]) / (2 * STEP), abs=1e-5)


@given(prediction=st.floats(-8, 8), outcome=st.floats(0, 50))
def test_the_derivative_of_money_is_its_slope(prediction: float, outcome: float) -> None:
    around = np.array([prediction - STEP, prediction, prediction + STEP])
    loss, by = losses.money(around, np.full(3, outcome))
    assert by[1] == pytest.approx((loss[2] - loss[0]) / (2 * STEP), rel=1e-4, abs=1e-4)


@given(outcome=st.floats(1e-3, 1e3), by=st.floats(-3, 3))
def test_money_costs_least_where_the_mean_is_right(outcome: float, by: float) -> None:
    right, other = losses.money(np.log(outcome) + np.array([0.0, by]), np.full(2, outcome))[0]
    assert right <= other * (1 + 1e-12)


def test_churn_is_the_log_loss_of_scikit_learn() -> None:
    dice = np.random.default_rng(1)
    log_odds, churned = dice.normal(0, 2, 200), (dice.random(200) < 0.4).astype(float)
    assert losses.churn(log_odds, churned)[0].mean() == pytest.approx(log_loss(churned, expit(log_odds)))


def test_money_is_half_the_tweedie_deviance_of_scikit_learn_but_for_a_constant() -> None:
    dice = np.random.default_rng(2)
    spent = np.where(dice.random(200) < 0.5, 0.0, dice.gamma(2, 1, 200))
    logs = dice.normal(0, 1, (2, 200))
    ours = [losses.money(one, spent)[0].mean() for one in logs]
    theirs = [mean_tweedie_deviance(spent, np.exp(one), power=losses.POWER) / 2 for one in logs]
    assert ours[0] - ours[1] == pytest.approx(theirs[0] - theirs[1])


@given(prediction=st.floats(-1e6, 1e6), outcome=st.floats(0, 1e6))
def test_both_stay_finite(prediction: float, outcome: float) -> None:
    money = losses.money(np.array([prediction]), np.array([outcome]))
    churn = losses.churn(np.array([prediction]), np.array([float(outcome > 1)]))
    assert np.isfinite([*money, *churn]).all()
