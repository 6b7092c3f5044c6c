"""Past snapshots of lapsed customers, and the judgement of who came back, against plain pandas."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.settings import TrainingSettings
from features.reference import reference
from features.snapshots import before
from models.level import Level, Observed
from training import reactivation as module
from training.fit import trees
from training.outlook import outlook
from training.reactivation import Comebacks, Lapsed, fitted, judged

HORIZON, LOOKBACK = timedelta(days=60), timedelta(days=240)


@pytest.fixture(scope="module")
def day(shop: Any) -> datetime:
    """The last day whose horizon is over."""
    return shop.as_of - HORIZON  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def by(shop: Any, day: datetime) -> Lapsed:
    known = before(shop.tables, day)
    told = reference(known, day)
    return Lapsed(known, day, shop.definitions, told, outlook(known, day, shop.definitions, told))


def outcome(shop: Any, day: datetime) -> pd.Series:
    """customer_id → whether they came back, of those lapsed on a day."""
    orders = pd.DataFrame(shop.rows["orders"])
    last = orders[orders["ordered_at"] < day].groupby("customer_id")["ordered_at"].max()
    silent = last[last < day - LOOKBACK].index
    ahead = orders[(orders["ordered_at"] >= day) & (orders["ordered_at"] < day + HORIZON)]
    return pd.Series(silent.isin(ahead["customer_id"]), index=silent)


def test_the_days_are_over_and_somebody_could_be_lapsed(shop: Any, by: Lapsed, day: datetime) -> None:
    days = by.days()
    first = min(row["ordered_at"] for row in shop.rows["orders"])
    assert days[-1] == day - HORIZON
    assert min(days) > first + LOOKBACK
    assert min(days) - timedelta(days=28) <= first + LOOKBACK
    assert {(b - a).days for a, b in pairwise(days)} == {28}


def test_the_rows_are_the_lapsed_of_each_day(shop: Any, by: Lapsed) -> None:
    frame = by.frame(by.tables, by.days())
    assert not frame.empty
    for day in by.days():
        rows, expected = frame[frame["as_of"] == day], outcome(shop, day)
        assert list(rows["customer_id"]) == sorted(expected.index)
        assert (~rows.set_index("customer_id")["churned"]).sum() == expected.sum()


def test_of_very_many_a_part_is_enough(by: Lapsed, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = by.frame(by.tables, by.days())
    monkeypatch.setattr(module, "MOST_ROWS", len(whole) // 2)
    part = by.frame(by.tables, by.days())
    assert 0 < len(part) < len(whole)
    kept = whole["customer_id"].isin(part["customer_id"])
    pd.testing.assert_frame_equal(whole[kept].reset_index(drop=True), part)


def test_judged_on_the_outcome_of_the_day(shop: Any, by: Lapsed, day: datetime) -> None:
    found = judged(by, shop.tables, trees(shop.settings))
    assert found is not None
    back = outcome(shop, day)
    assert found.customers == len(back)
    assert found.came_back == pytest.approx(back.mean())
    _, base = fitted(by, trees(shop.settings))
    past = pd.concat([outcome(shop, one) for one in by.days()])
    assert base == pytest.approx(past.mean())
    rate = min(max(base, 1e-6), 1 - 1e-6)
    expected = -float(np.mean(np.where(back, np.log(rate), np.log(1 - rate))))
    assert found.log_loss_of_base_rate == pytest.approx(expected)
    assert f"Of {len(back)} lapsed customers {100 * back.mean():.1f} % came back, " in found.says


def test_what_is_said_of_the_base_rate_is_so() -> None:
    better, worse = (Comebacks(900, 0.1, 0.12, 0.62, loss, 0.33) for loss in (0.30, 0.34))
    assert "a log loss of 0.3000, below the base rate's 0.3300, AUROC 0.620." in better.says
    assert "a log loss of 0.3400, not below the base rate's" in worse.says
    assert Comebacks(9, 0.0, 0.1, float("nan"), 0.3, 0.4).says.endswith("base rate's 0.4000.")


def test_the_level_moves_as_that_of_the_active_customers(by: Lapsed) -> None:
    """The past levels are 0.5 and 0.7 on two days; 0.1 is forecast: 0.5 below their mean."""
    first = min(by.days())
    start = by.tables["orders"].ordered_at.min().to_pyarrow().as_py()
    at = np.array([(first - start) / timedelta(days=1), (first - start) / timedelta(days=1) + 28])
    told = replace(by.outlook, seen=Observed(at, np.array([0.5, 0.7]), 60))
    level = Level(by.as_of, (0.1, 0.9), (0.1, 0.1), seasonal=True)
    days = [first, first + timedelta(days=28)]
    assert replace(by, outlook=replace(told, churn=level)).season(days) == pytest.approx(-0.5)
    unknown = replace(by, outlook=replace(told, churn=replace(level, seasonal=False)))
    assert unknown.season(days) == 0.0


def test_without_a_day_to_learn_from_there_is_no_model(shop: Any, by: Lapsed) -> None:
    words = shop.definitions.model_copy(update={"lookback_days": 700})
    model, base = fitted(replace(by, definitions=words), trees(TrainingSettings()))
    assert model is None
    assert np.isnan(base)
    assert judged(replace(by, definitions=words), shop.tables, trees(TrainingSettings())) is None
