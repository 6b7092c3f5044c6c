"""Contractual churn: the level of the horizon to come, and the simple models it is judged beside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from scipy.special import logit

from configs.settings import Definitions
from features.errors import HistoryError
from features.labels import labels
from features.snapshots import Tables, before, population, span
from models.level import Level, Observed, forecast
from models.subscription_value import PRICE, contractual_value
from training.baselines import logistic

TENURE = ("subscription_days",)
CONTRACT = ("subscription_days", PRICE, "subscriptions_running")

APART_DAYS = 14
MOST_DAYS = 78

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


def contractual_level(tables: Tables, as_of: datetime, definitions: Definitions) -> Level | None:
    """The log-odds of the share of all subscribers that will churn, from that of past days.

    The same curve as of orders, with a season where cancellations are known for long enough, around the mean
    of the past. Null where no horizon was over.
    """
    known = before(tables, as_of)
    try:
        first, _ = span(known, "contractual")
    except HistoryError:
        return None
    start = first.replace(hour=0, minute=0, second=0, microsecond=0)
    horizon = definitions.horizon_days
    days = [as_of - timedelta(days=horizon + APART_DAYS * step) for step in range(MOST_DAYS)]
    days = sorted(day for day in days if day >= start)
    if not days:
        return None
    snapshots = population(known, days, definitions.lookback_days, "contractual")
    outcome = labels(known, snapshots, horizon, "contractual").group_by("as_of")
    rows = outcome.aggregate(churned=lambda t: t.churned.sum(), customers=lambda t: t.count())
    table = rows.order_by("as_of").to_pandas()
    levels = logit((table["churned"].to_numpy(dtype=float) + 0.5) / (table["customers"].to_numpy() + 1.0))
    when = ((table["as_of"] - pd.Timestamp(start)) / pd.Timedelta(days=1)).to_numpy(dtype=float)
    today = (as_of - start) / timedelta(days=1)
    usual = float(levels.mean())
    found = forecast(Observed(when, levels - usual, horizon), as_of, today, horizon)
    return replace(found, levels=tuple(level + usual for level in found.levels))
