"""Balance by hand, under a draw by lot, and where somebody chose."""

from __future__ import annotations

import numpy as np
import pytest

from models.uplift.balance import RARE, balance, overlap


def test_by_hand() -> None:
    """One campaign, values 1, 3 treated and 2, 2 control: no difference; 3, 4 against 1, 2: two units, and
    the deviation of 1, 2, 3, 4 is √1.25."""
    treated, group = np.array([1.0, 1, 0, 0]), np.zeros(4)
    even = balance(np.array([[1.0], [3], [2], [2]]), ("x",), treated, group)
    assert even.differences == {"x": pytest.approx(0)}
    assert even.probability == pytest.approx(1)
    uneven = balance(np.array([[3.0], [4], [1], [2]]), ("x",), treated, group)
    assert uneven.differences == {"x": pytest.approx(2 / 1.25**0.5)}


def test_by_lot_it_is_called_so_as_often_as_it_should() -> None:
    dice = np.random.default_rng(0)
    low = 0
    for _ in range(300):
        matrix, group = dice.normal(size=(200, 5)) ** 3, dice.integers(0, 3, 200)
        treated = (dice.random(200) < np.array([0.3, 0.5, 0.8])[group]).astype(float)
        low += balance(matrix, tuple("abcde"), treated, group).probability < 0.1
    assert 15 <= low <= 50


def test_between_campaigns_arms_may_differ() -> None:
    """Many treated in a campaign to the rich, few in one to the poor: within each, no difference."""
    dice = np.random.default_rng(1)
    group = dice.integers(0, 2, 4_000)
    matrix = (5.0 * group + dice.normal(size=4_000))[:, None]
    treated = (dice.random(4_000) < np.where(group == 1, 0.9, 0.2)).astype(float)
    assert balance(matrix, ("money",), treated, group).by_lot
    assert not balance(matrix, ("money",), treated, np.zeros(4_000)).by_lot


def test_a_choice_is_told() -> None:
    dice = np.random.default_rng(2)
    matrix = dice.normal(size=(2_000, 3))
    treated = (matrix[:, 1] + dice.normal(size=2_000) > 0).astype(float)
    found = balance(matrix, ("a", "b", "c"), treated, np.zeros(2_000))
    assert not found.by_lot
    assert found.unbalanced == ["b"]
    assert "not by chance" in found.says
    assert "1 of 3 inputs" in found.says


def test_one_arm_alone_tells_nothing() -> None:
    found = balance(np.ones((5, 1)), ("x",), np.ones(5), np.zeros(5))
    assert found.by_lot
    assert found.differences == {}


def test_overlap_finds_the_chances_and_limits_them() -> None:
    dice = np.random.default_rng(3)
    matrix = dice.normal(size=(6_000, 1)) * 3
    chance = 1 / (1 + np.exp(-2 * matrix[:, 0]))
    treated = (dice.random(6_000) < chance).astype(float)
    found = overlap(matrix, treated)
    assert np.abs(found.propensity - np.clip(chance, RARE, 1 - RARE)).mean() < 0.02
    assert found.propensity.min() == RARE
    assert found.comparable == pytest.approx(((chance > RARE) & (chance < 1 - RARE)).mean(), abs=0.03)
    assert found.effective < 6_000
