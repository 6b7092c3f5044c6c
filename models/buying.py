"""What the buy-till-you-die models say of each customer: orders to come, their worth, and who is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit

from features.catalog import Feature
from models.btyd_fit import Floats, giant_ceiling
from models.columns import with_columns
from models.gamma_gamma import GammaGamma
from models.pareto_nbd import ParetoNBD

INPUTS = ("order_days", "recency_days", "days_since_first_order", "amount_total", "returned_total")
"""The features that are needed; `returned_total` only where there are returns."""

REQUIRED = INPUTS[:-1]

ORDERS_OF_PRIOR = 5.0
"""A customer's own share of returned money is averaged with that of all, weighing this many mean orders."""

EDGE = 1e-5

FEATURES = (
    Feature(
        "btyd_silence",
        "rhythm",
        "log-odds",
        "no order in the horizon, by how often and how lately they ordered",
        worse="high",
        low=-np.inf,
    ),
    Feature("btyd_alive", "rhythm", "share", "whether they still are a customer", worse="low", high=1.0),
    Feature("btyd_orders", "rhythm", "orders", "order days to expect in the horizon", worse="low"),
)
"""What a fitted model says of a customer, as inputs for other models; by the Pareto/NBD."""


@dataclass(frozen=True)
class Buying:
    """How the customers of one company order (Pareto/NBD) and spend (Gamma-Gamma).

    `return_share`: money returned over money ordered, of all. `mean_order`: revenue of a mean order day.
    `paid`: what all order days brought over what Gamma-Gamma, which knows none without money, says of them; 1
    where no customer ordered for nothing.
    """

    purchases: ParetoNBD
    value: GammaGamma
    return_share: float
    mean_order: float
    paid: float = 1.0

    def no_order(self, frame: pd.DataFrame, horizon_days: float) -> np.ndarray:
        """The probability of no order in `horizon_days` from `as_of`, shape (rows,)."""
        return np.asarray(self.purchases.no_order(*history(frame), horizon_days))

    def silence(self, frame: pd.DataFrame, horizon_days: float) -> np.ndarray:
        """The same in log-odds, kept finite."""
        return np.asarray(logit(np.clip(self.no_order(frame, horizon_days), EDGE, 1 - EDGE)))

    def expected_revenue(self, frame: pd.DataFrame, horizon_days: float) -> np.ndarray:
        """Mean net revenue in `horizon_days` from `as_of`, in money, shape (rows,).

        Expected orders × expected order value × the share that is kept and not returned.
        """
        orders = self.purchases.expected_orders(*history(frame), horizon_days)
        value = self.value.expected_value(frame["order_days"].to_numpy(dtype=float), order_value(frame))
        return np.asarray(orders * value * self.paid * self._kept(frame))

    def told(self, frame: pd.DataFrame, horizon_days: float) -> pd.DataFrame:
        """`frame` and the columns of `FEATURES`."""
        customers = history(frame)
        told = {
            "btyd_silence": self.silence(frame, horizon_days),
            "btyd_alive": self.purchases.alive(*customers),
            "btyd_orders": self.purchases.expected_orders(*customers, horizon_days),
        }
        return with_columns(frame, told)

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
            "paid": self.paid,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Buying:
        return cls(
            ParetoNBD.from_dict(values["purchases"]),
            GammaGamma.from_dict(values["value"]),
            float(values["return_share"]),
            float(values["mean_order"]),
            float(values["paid"]),
        )


def history(frame: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Repeat order days, days from the first order to the last, days since the first; shape (rows,) each."""
    recency = frame["recency_days"].to_numpy(dtype=float)
    age = np.maximum(np.ceil(frame["days_since_first_order"].to_numpy(dtype=float)), recency)
    return frame["order_days"].to_numpy(dtype=float) - 1.0, recency, age


def order_value(frame: pd.DataFrame) -> np.ndarray:
    """Mean revenue of an order day, in money, shape (rows,)."""
    return np.asarray(frame["amount_total"].to_numpy(dtype=float) / frame["order_days"].to_numpy(dtype=float))


def fit_buying(customers: pd.DataFrame, return_share: float) -> Buying:
    """Fit on `customers`: one row with `INPUTS` per customer who ever ordered, all as of one day.

    Raises HistoryError where there are too few customers or repeat orders.
    """
    days, value = customers["order_days"].to_numpy(dtype=float), order_value(customers)
    purchases = ParetoNBD.fit(*history(customers))
    paying = value > 0
    worth = GammaGamma.fit(days[paying], value[paying])
    return Buying(
        purchases=purchases,
        value=worth,
        return_share=return_share,
        mean_order=float(customers["amount_total"].sum()) / float(days.sum()),
        paid=_paid(worth, days, value),
    )


def _paid(worth: GammaGamma, days: Floats, value: Floats) -> float:
    if np.all(value > 0):
        return 1.0
    value = np.clip(value, 0.0, giant_ceiling(value[value > 0]))
    earned = np.sum(days * value)
    return float(np.clip(earned / np.sum(days * worth.expected_value(days, value)), 0.0, 1.0))
