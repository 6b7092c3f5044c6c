"""What subscribers will bring: so much a day, for as long as they are expected to stay.

The churn probability p of one horizon of h days means a constant hazard λ = −ln(1 − p) / h of leaving on any
day, so the time T until then is exponential. Of H days a subscription runs E[min(T, H)] = (1 − e^(−λH)) / λ,
and its quantile q is min(−ln(1 − q) / λ, H) (Gupta & Lehmann 2005, Managing Customers as Investments).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from configs.settings import Definitions
from features.tables import PRICE_DAYS

PRICE = "subscription_price"
LOW, HIGH = 0.1, 0.9
"""The quantiles of an 80 % interval."""

LEAST_CHURN = 1e-9
YEAR, LEAST_DAYS = 365.0, 30.0


def contractual_value(
    frame: pd.DataFrame, churn: np.ndarray, definitions: Definitions, usual_price: float = np.nan
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean, and the ends of an 80 % interval, of what customers bring in `clv_horizon_days`.

    The price of their subscriptions, and their orders at the pace of the last 365 days, for as long as they
    are expected to stay. In money, shape (rows,) each; null where neither is known. `churn`: of
    `horizon_days`, shape (rows,). `usual_price`: of a subscription whose price isn't given.
    """
    a_day = per_day(frame, usual_price)
    mean, low, high = days_held(churn, definitions)
    return a_day * mean, a_day * low, a_day * high


def days_held(churn: np.ndarray, definitions: Definitions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The days of `clv_horizon_days` for which they stay: mean and both quantiles, shape (rows,) each."""
    days = float(definitions.clv_horizon_days)
    hazard = -np.log1p(-np.clip(churn, LEAST_CHURN, 1 - LEAST_CHURN)) / definitions.horizon_days
    low, high = (np.minimum(-np.log1p(-quantile) / hazard, days) for quantile in (LOW, HIGH))
    return -np.expm1(-hazard * days) / hazard, low, high


def per_day(frame: pd.DataFrame, usual_price: float = np.nan) -> np.ndarray:
    """What a customer brings on a day, in money, shape (rows,); null where nothing is known.

    Orders less returns: of the last 365 days, or since the first order where that is less, at least 30.
    """
    price = _column(frame, PRICE)
    price = np.where(np.isnan(price), usual_price, price) / PRICE_DAYS
    spent = _column(frame, "amount_365d") - np.nan_to_num(_column(frame, "returned_365d"))
    orders = spent / np.clip(
        np.nan_to_num(_column(frame, "days_since_first_order"), nan=YEAR), LEAST_DAYS, YEAR
    )
    total = np.nan_to_num(price) + np.nan_to_num(orders)
    return np.where(np.isnan(price) & np.isnan(orders), np.nan, total)


def _column(frame: pd.DataFrame, name: str) -> np.ndarray:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(dtype=float, na_value=np.nan)
