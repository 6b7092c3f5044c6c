"""The Qini curve by hand, and what must hold of it."""

from __future__ import annotations

import numpy as np
import pytest

from models.uplift.qini import coefficient, compare, curve, scores

PREDICTED = np.array([4.0, 1.0, 3.0, 2.0])
SCORE = np.array([2.0, 3.0, 0.0, -1.0])
"""In the order of the prediction: 2, 0, −1, 3."""


def test_the_curve_by_hand() -> None:
    share, gain = curve(PREDICTED, SCORE)
    assert share.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert gain.tolist() == [0, 0.5, 0.5, 0.25, 1]


def test_the_coefficient_by_hand() -> None:
    """Trapezes of width ¼: (0 + ½ + ½ + ½ + ½ + ¼ + ¼ + 1) / 8 = 0.4375, less half of the end, ½."""
    assert coefficient(PREDICTED, SCORE) == pytest.approx(0.4375 - 0.5)


def test_customers_predicted_alike_are_treated_together() -> None:
    assert coefficient(np.zeros(4), SCORE) == 0
    share, gain = curve(np.array([1.0, 1.0, 0.0, 0.0]), SCORE)
    assert share.tolist() == [0, 0.5, 1]
    assert gain.tolist() == [0, 1.25, 1]


def test_with_equal_arms_the_curve_is_radcliffe_s() -> None:
    """With a fair coin a score is ± twice the outcome; Radcliffe counts R_t − R_c · N_t ÷ N_c."""
    outcome, treated = np.array([1.0, 0.0, 1.0, 1.0]), np.array([1.0, 0.0, 1.0, 0.0])
    zero = np.zeros(4)
    found = scores(outcome, treated, np.full(4, 0.5), (zero, zero))
    assert found.tolist() == [2, 0, 2, -2]
    _, gain = curve(np.array([4.0, 3.0, 2.0, 1.0]), found)
    assert gain[-1] == pytest.approx(2 * (2 - 1 * 2 / 2) / 4)


def test_scores_are_right_in_the_mean_whatever_is_taken_for_usual() -> None:
    dice = np.random.default_rng(0)
    chance = dice.uniform(0.2, 0.8, 200_000)
    treated = (dice.random(len(chance)) < chance).astype(float)
    outcome = 3 * chance + 0.7 * treated + dice.normal(size=len(chance))
    wrong = (np.full(len(chance), 1.0), np.full(len(chance), 0.5))
    found = scores(outcome, treated, chance, wrong)
    assert found.mean() == pytest.approx(0.7, abs=4 * found.std() / len(chance) ** 0.5)


def test_the_better_ranking_is_told_from_chance() -> None:
    dice = np.random.default_rng(1)
    effect = dice.normal(size=3_000)
    score = effect + dice.normal(0, 3, 3_000)
    found = compare({"noise": dice.normal(size=3_000), "right": effect}, score)
    assert found["right"].low > 0
    assert found["noise"].low < 0 < found["noise"].high
    assert found["right"].behind == 0
    assert found["noise"].behind > found["right"].error
