"""The intervals against the same bootstrap done one resample and one customer at a time, by scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from training.intervals import METRICS, SEED, Interval, differences

FIGURES = {
    "log_loss": lambda y, p: log_loss(y, p, labels=[0, 1]),
    "brier": brier_score_loss,
    "auroc": roc_auc_score,
    "average_precision": average_precision_score,
}


def customers(count: int, seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A good model and a coarse one, whose probabilities tie."""
    dice = np.random.default_rng(seed)
    risk = dice.uniform(0.05, 0.95, count)
    noisy = np.clip(risk + dice.normal(0, 0.2, count), 0.05, 0.95)
    return (dice.random(count) < risk).astype(float), {
        "good": risk,
        "coarse": np.round(noisy, 1).clip(0.1, 0.9),
    }


def test_by_brute_force() -> None:
    churned, models = customers(80)
    found = differences(churned, models, "good", resamples=60)["coarse"]
    dice = np.random.default_rng(SEED)
    drawn = [dice.integers(0, 80, 80) for _ in range(60)]
    for metric, figure in FIGURES.items():
        each = [
            figure(churned[draw], models["good"][draw]) - figure(churned[draw], models["coarse"][draw])
            for draw in drawn
        ]
        low, high = np.quantile(each, [0.025, 0.975])
        plain = figure(churned, models["good"]) - figure(churned, models["coarse"])
        assert found[metric].difference == pytest.approx(plain, abs=1e-12)
        assert (found[metric].low, found[metric].high) == pytest.approx((low, high), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9)), min_size=2, max_size=30))
def test_the_figures_are_those_of_scikit_learn_whatever_ties(rows: list[tuple[bool, int]]) -> None:
    churned = np.array([row[0] for row in rows], dtype=float)
    probability = np.array([row[1] for row in rows]) / 10
    if churned.min() == churned.max():
        return
    flat = np.full(len(rows), 0.5)
    found = differences(churned, {"this": probability, "flat": flat}, "this", resamples=1)["flat"]
    for metric, figure in FIGURES.items():
        expected = figure(churned, probability) - figure(churned, flat)
        assert found[metric].difference == pytest.approx(expected, abs=1e-12)


def test_the_interval_of_a_mean_is_that_of_the_t_test() -> None:
    churned, models = customers(4_000)
    found = differences(churned, models, "good")["coarse"]["brier"]
    each = (models["good"] - churned) ** 2 - (models["coarse"] - churned) ** 2
    expected = stats.ttest_1samp(each, 0).confidence_interval(0.95)
    width = expected.high - expected.low
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.08 * width)


def test_a_model_differs_from_itself_by_nothing() -> None:
    churned, models = customers(50)
    twins = {"one": models["good"], "other": models["good"].copy()}
    for interval in differences(churned, twins, "one", resamples=20)["other"].values():
        assert interval == Interval(0.0, 0.0, 0.0)
        assert not interval.clear


def test_twice_gives_the_same() -> None:
    churned, models = customers(50)
    assert differences(churned, models, "good", 30) == differences(churned, models, "good", 30)


def test_of_one_outcome_there_is_a_loss_and_no_ranking() -> None:
    found = differences(np.ones(4), {"a": np.full(4, 0.5), "b": np.full(4, 0.25)}, "a", 10)["b"]
    assert found["log_loss"].difference == pytest.approx(-math.log(2))
    assert found["log_loss"].clear
    assert math.isnan(found["auroc"].low)
    assert not found["auroc"].clear


def test_which_way_is_better() -> None:
    up = Interval(0.1, -0.1, 0.3)
    assert [up.better(metric) for metric in METRICS] == [False, False, True, True]
