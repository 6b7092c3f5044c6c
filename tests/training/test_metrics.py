"""The figures against scikit-learn and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from training.metrics import calibration_error, churn_metrics, gini, money_metrics, reliability

CHURNED = np.array([1.0, 0.0, 1.0, 0.0])
PROBABILITY = np.array([0.9, 0.8, 0.4, 0.1])


def test_by_hand() -> None:
    found = churn_metrics(CHURNED, PROBABILITY)
    # Of the four pairs of a churner and another, three are in order; precision 1 of 1, then 2 of 3.
    assert found["auroc"] == 0.75
    assert found["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["brier"] == pytest.approx((0.01 + 0.64 + 0.36 + 0.01) / 4)
    assert found["log_loss"] == pytest.approx(-sum(map(math.log, (0.9, 0.2, 0.4, 0.9))) / 4)
    assert found["calibration_error"] == pytest.approx((0.1 + 0.8 + 0.6 + 0.1) / 4)


def test_against_scikit_learn() -> None:
    dice = np.random.default_rng(0)
    probability = dice.random(500)
    churned = (dice.random(500) < probability).astype(float)
    found = churn_metrics(churned, probability)
    assert found["auroc"] == pytest.approx(roc_auc_score(churned, probability))
    assert found["average_precision"] == pytest.approx(average_precision_score(churned, probability))
    assert found["log_loss"] == pytest.approx(log_loss(churned, probability))
    assert found["brier"] == pytest.approx(brier_score_loss(churned, probability))


def test_certainty_that_is_wrong_costs_much_but_not_infinitely_much() -> None:
    assert churn_metrics(np.array([1.0, 0.0]), np.array([0.0, 1.0]))["log_loss"] == pytest.approx(
        -math.log(1e-6)
    )


def test_of_one_outcome_there_is_no_ranking() -> None:
    found = churn_metrics(np.ones(3), np.array([0.5, 0.6, 0.7]))
    assert math.isnan(found["auroc"])
    assert math.isnan(found["average_precision"])
    assert found["brier"] == pytest.approx((0.25 + 0.16 + 0.09) / 3)


def test_reliability_of_ten_equal_bins_by_hand() -> None:
    probability = np.linspace(0, 0.99, 100)
    churned = (np.arange(100) % 10 < np.arange(100) // 10).astype(float)
    shuffled = np.random.default_rng(1).permutation(100)
    predicted, actual = reliability(churned[shuffled], probability[shuffled])
    assert predicted == pytest.approx(np.arange(10) / 10 + 0.045)
    assert actual == pytest.approx(np.arange(10) / 10)
    assert calibration_error(churned, probability) == pytest.approx(0.045)


def test_bins_weigh_as_many_customers_as_they_hold() -> None:
    # Of eleven, the first two share a bin and miss by 0.5; the other nine are right.
    probability = np.append([0.5, 0.5], np.ones(9))
    assert calibration_error(np.append([0.0, 0.0], np.ones(9)), probability) == pytest.approx(2 * 0.5 / 11)


def test_money_by_hand() -> None:
    found = money_metrics(np.array([0.0, 10.0, 30.0]), np.array([5.0, 10.0, 20.0]))
    assert found["clv_mae"] == pytest.approx(5.0)
    assert found["clv_rmse"] == pytest.approx(math.sqrt(125 / 3))
    assert found["clv_predicted_over_actual"] == pytest.approx(35 / 40)
    assert found["clv_gini"] == pytest.approx(1.0)


def test_gini_by_hand() -> None:
    actual = np.array([0.0, 10.0, 30.0])
    # The shares of the richest first: 3/4, 1, 1, whose mean is 11/12; the diagonal's mean is 2/3.
    assert gini(actual, actual) == pytest.approx(11 / 12 - 2 / 3)
    assert gini(actual, -actual) == pytest.approx((0 + 1 / 4 + 1) / 3 - 2 / 3)
    turned = money_metrics(actual, np.array([30.0, 10.0, 0.0]))
    assert turned["clv_gini"] == pytest.approx(-1.0)


def test_money_that_tells_nobody_apart() -> None:
    nobody = money_metrics(np.zeros(3), np.ones(3))
    assert math.isnan(nobody["clv_predicted_over_actual"])
    assert math.isnan(nobody["clv_gini"])
    same = money_metrics(np.full(4, 7.0), np.arange(4.0))
    assert math.isnan(same["clv_gini"])
    assert same["clv_predicted_over_actual"] == pytest.approx(6 / 28)
