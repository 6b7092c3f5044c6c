"""CLV: expected net revenue, from how often a customer orders (MBG/NBD) and how much (Gamma-Gamma)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models.beta_geometric import MBGNBD
from models.gamma_gamma import GammaGamma

INPUTS = ("order_days", "recency_days", "days_since_first_order", "amount_total", "orders", "returned_total")
"""The features that the CLV needs; `returned_total` only where there are returns."""

ORDERS_OF_PRIOR = 5.0
"""A customer's own share of returned money is averaged with that of all, weighing this many mean orders."""


@dataclass(frozen=True)
class Spread:
    """How far actual revenue lay from predicted, by size of the prediction; measured on a finished horizon.

    `predicted`: rising knots in money. `low`, `high`: the 10 % and 90 % quantile of actual over predicted
    there. `horizon_days`: of the horizon it was measured on. Between knots the quantiles are interpolated.
    """

    predicted: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    horizon_days: int

    def interval(self, clv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The 80 % interval around each CLV, shape (rows,) each, in money."""
        low = np.interp(clv, self.predicted, self.low)
        high = np.interp(clv, self.predicted, self.high)
        return np.minimum(clv, clv * low), np.maximum(clv, clv * high)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Spread:
        knots = {name: tuple(values[name]) for name in ("predicted", "low", "high")}
        return cls(**knots, horizon_days=int(values["horizon_days"]))


@dataclass(frozen=True)
class ClvModel:
    """Expected orders × expected order value × the share that is kept and not returned."""

    purchases: MBGNBD
    value: GammaGamma
    return_share: float
    mean_order: float
    spread: Spread | None

    def expected_revenue(self, frame: pd.DataFrame, horizon_days: float) -> np.ndarray:
        """Mean net revenue of each row's customer in `horizon_days` from `as_of`, in money, shape (rows,)."""
        frequency, recency, age = history(frame)
        orders = self.purchases.expected_orders(frequency, recency, age, horizon_days)
        value = self.value.expected_value(frame["order_days"].to_numpy(dtype=float), order_value(frame))
        return np.asarray(orders * value * self._kept(frame))

    def interval(self, clv: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The 80 % interval; null where no horizon was over to measure it on."""
        if self.spread is None:
            unknown = np.full(len(clv), np.nan)
            return unknown, unknown
        return self.spread.interval(clv)

    def _kept(self, frame: pd.DataFrame) -> np.ndarray:
        if "returned_total" not in frame:
            return np.ones(len(frame))
        prior = ORDERS_OF_PRIOR * self.mean_order
        returned = frame["returned_total"].to_numpy(dtype=float) + prior * self.return_share
        return 1.0 - np.clip(returned / (frame["amount_total"].to_numpy(dtype=float) + prior), 0.0, 1.0)

    def to_dict(self) -> dict[str, Any]:
        return {
            "purchases": self.purchases.to_dict(),
            "value": self.value.to_dict(),
            "return_share": self.return_share,
            "mean_order": self.mean_order,
            "spread": vars(self.spread) if self.spread else None,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ClvModel:
        spread = values["spread"]
        return cls(
            MBGNBD.from_dict(values["purchases"]),
            GammaGamma.from_dict(values["value"]),
            float(values["return_share"]),
            float(values["mean_order"]),
            Spread.from_dict(spread) if spread else None,
        )


def history(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Repeat order days, days from the first order to the last, days since the first; shape (rows,) each."""
    recency = frame["recency_days"].to_numpy(dtype=float)
    age = np.maximum(np.ceil(frame["days_since_first_order"].to_numpy(dtype=float)), recency)
    return frame["order_days"].to_numpy(dtype=float) - 1.0, recency, age


def order_value(frame: pd.DataFrame) -> np.ndarray:
    """Mean revenue of an order day, in money, shape (rows,)."""
    return np.asarray(frame["amount_total"].to_numpy(dtype=float) / frame["order_days"].to_numpy(dtype=float))


def fit_clv(frame: pd.DataFrame, return_share: float, spread: Spread | None = None) -> ClvModel:
    """Fit on `frame`: one row with `INPUTS` per customer who ever ordered, all as of one day.

    Raises HistoryError where there are too few customers or repeat orders.
    """
    days, value = frame["order_days"].to_numpy(dtype=float), order_value(frame)
    paying = value > 0
    total = float(frame["amount_total"].sum())
    return ClvModel(
        purchases=MBGNBD.fit(*history(frame)),
        value=GammaGamma.fit(days[paying], value[paying]),
        return_share=return_share,
        mean_order=total / float(days.sum()),
        spread=spread,
    )


def measure_spread(predicted: np.ndarray, actual: np.ndarray, horizon_days: int) -> Spread | None:
    """The spread of `actual` around `predicted` money, in up to twelve equal groups of at least 30."""
    groups = min(12, len(predicted) // 30)
    if groups == 0:
        return None
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, groups) if predicted[part].mean() > 0]
    if not parts:
        return None
    ratios = [actual[part] / predicted[part].mean() for part in parts]
    return Spread(
        predicted=tuple(float(predicted[part].mean()) for part in parts),
        low=tuple(float(max(0.0, np.quantile(ratio, 0.1))) for ratio in ratios),
        high=tuple(float(np.quantile(ratio, 0.9)) for ratio in ratios),
        horizon_days=horizon_days,
    )
