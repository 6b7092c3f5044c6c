"""What a judgement of contractual churn is held against: simple models of subscriptions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from configs.settings import Definitions
from models.subscription_value import PRICE, contractual_value
from training.baselines import logistic

TENURE = ("subscription_days",)
CONTRACT = ("subscription_days", PRICE, "subscriptions_running")

Predicted = Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]


def baselines() -> dict[str, Predicted]:
    """Name → churn probabilities of the judged rows, learnt from the training rows."""
    return {
        "tenure alone": lambda train, judged: logistic(train, judged, TENURE),
        "tenure and price logistic": _tenure_and_price,
        "base rate": lambda train, judged: np.full(len(judged), train["churned"].mean()),
    }


def contractual_revenue(judged: pd.DataFrame, churn: np.ndarray, definitions: Definitions) -> np.ndarray:
    """What each judged customer is expected to bring, in money, shape (rows,)."""
    usual = float(judged[PRICE].median()) if PRICE in judged else np.nan
    return contractual_value(judged, churn, definitions, usual)[0]


def _tenure_and_price(train: pd.DataFrame, judged: pd.DataFrame) -> np.ndarray:
    columns = tuple(name for name in CONTRACT if name in train)
    usual = train[list(columns)].median().fillna(0.0)
    return logistic(train.fillna(usual), judged.fillna(usual), columns)
