"""The ridge against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV

from models.uplift.fits import PENALTIES, Mean, constant, fit_from_dict, grow, ridge, ridge_to_nothing


def _rows(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    dice = np.random.default_rng(seed)
    matrix = dice.normal(size=(rows, 6)) * [1, 2, 0.5, 1, 3, 1] + 4
    target = matrix @ [0.5, 0, -1, 0, 0.1, 0] + dice.normal(0, 2, rows)
    return matrix, target, dice.uniform(0.5, 3, rows)


@pytest.mark.parametrize(("rows", "seed"), [(40, 0), (400, 1), (3_000, 2)])
def test_it_is_that_of_scikit_learn(rows: int, seed: int) -> None:
    matrix, target, _ = _rows(rows, seed)
    found = ridge(matrix, target, np.ones(rows))
    other = RidgeCV(alphas=PENALTIES).fit(matrix, target)
    np.testing.assert_allclose(found.weights, other.coef_, rtol=1e-6)
    assert found.intercept == pytest.approx(other.intercept_)


def test_weights_count_as_scikit_learn_counts_them() -> None:
    matrix, target, weight = _rows(500, 3)
    found = ridge(matrix, target, weight)
    other = RidgeCV(alphas=PENALTIES).fit(matrix, target, sample_weight=weight / weight.mean())
    np.testing.assert_allclose(found.weights, other.coef_, rtol=1e-6)
    assert found.intercept == pytest.approx(other.intercept_)


def test_the_ridge_without_a_level_is_that_of_scikit_learn() -> None:
    matrix, target, _ = _rows(600, 5)
    size = np.sqrt((matrix**2).mean(axis=0))
    found = ridge_to_nothing(matrix, target, np.ones(600))
    other = RidgeCV(alphas=PENALTIES, fit_intercept=False).fit(matrix / size, target)
    np.testing.assert_allclose(found.weights * size, other.coef_, rtol=1e-6)
    assert found.intercept == 0


def test_an_input_that_is_always_0_and_no_rows_at_all_predict_nothing_of_it() -> None:
    matrix, target, weight = _rows(100, 6)
    matrix[:, 2] = 0
    assert ridge_to_nothing(matrix, target, weight).weights[2] == 0
    assert ridge_to_nothing(matrix[:0], target[:0], weight[:0]).predict(matrix).tolist() == [0.0] * 100


def test_the_mean_of_fits() -> None:
    both = Mean((constant(2.0, 3), constant(5.0, 3)))
    assert both.predict(np.zeros((2, 3))).tolist() == [3.5, 3.5]


def test_few_rows_and_constant_targets_give_the_mean() -> None:
    matrix = np.random.default_rng(0).normal(size=(9, 3))
    found = ridge(matrix, np.arange(9.0), np.ones(9))
    assert found.predict(matrix).tolist() == [4.0] * 9
    assert ridge(matrix[:0], np.zeros(0), np.zeros(0)).intercept == 0


def test_fits_come_back_from_json() -> None:
    matrix, target, weight = _rows(300, 4)
    line, trees = ridge(matrix, target, weight), grow(matrix, target, weight, 1)
    for fit in (line, trees, constant(2.5, 6), Mean((line, trees))):
        np.testing.assert_array_equal(fit_from_dict(fit.to_dict()).predict(matrix), fit.predict(matrix))
