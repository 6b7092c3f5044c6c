"""The weights of a blend: the truth where rows tell of it, the prior where they don't."""

from __future__ import annotations

from math import log

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from models import losses
from models.blend import (
    LEAN,
    MOST,
    Join,
    blended,
    earlier_and_later,
    leant,
    product,
    roots,
    shares,
    weights,
)

ROWS = 6000
EQUAL = {"right": 0.5, "noise": 0.5}


def dice(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def days() -> pd.Series:
    return pd.Series(np.where(np.arange(ROWS) % 2, "2024-01-01", "2024-02-01"))


@pytest.fixture(scope="module")
def logs() -> dict[str, np.ndarray]:
    return {"right": dice(1).normal(0, 3, ROWS), "noise": dice(2).normal(0, 3, ROWS)}


@pytest.fixture(scope="module")
def churned(logs: dict[str, np.ndarray], days: pd.Series) -> np.ndarray:
    """As the right model says, and more of the earlier day."""
    risk = expit(logs["right"] + (days == "2024-01-01") * 1.5)
    return (dice(3).random(ROWS) < risk).astype(float)


def test_who_is_right_counts_and_noise_does_not(
    logs: dict[str, np.ndarray], churned: np.ndarray, days: pd.Series
) -> None:
    found = weights(logs, churned, days, EQUAL, losses.churn)
    assert found["right"] == pytest.approx(1.0, abs=0.15)
    assert found["noise"] == pytest.approx(0.0, abs=0.05)


def test_who_is_right_about_money_counts(days: pd.Series) -> None:
    logs = {"right": dice(1).normal(0, 1, ROWS), "noise": dice(2).normal(0, 1, ROWS)}
    spent = dice(3).gamma(0.8, np.exp(logs["right"]) / 0.8)
    found = weights(logs, spent, days, EQUAL, losses.money)
    assert found["right"] == pytest.approx(1.0, abs=0.15)
    assert found["noise"] == pytest.approx(0.0, abs=0.05)


def test_who_is_right_about_money_counts_among_roots(days: pd.Series) -> None:
    logs = {"right": dice(1).normal(0, 1, ROWS), "noise": dice(2).normal(0, 1, ROWS)}
    spent = dice(3).gamma(0.8, np.exp(logs["right"]) / 0.8)
    found = weights(logs, spent, days, EQUAL, losses.money, roots)
    assert found["right"] / (found["right"] + found["noise"]) > 0.9


def test_roots_by_hand() -> None:
    # (0.25 · √4 + 0.75 · √16)² = (0.5 + 3)²
    found = blended({"one": np.log([4.0]), "other": np.log([16.0])}, {"one": 0.25, "other": 0.75}, roots)
    assert np.exp(found) == pytest.approx([12.25])


@pytest.mark.parametrize("join", [product, roots])
def test_the_change_with_each_weight_by_small_steps(join: Join) -> None:
    logs, weight = dice(5).normal(0, 2, (50, 3)), np.array([0.2, 0.7, 0.4])
    _, change = join(logs, weight)
    for place in range(3):
        step = np.zeros(3)
        step[place] = 1e-6
        expected = (join(logs, weight + step)[0] - join(logs, weight - step)[0]) / 2e-6
        np.testing.assert_allclose(change[:, place], expected, rtol=1e-6)


def test_a_third_is_learnt() -> None:
    assert leant({"one": 0.3, "other": 0.9}, {"one": 0.6, "other": 0.3}) == pytest.approx(
        {"one": 0.5, "other": 0.5}
    )


def test_who_is_too_sure_is_toned_down(
    logs: dict[str, np.ndarray], churned: np.ndarray, days: pd.Series
) -> None:
    found = weights({"right": 2 * logs["right"]}, churned, days, {"right": 1.0}, losses.churn)
    assert found["right"] == pytest.approx(0.5, abs=0.1)


def test_a_level_of_each_day_changes_nothing(
    logs: dict[str, np.ndarray], churned: np.ndarray, days: pd.Series
) -> None:
    plain = weights(logs, churned, days, EQUAL, losses.churn)
    season = np.where(days == "2024-01-01", 2.0, -1.0)
    moved = {name: own + season for name, own in logs.items()}
    assert weights(moved, churned, days, EQUAL, losses.churn) == pytest.approx(plain, abs=2e-3)


def test_the_cost_by_a_plain_minimiser(
    logs: dict[str, np.ndarray], churned: np.ndarray, days: pd.Series
) -> None:
    """The cost written out, with a level of each day, and a search that asks for no derivative."""
    few = slice(0, 400)
    first = (days[few] == days[0]).to_numpy(dtype=float)
    right, noise = logs["right"][few], logs["noise"][few]

    def cost(asked: np.ndarray) -> float:
        log_odds = asked[0] * right + asked[1] * noise + asked[2] * first + asked[3] * (1 - first)
        lean = LEAN * ((asked[0] - 0.7) ** 2 + (asked[1] - 0.3) ** 2)
        return float(-np.log(np.where(churned[few] == 1, expit(log_odds), expit(-log_odds))).mean() + lean)

    best = minimize(cost, np.zeros(4), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10}).x
    prior = {"right": 0.7, "noise": 0.3}
    found = weights({"right": right, "noise": noise}, churned[few], days[few], prior, losses.churn)
    assert list(found.values()) == pytest.approx(list(best[:2]), abs=2e-3)


def test_where_the_rows_say_nothing_the_prior_holds(days: pd.Series) -> None:
    logs = {"one": np.zeros(ROWS), "other": np.full(ROWS, 3.0)}
    prior = {"one": 0.7, "other": 0.3}
    half = np.arange(ROWS) % 4 < 2
    found = weights(logs, half.astype(float), days, prior, losses.churn)
    assert found == pytest.approx(prior, abs=1e-3)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 20))
def test_no_weight_is_negative_or_above_two(seed: int, scale: float) -> None:
    chance = dice(seed)
    logs = {name: chance.normal(0, scale, 60) for name in ("a", "b", "c")}
    logs["b"] = -logs["a"]
    churned = (chance.random(60) < expit(logs["a"])).astype(float)
    day = pd.Series(np.repeat([1, 2, 3], 20))
    found = weights(logs, churned, day, dict.fromkeys(logs, 1 / 3), losses.churn)
    assert list(found) == ["a", "b", "c"]
    assert all(0 <= weight <= MOST for weight in found.values())


def test_the_blend_by_hand() -> None:
    logs = {"a": np.array([1.0, 2.0]), "b": np.array([log(4), 0.0])}
    assert blended(logs, {"a": 0.5, "b": 2.0}) == pytest.approx([0.5 + 2 * log(4), 1.0])


def test_the_shares_of_those_that_there_are_add_up_to_one() -> None:
    assert shares({"a": 0.5, "b": 0.3, "c": 0.1}, ["c", "b"]) == pytest.approx({"c": 0.25, "b": 0.75})


def test_no_horizon_of_the_earlier_days_reaches_into_the_later_ones() -> None:
    days = pd.Series(pd.date_range("2024-01-07", periods=30, freq="7D"))
    earlier, later = earlier_and_later(days, 90)
    # The last day is 28 July: later are the eight weeks since 2 June, earlier those up to 90 days before it.
    assert days[later].min() == pd.Timestamp("2024-06-09")
    assert days[earlier].max() == pd.Timestamp("2024-03-03")
    assert later.sum() == 8
    assert not earlier_and_later(days[:15], 90)[0].any()
