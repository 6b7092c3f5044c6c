"""How many are held back, and that everyone may be."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from configs.settings import Winback
from serving.winback.control import design, detectable, hold_back, strata


def test_the_textbook_case() -> None:
    """Two groups of 63 see half a standard deviation with power 0.8 (Cohen 1988 gives 64, by t)."""
    assert detectable(126, 0.5, 1.0, 0.8) == pytest.approx(0.5, abs=0.001)


def test_the_power_is_what_it_says() -> None:
    dice = np.random.default_rng(0)
    size, share = 400, 0.25
    effect = detectable(size, share, 2.0, 0.8)
    held = int(size * share)
    control = dice.normal(0, 2, (4_000, held)).mean(axis=1)
    treated = dice.normal(effect, 2, (4_000, size - held)).mean(axis=1)
    error = 2.0 * np.sqrt(1 / held + 1 / (size - held))
    seen = ((treated - control) / error > norm.ppf(0.975)).mean()
    assert seen == pytest.approx(0.8, abs=0.03)


def test_no_more_are_held_back_than_is_needed(policy: Winback) -> None:
    found = design(10_000, 5.0, 30.0, policy, learning=False)
    assert found.share == policy.control_least
    assert found.sees_it
    tighter = design(10_000, 1.7, 30.0, policy, learning=False)
    assert policy.control_least < tighter.share < policy.control_most
    assert detectable(10_000, tighter.share - 0.01, 30.0, policy.power) > 1.7


def test_where_it_will_not_show_as_many_as_allowed_are(policy: Winback) -> None:
    found = design(500, 0.1, 30.0, policy, learning=False)
    assert found.share == policy.control_most
    assert not found.sees_it
    assert design(10_000, 5.0, 30.0, policy, learning=True).share == policy.control_most


def test_too_few_have_no_control(policy: Winback) -> None:
    found = design(39, 5.0, 30.0, policy, learning=False)
    assert (found.share, found.detects, found.sees_it) == (0.0, None, False)


def test_each_stratum_has_its_share() -> None:
    stratum = np.repeat(["a", "b", "c"], [100, 50, 7])
    held = hold_back(stratum, 0.3, seed=4)
    for name, size in (("a", 100), ("b", 50), ("c", 7)):
        assert abs(held[stratum == name].sum() - 0.3 * size) < 1.0 + 1e-9
    np.testing.assert_array_equal(held, hold_back(stratum, 0.3, seed=4))
    assert (held != hold_back(stratum, 0.3, seed=5)).any()


def test_everybody_has_the_same_chance() -> None:
    stratum = np.repeat(["a", "b", "c"], [5, 1, 9])
    share = np.mean([hold_back(stratum, 0.2, seed) for seed in range(6_000)], axis=0)
    np.testing.assert_allclose(share, 0.2, atol=0.025)


def test_strata_are_offers_and_quarters() -> None:
    found = strata(np.array([0, 0, 0, 0, 1]), np.array([4.0, 1, 3, 2, 9]))
    assert found.tolist() == ["0/3", "0/1", "0/3", "0/2", "1/3"]
