"""The days that trials are judged by end before the day that is judged."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss

from features.errors import HistoryError
from features.labels import labels
from features.snapshots import before, population
from training.validation import Validation, fewer, fit_frame, loss_at_level, validation

HORIZON = timedelta(days=60)


@pytest.fixture(scope="module")
def found(shop: Any) -> Validation:
    return validation(shop.tables, shop.as_of, shop.definitions, shop.settings)


def test_every_horizon_is_over_when_it_is_learnt_from(shop: Any, found: Validation) -> None:
    judged = shop.as_of - HORIZON
    assert max(found.days) + HORIZON == judged
    assert len(found.days) == 3
    steps = np.diff(sorted(found.days))
    assert set(steps) == {timedelta(days=40)}
    for day, training in found.days.items():
        assert training
        assert all(learnt + HORIZON <= day for learnt in training)


@pytest.mark.parametrize(("most", "left"), [(50, [0, 1, 2, 3, 4]), (49, [0, 2, 4]), (20, [1, 4]), (9, [4])])
def test_many_rows_take_fewer_days(most: int, left: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    days = tuple(datetime(2025, 1, number) for number in range(1, 6))  # noqa: DTZ001
    monkeypatch.setattr("training.validation.MOST_ROWS", most)
    rows = pd.Series([*days * 10, datetime(2025, 2, 1)])  # noqa: DTZ001
    assert fewer(days, rows) == tuple(days[place] for place in left)


def test_each_split_holds_its_days_and_no_other(found: Validation) -> None:
    for (train, judged), (day, training) in zip(found.splits(), sorted(found.days.items()), strict=True):
        assert set(judged["as_of"]) == {day}
        assert sorted(set(train["as_of"])) == sorted(training)


def test_the_outcomes_are_those_of_the_tables(shop: Any, found: Validation) -> None:
    day = max(found.days)
    people = population(before(shop.tables, day), [day], 240)
    expected = labels(shop.tables, people, 60).order_by("customer_id").to_pandas()
    there = found.frame[found.frame["as_of"] == day].sort_values("customer_id")
    assert list(there["churned"]) == list(expected["churned"])


def test_the_recipe_fits_a_split(shop: Any, found: Validation) -> None:
    train, judged = next(found.splits())
    probability = fit_frame(shop.tables)(train, shop.settings).predict(judged)
    assert probability.shape == (len(judged),)
    assert ((probability > 0) & (probability < 1)).all()


def test_too_short_a_history(shop: Any) -> None:
    says = r"too little history for trials of settings: they need 240 days before 2024-07-01"
    with pytest.raises(HistoryError, match=says):
        validation(shop.tables, datetime(2024, 7, 1), shop.definitions, shop.settings)  # noqa: DTZ001


def test_the_level_does_not_count() -> None:
    dice = np.random.default_rng(0)
    odds = dice.normal(0, 1, 500)
    churned = (dice.random(500) < expit(odds)).astype(float)
    losses = [loss_at_level(churned, expit(odds + shift)) for shift in (-2, 0, 3)]
    assert losses == pytest.approx([losses[1]] * 3, abs=1e-6)
    least = min(log_loss(churned, expit(odds + shift)) for shift in np.linspace(-0.5, 0.5, 101))
    assert least - 1e-3 < losses[1] <= least
