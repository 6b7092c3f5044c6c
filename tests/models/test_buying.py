"""What the buy-till-you-die models say together: by hand, and on customers drawn from what they assume."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit

from features.errors import HistoryError
from models.buying import EDGE, FEATURES, Buying, fit_buying, history, order_value
from models.gamma_gamma import GammaGamma
from models.pareto_nbd import ParetoNBD

PURCHASES = ParetoNBD(1.2, 60.0, 0.6, 300.0, 0.0)
VALUE = GammaGamma(6.0, 4.0, 15.0, 0.0)


def buying(return_share: float = 0.0) -> Buying:
    return Buying(PURCHASES, VALUE, return_share, mean_order=20.0)


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
    # The mean of all is p·γ / (q − 1) = 30, and counts q − 1 = 3 against p·x = 30 of the own mean of 40.
    value = (3 * 30 + 30 * 40) / 33
    # 30 returned of 200; leaning on 5 mean orders of 20 with a tenth returned: (30 + 10) of (200 + 100).
    kept = 1 - 40 / 300
    assert order_value(frame)[0] == 40.0
    expected = float(orders) * value * kept
    assert buying(return_share=0.1).expected_revenue(frame, 365.0)[0] == pytest.approx(expected)


def test_without_returns_in_the_tables_all_is_kept() -> None:
    none = buying(return_share=0.1).expected_revenue(customers(), 365)
    assert none[0] == pytest.approx(buying().expected_revenue(customers(returned_total=[0.0]), 365)[0])


def test_who_returned_more_than_they_bought_is_worth_nothing_rather_than_less() -> None:
    assert buying().expected_revenue(customers(returned_total=[5000.0]), 365)[0] == 0.0


def test_what_is_told_are_the_columns_of_the_features() -> None:
    told = buying().told(customers(), 90)
    assert list(told.columns) == [*customers().columns, *(feature.name for feature in FEATURES)]
    assert told["btyd_alive"][0] == PURCHASES.alive(4.0, 200.0, 281.0)
    assert told["btyd_orders"][0] == PURCHASES.expected_orders(4.0, 200.0, 281.0, 90)
    assert told["btyd_silence"][0] == pytest.approx(logit(PURCHASES.no_order(4.0, 200.0, 281.0, 90)))
    alive = 0 < told["btyd_alive"][0] < 1
    assert alive
    assert "btyd_alive" not in customers()


def test_silence_is_kept_finite() -> None:
    long_gone = customers(days_since_first_order=[9000.0])
    assert buying().no_order(long_gone, 1)[0] > 1 - EDGE
    assert buying().silence(long_gone, 1)[0] == pytest.approx(logit(1 - EDGE))


@settings(deadline=None, max_examples=50)
@given(
    days=st.integers(1, 400),
    recency=st.integers(0, 4000),
    silent=st.floats(0, 4000),
    amount=st.floats(0, 1e7),
    returned=st.floats(0, 1e7),
)
def test_every_history_gives_finite_figures(
    days: int, recency: int, silent: float, amount: float, returned: float
) -> None:
    repeated = days - 1 + recency if days > 1 else 0
    frame = customers(
        order_days=[days],
        recency_days=[repeated],
        days_since_first_order=[repeated + silent],
        amount_total=[amount],
        returned_total=[returned],
    )
    model = buying(0.1)
    assert 0 <= model.expected_revenue(frame, 365)[0] < np.inf
    told = model.told(frame, 90)
    assert np.isfinite(told["btyd_silence"]).all()
    assert told["btyd_alive"].between(0, 1).all()
    assert (told["btyd_orders"] >= 0).all()


def test_one_order_of_nothing_is_worth_something_small() -> None:
    one = customers(order_days=[1.0], recency_days=[0.0], days_since_first_order=[20.0])
    nothing, something = buying().expected_revenue(pd.concat([one.assign(amount_total=0.0), one]), 365)
    assert 0 < nothing < something


def drawn(count: int, seed: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Customers who order at random until they leave, seen for a year; and their revenue in the next.

    The third: whether they order in the next 90 days.
    """
    dice = np.random.default_rng(seed)
    rows, revenue, silent = [], [], []
    for first in dice.integers(-365, -30, count):
        rate, left = dice.gamma(1.5, 1 / 60), float(first) + dice.exponential(1 / dice.gamma(1.0, 1 / 400))
        nu, time, seen, ahead = dice.gamma(4.0, 1 / 15), float(first), [], []
        while time < 365:
            amount = dice.gamma(6.0, 1 / nu)
            (seen if time < 0 else ahead).append((time, amount))
            time += max(1.0, dice.exponential(1 / rate))
            if time > left:
                break
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
        revenue.append(sum(amount for _, amount in ahead))
        silent.append(all(time >= 90 for time, _ in ahead))
    return pd.DataFrame(rows), np.array(revenue), np.array(silent)


def test_the_sums_over_many_customers_come_true() -> None:
    frame, revenue, silent = drawn(3000, seed=4)
    fitted = fit_buying(frame, return_share=0.0)
    assert fitted.mean_order == pytest.approx(frame["amount_total"].sum() / frame["order_days"].sum())
    clv = fitted.expected_revenue(frame, 365)
    assert clv.sum() == pytest.approx(revenue.sum(), rel=0.1)
    for part in np.array_split(np.argsort(clv), 3)[1:]:
        assert clv[part].sum() == pytest.approx(revenue[part].sum(), rel=0.2)
    gone = fitted.no_order(frame, 90)
    for part in np.array_split(np.argsort(gone), 3):
        assert gone[part].mean() == pytest.approx(silent[part].mean(), abs=0.05)


def test_most_orders_for_nothing_leave_the_sums_true() -> None:
    """Nine of ten order days bring nothing: customers with one order rarely paid at all."""
    frame, revenue, _ = drawn(3000, seed=4)
    dice = np.random.default_rng(5)
    days = frame["order_days"].to_numpy()
    frame["amount_total"] *= dice.binomial(days, 0.1) / days
    fitted = fit_buying(frame, return_share=0.0)
    assert fitted.expected_revenue(frame, 365).sum() == pytest.approx(0.1 * revenue.sum(), rel=0.15)


def test_json_gives_the_equal_model_back() -> None:
    known = replace(buying(0.1), paid=0.4)
    assert Buying.from_dict(json.loads(json.dumps(known.to_dict()))) == known


def test_too_few_customers() -> None:
    with pytest.raises(HistoryError, match="1 customers are too few: a fit takes 30"):
        fit_buying(customers(), return_share=0.0)
