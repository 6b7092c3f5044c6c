"""Of late and before, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.own_past import Counted, Level, column, days_known, days_known_then, deviation, last, less, then

ROWS = pd.DataFrame(
    {
        "days_since_first_order": [400.0, 50.0, 0.2],
        "days_since_order": [44.0, 10.0, 0.2],
        "complaints": [5, 1, 0],
        "complaints_90d": [3, 1, 0],
        "orders": [10, 3, 1],
        "orders_at_last_order": [4, 3, 1],
        "basket_at_last_order": [20.0, 10.0, 0.0],
        "basket_before_last_order": [40.0, None, None],
        "last_order_amount": [10.0, 10.0, 0.0],
    }
)


def test_the_last_sign_of_life_is_14_days_after_the_last_order() -> None:
    assert days_known(ROWS).tolist() == [400.0, 50.0, 1.0]
    assert days_known_then(ROWS).tolist() == [370.0, 50.0, 1.0]


def test_what_is_of_the_window_is_not_of_the_past() -> None:
    window = Counted(
        column("complaints_90d"), lambda f: np.minimum(90, days_known(f)), column("complaints"), days_known
    )
    assert window.rate(ROWS) == pytest.approx((6 / 451.0,))
    told = window.counts(ROWS, 0.01)
    assert told.events.tolist() == [3, 1, 0]
    assert told.shape.tolist() == [2.5, 0.5, 0.5]
    assert told.per.tolist() == [50 + 310, 50, 50]


def test_nothing_is_usual_where_nothing_happened() -> None:
    never = Counted(column("complaints_90d"), days_known, column("complaints"), days_known)
    assert never.rate(ROWS.assign(complaints=0)) == ()


def test_means_of_few_values_vary_more() -> None:
    worse, variance = then("basket", "orders", -1).told(ROWS)
    assert worse[0] == 20.0
    assert variance[0] == pytest.approx(1 / 4 + 1 / 6)
    assert np.isnan(worse[1:]).all()
    single, variance = last("last_order_amount", "basket", "orders", in_logarithms=True).told(ROWS)
    assert single[0] == pytest.approx(np.log(4))
    assert variance[0] == pytest.approx(1 + 1 / 6)


def test_less_is_never_below_0() -> None:
    assert less("complaints", "complaints_90d")(ROWS).tolist() == [2, 0, 0]
    assert less("complaints_90d", "complaints")(ROWS).tolist() == [0, 0, 0]


def test_the_deviation_is_that_of_the_many() -> None:
    drawn = np.random.default_rng(3).normal(0, 2, 20_000) ** 2
    drawn[:1000] = 1e6
    assert deviation(drawn) == pytest.approx(2, rel=0.1)
    assert deviation(np.array([np.nan])) == deviation(np.zeros(3)) == 0
    # most never change
    assert deviation(np.array([0.0, 0.0, 12.0])) == 2


@pytest.mark.parametrize("values", [0.0, 5e-324, np.nan])
def test_no_mean_is_of_less_than_one_value(values: float) -> None:
    level = Level("mood_now", lambda f: np.full(len(f), values), "mood_before", lambda f: np.ones(len(f)), -1)
    worse, variance = level.told(pd.DataFrame({"mood_now": [0.2], "mood_before": [0.7]}))
    assert worse[0] == pytest.approx(0.5)
    assert np.isnan(variance[0])
