"""What subscriptions will bring, against integrals and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from configs.settings import Definitions
from models.subscription_value import contractual_value

YEAR = Definitions(mode="contractual", horizon_days=90, clv_horizon_days=365)
MONTH = 365.25 / 12


def value(churn: float, price: float = 30.0, definitions: Definitions = YEAR) -> tuple[float, float, float]:
    frame = pd.DataFrame({"subscription_price": [price]})
    mean, low, high = contractual_value(frame, np.array([churn]), definitions)
    return float(mean[0]), float(low[0]), float(high[0])


@pytest.mark.parametrize("churn", [0.01, 0.2, 0.5, 0.95])
def test_the_mean_is_the_price_over_the_survival_curve(churn: float) -> None:
    survival, _ = quad(lambda day: (1 - churn) ** (day / 90), 0, 365)
    assert value(churn)[0] == pytest.approx(30 / MONTH * survival)


def test_by_hand() -> None:
    """Half leave in each horizon of 90 days: 90 / ln 2 · (1 − 2^(−365/90)) days of 365 are expected."""
    expected = 90 / np.log(2) * (1 - 2 ** (-365 / 90)) * 30 / MONTH
    assert value(0.5)[0] == pytest.approx(expected)
    assert value(0.0)[0] == pytest.approx(30 * 365 / MONTH)
    assert value(1.0)[0] < 30 * 5 / MONTH


def test_mean_and_interval_agree_with_simulated_customers() -> None:
    dice = np.random.default_rng(1)
    brought = np.minimum(dice.exponential(-90 / np.log(0.7), 200_000), 365) * 30 / MONTH
    mean, low, high = value(0.3)
    assert mean == pytest.approx(brought.mean(), rel=0.01)
    assert low == pytest.approx(np.quantile(brought, 0.1), rel=0.02)
    assert high == pytest.approx(np.quantile(brought, 0.9), rel=0.02)


def row(**features: float) -> float:
    mean, _, _ = contractual_value(pd.DataFrame([features]), np.array([0.0]), YEAR)
    return float(mean[0])


def test_orders_go_on_at_the_pace_of_the_last_year() -> None:
    spent = {"amount_365d": 73.0, "returned_365d": 0.0, "days_since_first_order": 900.0}
    assert row(**spent) == pytest.approx(73.0)
    assert row(**spent | {"returned_365d": 36.5}) == pytest.approx(36.5)
    assert row(**spent | {"days_since_first_order": 73.0}) == pytest.approx(365.0)
    assert row(**spent | {"days_since_first_order": 1.0}) == pytest.approx(73 * 365 / 30)
    assert row(**spent, subscription_price=MONTH) == pytest.approx(73.0 + 365.0)


def test_what_is_not_known_counts_for_nothing_beside_what_is() -> None:
    assert row(amount_365d=73.0, subscription_price=np.nan) == pytest.approx(73.0)
    assert row(amount_365d=np.nan, subscription_price=MONTH) == pytest.approx(365.0)
    assert np.isnan(row(amount_365d=np.nan, subscription_price=np.nan))
    assert np.isnan(row(x=1.0))


def test_a_price_that_is_not_given_is_the_usual_one() -> None:
    frame = pd.DataFrame({"subscription_price": [np.nan, 2 * MONTH]})
    mean, _, _ = contractual_value(frame, np.zeros(2), YEAR, usual_price=MONTH)
    np.testing.assert_allclose(mean, [365.0, 730.0])
