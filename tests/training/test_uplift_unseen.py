"""What is said of a row comes from other customers only; noise, and money without it, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.uplift.fits import Linear
from models.uplift.foretold import NAMES
from models.uplift.learners import LEARNERS, Arms
from models.uplift.model import Worth
from training.uplift_unseen import Rows, precision, unseen

CUSTOMERS = pd.Series([f"C{number // 2}" for number in range(600)])


def _rows(seed: int = 0) -> Rows:
    """Two contacts a customer; two inputs, the second one the offer's."""
    dice = np.random.default_rng(seed)
    matrix, treated = dice.normal(size=(600, 2)), dice.integers(0, 2, 600).astype(float)
    orders = dice.poisson(np.exp(0.3 * matrix[:, 0])).astype(float)
    redeemed = treated * (orders > 0) * (dice.random(600) < 0.6)
    money = {"revenue": 20 * orders - 5 * redeemed, "profit": 8 * orders - 5 * redeemed}
    arms = Arms.equal(matrix, treated, np.full(600, 0.5))
    return Rows(arms, 1, np.full(600, 5.0), {"orders": orders, **money}, redeemed, np.ones(600))


@pytest.fixture(scope="module")
def rows() -> Rows:
    return _rows()


def test_nothing_said_of_a_customer_comes_from_their_own_outcomes(rows: Rows) -> None:
    """Customer 7 orders a hundred times: others are seen differently then, the two rows of 7 are not."""
    own = (CUSTOMERS == "C7").to_numpy()
    outcome = {name: np.where(own, 100.0, values) for name, values in rows.outcome.items()}
    seen, other = unseen(rows, CUSTOMERS), unseen(replace(rows, outcome=outcome), CUSTOMERS)
    assert not (seen.stakes.redeeming - other.stakes.redeeming)[own].any()
    assert not (seen.arms.matrix - other.arms.matrix)[own].any()
    before, after = rows.outcome["orders"] - seen.left, outcome["orders"] - other.left
    np.testing.assert_allclose(after[own], before[own])
    assert not np.allclose(after[~own], before[~own])


def test_effects_of_a_row_are_learnt_without_its_customer(rows: Rows) -> None:
    seen = unseen(rows, CUSTOMERS)
    own = (CUSTOMERS == "C7").to_numpy()
    other = replace(seen, left=np.where(own, 50.0, seen.left))
    learner = LEARNERS["T linear"]
    np.testing.assert_array_equal(seen.effects(learner)[own], other.effects(learner)[own])
    assert not np.array_equal(seen.effects(learner), other.effects(learner))


def test_what_is_foretold_stands_beside_the_inputs(rows: Rows) -> None:
    seen = unseen(rows, CUSTOMERS)
    np.testing.assert_array_equal(seen.arms.matrix[:, :2], rows.arms.matrix)
    told = dict(zip(NAMES, seen.arms.matrix[:, 2:].T, strict=True))
    np.testing.assert_allclose(told["usual orders"], rows.outcome["orders"] - seen.left)
    np.testing.assert_array_equal(told["redeemed"], seen.stakes.redeeming)


def test_profit_of_an_effect_by_hand(rows: Rows) -> None:
    """0.2 orders at what an order is worth, less 5 for each that redeems."""
    seen = unseen(rows, CUSTOMERS)
    expected = 0.2 * seen.stakes.each["profit"] - 5 * np.maximum(seen.stakes.redeeming, 0.2)
    np.testing.assert_allclose(seen.profit(np.full(600, 0.2)), expected)


def test_steadied_money_by_hand(rows: Rows) -> None:
    worth = Worth(Linear(30.0, np.zeros(2)), Linear(10.0, np.zeros(2)))
    found = rows.steadied(worth).outcome
    np.testing.assert_allclose(found["profit"], 10 * rows.outcome["orders"] - 5 * rows.redeemed)
    np.testing.assert_allclose(found["revenue"], 30 * rows.outcome["orders"] - 5 * rows.redeemed)


def test_poisson_outcomes_count_by_one_over_their_mean() -> None:
    dice = np.random.default_rng(0)
    mean = dice.uniform(0.5, 5, 200_000)
    found = precision(mean, dice.poisson(mean) - mean)
    assert found.mean() == pytest.approx(1)
    np.testing.assert_allclose(found * mean / (found * mean).mean(), 1, atol=0.1)


def test_nobody_counts_without_limit() -> None:
    expected = np.array([0.0] * 10 + [100.0] * 10)
    found = precision(expected, expected)
    assert found.max() / found.min() == pytest.approx(40)
    assert precision(np.ones(3), np.zeros(3)).tolist() == [1, 1, 1]
