"""Mean differences against scipy's, and how much less noise they have with what was known before."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_ind

from serving.winback.estimate import Difference, adjusted, cuped, plain, sample_ratio


def _drawn(size: int, seed: int, told: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An effect of 1; `told`: correlation of the outcome without it with what was known before."""
    dice = np.random.default_rng(seed)
    before = dice.normal(size=(size, 2))
    noise = dice.normal(size=size)
    treated = dice.random(size) < 0.7
    outcome = 5 + 3 * (told * before[:, 0] + (1 - told**2) ** 0.5 * noise) + treated
    return outcome, treated, before


def test_plain_is_welch_s() -> None:
    outcome, treated, _ = _drawn(300, 0, 0.5)
    found = plain(outcome, treated)
    other = ttest_ind(outcome[treated], outcome[~treated], equal_var=False).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((other.low, other.high))


def test_by_hand() -> None:
    """4 and 6 against 1, 2 and 3: 5 − 2, and √(2 ÷ 2 + 1 ÷ 3)."""
    found = plain(np.array([4.0, 6, 1, 2, 3]), np.array([True, True, False, False, False]))
    assert found is not None
    assert (found.value, found.error) == (3, pytest.approx((4 / 3) ** 0.5))
    assert found.times(10).value == 30


def test_one_customer_in_an_arm_gives_no_interval() -> None:
    assert plain(np.array([1.0, 2, 3]), np.array([True, True, False])) is None
    assert plain(np.array([1.0, 2]), np.array([True, True])) is None


def test_alike_customers_leave_no_doubt() -> None:
    assert plain(np.array([2.0, 2, 1, 1]), np.array([True, True, False, False])) == Difference(1, 1, 1, 0)


def test_what_was_known_makes_it_narrower_by_what_it_tells() -> None:
    """The variance left is 1 − r² (Deng et al. 2013, equation 5)."""
    outcome, treated, before = _drawn(20_000, 1, 0.8)
    raw, less = plain(outcome, treated), cuped(outcome, treated, before)
    assert raw is not None
    assert less is not None
    assert less.error / raw.error == pytest.approx((1 - 0.8**2) ** 0.5, rel=0.03)
    assert abs(less.value - 1) < 4 * less.error


def test_what_tells_nothing_changes_nothing() -> None:
    outcome, treated, _ = _drawn(5_000, 2, 0.0)
    constant = np.ones((5_000, 2))
    np.testing.assert_allclose(adjusted(outcome, treated, constant), outcome)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    inside = 0
    for seed in range(400):
        found = cuped(*_drawn(120, seed, 0.7))
        assert found is not None
        inside += found.low <= 1 <= found.high
    assert 366 <= inside <= 394


def test_arms_that_are_too_uneven_are_told() -> None:
    assert sample_ratio(700, 300, 0.7) == pytest.approx(1.0)
    assert sample_ratio(7_000, 3_000, 0.75) < 0.001
    assert sample_ratio(0, 0, 0.5) == 1
