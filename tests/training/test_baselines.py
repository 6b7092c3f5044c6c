"""The models to beat, against scikit-learn and lifetimes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from models.beta_geometric import BGNBD
from training.baselines import RECENCY, RFM, bg_nbd, logistic


def customers(seed: int, count: int = 400) -> pd.DataFrame:
    """Days since the last order decide, on the scale of its logarithm."""
    dice = np.random.default_rng(seed)
    since = dice.gamma(1.5, 40, count)
    days = dice.geometric(0.3, count).astype(float)
    recency = np.where(days > 1, np.floor(dice.uniform(20, 300, count)), 0.0)
    return pd.DataFrame(
        {
            "days_since_order": since,
            "order_days": days,
            "recency_days": recency,
            "days_since_first_order": recency + np.floor(since),
            "amount_total": days * dice.gamma(3, 20, count),
            "churned": dice.random(count) < expit(2 * (np.log1p(since) - 3.5)),
        }
    )


@pytest.mark.parametrize("columns", [RECENCY, RFM])
def test_logistic_is_a_regression_on_standardised_logarithms(columns: tuple[str, ...]) -> None:
    train, judged = customers(1), customers(2)
    logs, others = (np.log1p(frame[list(columns)].to_numpy()) for frame in (train, judged))
    mean, spread = logs.mean(axis=0), logs.std(axis=0)
    model = LogisticRegression(max_iter=1000).fit((logs - mean) / spread, train["churned"])
    expected = expit((others - mean) / spread @ model.coef_[0] + model.intercept_[0])
    np.testing.assert_allclose(logistic(train, judged, columns), expected, rtol=1e-9)


def test_recency_alone_finds_what_decides() -> None:
    judged = customers(4)
    probability = logistic(customers(3, 4000), judged, RECENCY)
    truth = expit(2 * (np.log1p(judged["days_since_order"]) - 3.5))
    np.testing.assert_allclose(probability, truth, atol=0.05)


def test_amounts_below_zero_count_as_none() -> None:
    train, judged = customers(1), customers(2)
    nothing = logistic(train, judged.assign(amount_total=0.0), RFM)
    np.testing.assert_array_equal(logistic(train, judged.assign(amount_total=-50.0), RFM), nothing)


def test_bg_nbd_equals_that_of_lifetimes() -> None:
    histories, judged = customers(5), customers(6)
    fitted = BGNBD.fit(
        histories["order_days"] - 1,
        histories["recency_days"],
        np.maximum(np.ceil(histories["days_since_first_order"]), histories["recency_days"]),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lifetimes

        fitter: Any = lifetimes.BetaGeoFitter()
        fitter.params_ = pd.Series({"r": fitted.r, "alpha": fitted.alpha, "a": fitted.a, "b": fitted.b})
        alive = fitter.conditional_probability_alive(
            judged["order_days"] - 1, judged["recency_days"], judged["days_since_first_order"]
        )
    frequency, age = judged["order_days"].to_numpy() - 1, judged["days_since_first_order"].to_numpy()
    silent = ((fitted.alpha + age) / (fitted.alpha + age + 90)) ** (fitted.r + frequency)
    np.testing.assert_allclose(bg_nbd(histories, judged, 90), 1 - np.ravel(alive) * (1 - silent), rtol=1e-9)
