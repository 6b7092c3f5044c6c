"""The level: shares and shifts by hand, and the forecast against scikit-learn's Gaussian processes."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from math import log

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.special import expit, logit, logsumexp
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, ExpSineSquared, Matern

from models import level
from models.level import (
    DRIFTS,
    LEAST_SHARE,
    MOST_SHIFT,
    SEASON_FROM_DAYS,
    SEASON_PRIOR,
    SEASONS,
    YEAR,
    Level,
    Observed,
    churn_level,
    forecast,
    revenue_level,
    share,
    shift,
)

AS_OF = datetime.fromisoformat("2024-06-01")
TWO_YEARS = 800.0
SIZE = 0.6
"""Of the season, from its mean to its height."""


def season(days: np.ndarray, horizon: float = 90.0) -> np.ndarray:
    """The mean of a yearly wave over the horizon from each day."""
    turns = 2 * np.pi / YEAR
    return np.asarray(SIZE * (np.sin(turns * (days + horizon)) - np.sin(turns * days)) / (turns * horizon))


def past(today: float, horizon: int = 90) -> np.ndarray:
    """Each second week whose horizon is over, from the 60th day on."""
    return np.sort(np.arange(today - horizon, 60.0, -14.0))


def test_the_share_that_churned_is_kept_off_none_and_all() -> None:
    assert share(np.array([1.0, 1.0, 0.0])) == pytest.approx(2.5 / 4)
    assert share(np.zeros(9)) == pytest.approx(0.05)
    assert share(np.ones(9)) == pytest.approx(0.95)


def test_the_shift_of_equal_log_odds_is_their_distance() -> None:
    assert shift(np.full(5, -1.0), 0.5) == pytest.approx(1.0)
    # Four of seven and a half: 4.5 / 8 of customers whose log-odds are all 0.3.
    churned = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    assert churn_level(np.full(7, 0.3), churned) == pytest.approx(log(4.5 / 3.5) - 0.3)


odds = arrays.arrays(float, st.integers(1, 20), elements=st.floats(-50, 50))


@given(log_odds=odds, asked=st.floats(0.001, 0.999))
def test_after_the_shift_the_mean_probability_is_the_share(log_odds: np.ndarray, asked: float) -> None:
    by = shift(log_odds, asked)
    assert abs(by) <= MOST_SHIFT
    if abs(by) < MOST_SHIFT:
        assert expit(log_odds + by).mean() == pytest.approx(asked, abs=1e-9)
    else:
        assert (expit(log_odds + by).mean() - asked) * by <= 1e-12


def test_the_level_of_revenue_by_hand() -> None:
    assert revenue_level(np.array([10.0, 30.0]), np.array([0.0, 80.0])) == pytest.approx(log(2))
    assert revenue_level(np.array([0.0]), np.array([5.0])) == 0.0
    for revenue in (0.0, -50.0):
        assert revenue_level(np.array([10.0]), np.array([revenue])) == pytest.approx(log(LEAST_SHARE))


def test_the_season_of_two_years_is_foretold() -> None:
    days = past(TWO_YEARS)
    found = forecast(Observed(days, 0.4 + season(days), 90), AS_OF, TWO_YEARS, 90)
    ahead = season(TWO_YEARS + 7.0 * np.arange(len(found.levels)))
    assert found.seasonal
    assert np.abs(np.array(found.levels) - 0.4 - ahead).max() < SIZE / 2
    assert np.corrcoef(found.levels, ahead)[0, 1] > 0.95


def test_without_a_season_the_forecast_stays_at_the_mean() -> None:
    days = past(TWO_YEARS)
    noisy = 0.4 + np.random.default_rng(1).normal(0, 0.05, len(days))
    found = forecast(Observed(days, noisy, 90), AS_OF, TWO_YEARS, 90)
    assert np.array(found.levels) == pytest.approx(0.4, abs=0.1)


def test_of_less_than_a_year_no_season_is_told() -> None:
    for today, told in ((SEASON_FROM_DAYS - 1.0, False), (float(SEASON_FROM_DAYS), True)):
        days = past(today)
        found = forecast(Observed(days, season(days), 90), AS_OF, today, 90)
        assert found.seasonal is told
        # The season swings by 1.2 and turns; without it the forecast only goes back to what is usual.
        turns = np.count_nonzero(np.diff(np.sign(np.diff(found.levels))))
        assert turns >= 2 if told else turns == 0
        assert told == bool(np.ptp(found.levels) > 1.2 * SIZE)


def test_without_any_observation_the_level_is_nothing_give_or_take_one() -> None:
    for today in (30.0, TWO_YEARS):
        found = forecast(Observed(np.array([]), np.array([]), 90), AS_OF, today, 90)
        assert set(found.levels) == {0.0}
        assert np.array(found.deviations) == pytest.approx(1.0, abs=0.25)


def test_the_first_snapshots_say_less() -> None:
    days = past(400.0)
    odd = np.where(np.arange(len(days)) < 2, 3.0, 0.2)
    found = forecast(Observed(days, odd, 90), AS_OF, 400.0, 90)
    assert np.array(found.levels) == pytest.approx(0.2, abs=0.2)
    late = forecast(Observed(days, odd[::-1], 90), AS_OF, 400.0, 90)
    assert late.levels[0] > 1.0


def test_the_forecast_is_that_of_averaged_gaussian_processes_of_scikit_learn() -> None:
    """A horizon of a week makes each window a point; each shape counts by its marginal likelihood."""
    today = 700.25
    days = past(today, 7)
    levels = season(days) + 0.3 + np.random.default_rng(2).normal(0, 0.1, len(days))
    early = np.exp(-(days - 60.0) / 60.0)
    likelihood, means, variances = [], [], []
    shapes = [(None, drift) for drift in DRIFTS] + [(yearly, drift) for yearly in SEASONS for drift in DRIFTS]
    for yearly, (size, memory) in shapes:
        kernel = ConstantKernel(1.0) + size**2 * Matern(length_scale=memory, nu=1.5)
        if yearly:
            kernel += yearly[0] ** 2 * ExpSineSquared(length_scale=yearly[1], periodicity=YEAR)
        peer = GaussianProcessRegressor(kernel, alpha=0.1**2 + early**2, optimizer=None)
        peer.fit(days[:, None], levels)
        mean, deviation = peer.predict(today + 7.0 * np.arange(53)[:, None], return_std=True)
        prior = SEASON_PRIOR / len(SEASONS) if yearly else 1 - SEASON_PRIOR
        likelihood.append(peer.log_marginal_likelihood_value_ + log(prior / len(DRIFTS)))
        means.append(mean)
        variances.append(deviation**2)
    weight = np.exp(likelihood - logsumexp(likelihood))
    mean = weight @ np.array(means)
    second = weight @ (np.array(variances) + np.array(means) ** 2)
    found = forecast(Observed(days, levels, 7), AS_OF, today, 7)
    np.testing.assert_allclose(found.levels, mean, atol=1e-6)
    np.testing.assert_allclose(found.deviations, np.sqrt(second - mean**2), atol=1e-6)


def test_a_level_is_the_mean_over_its_horizon(monkeypatch: pytest.MonkeyPatch) -> None:
    """One shape, its covariances averaged over all pairs of days, and the rule of normal distributions."""
    monkeypatch.setattr(level, "DRIFTS", ((0.3, 100.0),))
    days, levels, today, horizon = np.array([100.0, 142.0, 210.0]), np.array([0.5, 0.2, -0.4]), 300.0, 90
    starts = np.append(days, today + 7.0 * np.array([0, 20, 52]))
    inside = (starts[:, None] + np.arange(horizon) + 0.5).ravel()
    kernel = ConstantKernel(1.0) + 0.3**2 * Matern(length_scale=100.0, nu=1.5)
    each = kernel(inside[:, None]).reshape(len(starts), horizon, len(starts), horizon)
    covariance = each.mean(axis=(1, 3))
    noise = np.diag(0.1**2 + np.exp(-(days - 60) / 60) ** 2)
    rule = covariance[3:, :3] @ np.linalg.inv(covariance[:3, :3] + noise)
    spread = covariance[3:, 3:] - rule @ covariance[:3, 3:]
    found = forecast(Observed(days, levels, horizon), AS_OF, today, horizon)
    assert np.array(found.levels)[[0, 20, 52]] == pytest.approx(rule @ levels, abs=0.01)
    assert np.array(found.deviations)[[0, 20, 52]] == pytest.approx(np.sqrt(np.diag(spread)), abs=0.01)


def test_the_deviations_cover() -> None:
    """Of curves with a season and a drift of their own, eight in ten lie within 1.28 deviations."""
    dice = np.random.default_rng(3)
    days = past(TWO_YEARS)
    weeks = np.append(days, TWO_YEARS + 7.0 * np.array([0, 13, 26]))
    kernel = ConstantKernel(1.0) + 0.2**2 * Matern(length_scale=100.0, nu=1.5)
    kernel += 0.5**2 * ExpSineSquared(length_scale=0.7, periodicity=YEAR)
    curves = dice.multivariate_normal(np.zeros(len(weeks)), kernel(weeks[:, None]), 20)
    beyond = []
    for curve in curves:
        noisy = curve[:-3] + dice.normal(0, 0.1, len(days))
        found = forecast(Observed(days, noisy, 7), AS_OF, TWO_YEARS, 7)
        foretold = np.array(found.levels)[[0, 13, 26]]
        beyond.append(np.abs(curve[-3:] - foretold) / np.array(found.deviations)[[0, 13, 26]])
    assert 0.65 < np.mean(np.array(beyond) < 1.2816) < 0.95


def test_the_level_of_a_day_by_hand() -> None:
    found = Level(AS_OF, (1.0, 2.0, 4.0), (0.1, 0.1, 0.1), seasonal=True)
    asked = [timedelta(days=days) for days in (-30, 0, 3.5, 7, 12.25, 14, 500)]
    expected = [1.0, 1.0, 1.5, 2.0, 3.5, 4.0, 4.0]
    assert found.at([AS_OF + days for days in asked]) == pytest.approx(expected)
    assert found.at(np.array([AS_OF], dtype="datetime64[ns]")) == pytest.approx([1.0])
    assert found.at(np.array([], dtype="datetime64[us]")).shape == (0,)


@settings(deadline=None, max_examples=25)
@given(today=st.floats(1, 3000), horizon=st.integers(1, 365), seed=st.integers(0, 100))
@example(today=18.0, horizon=1, seed=0)
def test_any_history_gives_a_year_of_finite_levels(today: float, horizon: int, seed: int) -> None:
    days = np.sort(np.random.default_rng(seed).uniform(0, max(today - horizon, 1.0), 4))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(level, "DRIFTS", DRIFTS[:2])
        patch.setattr(level, "SEASONS", SEASONS[:1])
        found = forecast(Observed(days, logit(days / 6000 + 0.2), horizon), AS_OF, today, horizon)
    assert len(found.levels) == len(found.deviations) == 53
    assert np.isfinite([*found.levels, *found.deviations]).all()
    assert min(found.deviations) >= 0


def test_json_gives_the_equal_level_back() -> None:
    days = past(300.0)
    found = forecast(Observed(days, season(days), 90), AS_OF, 300.0, 90)
    assert Level.from_dict(json.loads(json.dumps(found.to_dict()))) == found
