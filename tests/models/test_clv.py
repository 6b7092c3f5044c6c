"""CLV by hand, and on customers drawn from the model's own assumptions."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import HistoryError
from models.beta_geometric import MBGNBD
from models.clv import ClvModel, Spread, fit_clv, history, measure_spread, order_value
from models.gamma_gamma import GammaGamma

PURCHASES = MBGNBD(1.2, 60.0, 0.8, 4.0, 0.0)
VALUE = GammaGamma(6.0, 4.0, 15.0, 0.0)
SPREAD = Spread((10.0, 100.0), (0.2, 0.6), (3.0, 1.4), 365)


def model(return_share: float = 0.0, spread: Spread | None = None) -> ClvModel:
    return ClvModel(PURCHASES, VALUE, return_share, mean_order=20.0, spread=spread)


def customers(**columns: list[float]) -> pd.DataFrame:
    """Ordered on 5 days, the last 200 days after the first and 80 days ago, for 200 in all."""
    known = {
        "order_days": 5.0,
        "recency_days": 200.0,
        "days_since_first_order": 280.5,
        "amount_total": 200.0,
        "orders": 6.0,
    }
    return pd.DataFrame({name: columns.get(name, [value]) for name, value in (known | columns).items()})


def test_history_by_hand() -> None:
    frequency, recency, age = history(customers())
    assert (frequency[0], recency[0], age[0]) == (4.0, 200.0, 281.0)
    # Ordered late on the first day and early on the last: 10 day numbers apart, and 9.2 days since the first.
    _, recency, age = history(customers(recency_days=[10.0], days_since_first_order=[9.2]))
    assert age[0] == recency[0] == 10.0


def test_revenue_is_orders_times_value_times_what_is_kept() -> None:
    frame = customers(returned_total=[30.0])
    orders = PURCHASES.expected_orders(4.0, 200.0, 281.0, 365.0)
    value = VALUE.expected_value(5.0, 40.0)
    # 30 returned of 200; leaning on 5 mean orders of 20 with a tenth returned: (30 + 10) of (200 + 100).
    kept = 1 - 40 / 300
    assert order_value(frame)[0] == 40.0
    assert model(return_share=0.1).expected_revenue(frame, 365.0)[0] == pytest.approx(
        float(orders * value) * kept
    )


def test_without_returns_in_the_tables_all_is_kept() -> None:
    none = model(return_share=0.1).expected_revenue(customers(), 365)
    assert none[0] == pytest.approx(model().expected_revenue(customers(returned_total=[0.0]), 365)[0])


def test_who_returned_more_than_they_bought_is_worth_nothing_rather_than_less() -> None:
    assert model().expected_revenue(customers(returned_total=[5000.0]), 365)[0] == 0.0


@settings(deadline=None, max_examples=50)
@given(
    days=st.integers(1, 400),
    recency=st.integers(0, 4000),
    silent=st.floats(0, 4000),
    amount=st.floats(0, 1e7),
    returned=st.floats(0, 1e7),
)
def test_every_history_gives_finite_money(
    days: int, recency: int, silent: float, amount: float, returned: float
) -> None:
    frame = customers(
        order_days=[days],
        recency_days=[recency if days > 1 else 0],
        days_since_first_order=[(recency if days > 1 else 0) + silent],
        amount_total=[amount],
        returned_total=[returned],
    )
    fitted = model(0.1, SPREAD)
    clv = fitted.expected_revenue(frame, 365)
    low, high = fitted.interval(clv)
    assert 0 <= low[0] <= clv[0] <= high[0] < np.inf


def test_one_order_of_nothing_is_worth_something_small() -> None:
    one = customers(order_days=[1.0], recency_days=[0.0], days_since_first_order=[20.0])
    frame = pd.concat([one.assign(amount_total=0.0), one])
    nothing, something = model().expected_revenue(frame, 365)
    assert 0 < nothing < something


def test_the_spread_by_hand() -> None:
    predicted = np.repeat([10.0, 100.0], 30)
    actual = np.append(np.arange(30.0), np.full(30, 100.0))
    shuffled = np.random.default_rng(0).permutation(60)
    # Of 0.0, 0.1 … 2.9 times the prediction, the 10 % quantile is 0.29 and the 90 % quantile 2.61.
    spread = measure_spread(predicted[shuffled], actual[shuffled], 90)
    assert spread is not None
    assert spread.horizon_days == 90
    assert spread.predicted == (10.0, 100.0)
    assert spread.low == pytest.approx((0.29, 1.0))
    assert spread.high == pytest.approx((2.61, 1.0))


def test_the_interval_by_hand() -> None:
    low, high = SPREAD.interval(np.array([0.0, 10.0, 55.0, 100.0, 1000.0]))
    assert low == pytest.approx([0.0, 2.0, 22.0, 60.0, 600.0])
    assert high == pytest.approx([0.0, 30.0, 121.0, 140.0, 1400.0])


def test_the_interval_always_holds_the_clv() -> None:
    low, high = Spread((10.0,), (1.2,), (0.7,), 365).interval(np.array([50.0]))
    assert low[0] == high[0] == 50.0


@pytest.mark.parametrize(
    ("predicted", "groups"), [(np.arange(1.0, 60), 1), (np.arange(1.0, 1000), 12), (np.arange(1.0, 100), 3)]
)
def test_groups_are_of_thirty_and_at_most_twelve(predicted: np.ndarray, groups: int) -> None:
    spread = measure_spread(predicted, predicted, 365)
    assert spread is not None
    assert len(spread.predicted) == groups


def test_a_spread_of_too_few_or_of_nothing_is_unknown() -> None:
    assert measure_spread(np.ones(29), np.ones(29), 365) is None
    assert measure_spread(np.zeros(60), np.ones(60), 365) is None
    assert all(np.isnan(side).all() for side in model().interval(np.array([5.0])))


def test_money_returned_beyond_money_ordered_makes_no_negative_bound() -> None:
    spread = measure_spread(np.full(30, 10.0), np.full(30, -4.0), 365)
    assert spread is not None
    assert spread.low == (0.0,)


def drawn(count: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Customers who order at random until they leave, seen for a year, and their revenue in the next."""
    dice = np.random.default_rng(seed)
    rows, revenue = [], []
    for first in dice.integers(-365, -30, count):
        rate, leaves = dice.gamma(1.5, 1 / 60), dice.beta(1.0, 6.0)
        nu, time, seen, ahead = dice.gamma(4.0, 1 / 15), float(first), [], 0.0
        while time < 365:
            amount = dice.gamma(6.0, 1 / nu)
            if time < 0:
                seen.append((time, amount))
            else:
                ahead += amount
            if dice.random() < leaves:
                break
            time += max(1.0, dice.exponential(1 / rate))
        days = np.floor([t for t, _ in seen])
        rows.append(
            {
                "order_days": len(seen),
                "recency_days": days[-1] - days[0],
                "days_since_first_order": -days[0],
                "amount_total": sum(amount for _, amount in seen),
                "orders": len(seen),
            }
        )
        revenue.append(ahead)
    return pd.DataFrame(rows), np.array(revenue)


def test_the_sum_over_many_customers_comes_true() -> None:
    frame, revenue = drawn(3000, seed=4)
    fitted = fit_clv(frame, return_share=0.0)
    assert fitted.mean_order == pytest.approx(frame["amount_total"].sum() / frame["order_days"].sum())
    clv = fitted.expected_revenue(frame, 365)
    assert clv.sum() == pytest.approx(revenue.sum(), rel=0.1)
    order = np.argsort(clv)
    for part in np.array_split(order, 3)[1:]:
        assert clv[part].sum() == pytest.approx(revenue[part].sum(), rel=0.2)


def test_eight_of_ten_fall_into_the_interval() -> None:
    frame, revenue = drawn(1500, seed=5)
    fitted = fit_clv(frame, return_share=0.0)
    clv = fitted.expected_revenue(frame, 365)
    told = fit_clv(frame, 0.0, measure_spread(clv, revenue, 365))
    low, high = told.interval(clv)
    # More than eight, for the many who don't come back fall on the lower bound.
    assert 0.8 < np.mean((low <= revenue) & (revenue <= high)) < 0.95


def test_json_gives_the_equal_model_back() -> None:
    for spread in (SPREAD, None):
        fitted = model(0.1, spread)
        assert ClvModel.from_dict(json.loads(json.dumps(fitted.to_dict()))) == fitted


def test_too_few_customers() -> None:
    with pytest.raises(HistoryError, match="1 customers are too few: a fit takes 30"):
        fit_clv(customers(), return_share=0.0)
