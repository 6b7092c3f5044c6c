"""The 80 % interval by hand, and how many it holds."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from models.spread import SHARES, Outcome, Spread, measure_spread

SPREAD = Spread(
    expected=(10.0, 100.0),
    ratios=(tuple(2 * share for share in SHARES), tuple(1 + share for share in SHARES)),
    horizon_days=365,
)


def outcome(predicted: np.ndarray, actual: np.ndarray, silent: float = 0.0) -> Outcome:
    return Outcome(predicted, np.full(len(predicted), silent), actual)


@pytest.mark.parametrize(
    ("clv", "silent", "low", "high"),
    [
        (0.0, 0.0, 0.0, 0.0),
        # All buy: of 10 expected, the 10 % and the 90 % quantile of the first knot.
        (10.0, 0.0, 2.0, 18.0),
        # Half buy, and are expected to spend 10: 80 % in all are 60 % of those who buy.
        (5.0, 0.5, 0.0, 12.0),
        # One in twenty buys nothing: a tenth in all are 5 of the 95 % who buy.
        (9.5, 0.05, 20 * 0.05 / 0.95, 20 * 0.85 / 0.95),
        # Half way between the knots: (0.2 + 1.1) / 2 and (1.8 + 1.9) / 2 of 55.
        (55.0, 0.0, 35.75, 101.75),
        # Nine of ten buy nothing, so eight of ten spend nothing; the CLV is held all the same.
        (8.0, 0.9, 0.0, 8.0),
        (8.0, 1.0, 0.0, 8.0),
        # Beyond the last knot its ratios hold, 1.1 and 1.9; the CLV is held again.
        (1000.0, 0.0, 1000.0, 1900.0),
    ],
)
def test_the_interval_by_hand(clv: float, silent: float, low: float, high: float) -> None:
    begin, end = SPREAD.interval(np.array([clv]), np.array([silent]))
    assert (begin[0], end[0]) == (pytest.approx(low), pytest.approx(high))


@given(clv=st.floats(0, 1e9), silent=st.floats(0, 1), ratio=st.floats(0, 5))
def test_the_interval_always_holds_the_clv(clv: float, silent: float, ratio: float) -> None:
    flat = Spread((10.0,), ((ratio,) * len(SHARES),), 365)
    low, high = flat.interval(np.array([clv]), np.array([silent]))
    assert 0 <= low[0] <= clv <= high[0] < np.inf


def test_the_quantiles_by_hand() -> None:
    """Those who buy, one in two, are expected to spend 20, and spend 2, 4 … 60; the others are left out."""
    actual = np.append(np.arange(2.0, 62.0, 2.0), np.zeros(30))
    shuffled = np.random.default_rng(0).permutation(actual)
    spread = measure_spread(outcome(np.full(60, 10.0), shuffled, silent=0.5), 90)
    assert spread is not None
    assert spread.horizon_days == 90
    assert spread.expected == (20.0,)
    assert len(spread.ratios[0]) == len(SHARES)
    assert spread.ratios[0][SHARES.index(0.5)] == pytest.approx(1.55)
    assert spread.ratios[0] == pytest.approx([0.1 + 2.9 * share for share in SHARES], abs=0.06)


def test_what_lifts_all_together_widens_it() -> None:
    """Log-normal amounts of deviation 0.4, all lifted by another log-normal of 0.3: together 0.5."""
    normal = norm.ppf((np.arange(59) + 0.5) / 59)
    for deviation, together in ((0.0, 0.4), (0.3, 0.5)):
        spread = measure_spread(outcome(np.full(59, 10.0), 10 * np.exp(0.4 * normal)), 90, deviation)
        assert spread is not None
        assert len(spread.ratios) == 1
        for share in (0.1, 0.5, 0.9):
            expected = np.exp(together * norm.ppf(share))
            assert spread.ratios[0][SHARES.index(share)] == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("most_silent", [0.0, 0.3, 1.0])
def test_eight_of_ten_fall_into_the_interval(most_silent: float) -> None:
    dice = np.random.default_rng(5)
    silent = dice.uniform(0, most_silent, 8000)
    expected = dice.gamma(1, 50, 8000)
    actual = np.where(dice.random(8000) < silent, 0.0, expected * dice.gamma(2, 0.5, 8000))
    predicted = expected * (1 - silent)
    measured, judged = slice(None, 4000), slice(4000, None)
    spread = measure_spread(Outcome(predicted[measured], silent[measured], actual[measured]), 365)
    assert spread is not None
    low, high = spread.interval(predicted[judged], silent[judged])
    inside = (low <= actual[judged]) & (actual[judged] <= high)
    # Where more than eight of ten spend nothing, nothing alone holds them all.
    told = silent[judged] < 0.8
    assert inside[told].mean() == pytest.approx(0.8, abs=0.04)
    assert inside[~told].mean() > 0.8 if most_silent > 0.8 else told.all()


@pytest.mark.parametrize(
    ("predicted", "groups"), [(np.arange(1.0, 60), 1), (np.arange(1.0, 1000), 12), (np.arange(1.0, 100), 3)]
)
def test_groups_are_of_thirty_and_at_most_twelve(predicted: np.ndarray, groups: int) -> None:
    spread = measure_spread(outcome(predicted, predicted), 365)
    assert spread is not None
    assert len(spread.expected) == len(spread.ratios) == groups
    assert list(spread.expected) == sorted(spread.expected)


def test_a_spread_of_too_few_who_spent_is_unknown() -> None:
    assert measure_spread(outcome(np.ones(29), np.ones(29)), 365) is None
    assert measure_spread(outcome(np.zeros(60), np.ones(60)), 365) is None
    returned = np.append(np.ones(29), np.full(31, -4.0))
    assert measure_spread(outcome(np.ones(60), returned), 365) is None


def test_json_gives_the_equal_spread_back() -> None:
    assert Spread.from_dict(json.loads(json.dumps(SPREAD.to_dict()))) == SPREAD
