"""What is foretold of a customer without knowing any effect: how much they will order, and whether a coupon
will be redeemed.

Both show far more clearly in past campaigns than an effect, and say much of it: a coupon that is redeemed by
somebody who would hardly have ordered has brought the order about. Effects on the scale of predicted
outcomes: Kent et al. (2020), The predictive approaches to treatment effect heterogeneity (PATH) statement,
Annals of Internal Medicine 172(1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.uplift.fits import Fit, fit_from_dict

NAMES = ("everybody", "redeemed", "redeemed, no order otherwise", "usual orders")


@dataclass(frozen=True)
class Foretold:
    """`orders`: their number in the campaign's days, whatever the arm, by `Inputs.customers`; were these days
    as busy as those of the past contacts. `redeemed`: whether a coupon is, of those contacted, by
    `Inputs.matrix`."""

    orders: Fit
    redeemed: Fit

    def expected(self, people: np.ndarray) -> np.ndarray:
        """Orders, at least 0; shape (rows,)."""
        return np.asarray(np.maximum(self.orders.predict(people), 0.0))

    def redeeming(self, matrix: np.ndarray, value: np.ndarray) -> np.ndarray:
        """The chance that a coupon of `value` is redeemed; 0 where there is none. Shape (rows,)."""
        return np.where(value > 0, np.clip(self.redeemed.predict(matrix), 0.0, 1.0), 0.0)

    def to_dict(self) -> dict[str, Any]:
        return {"orders": self.orders.to_dict(), "redeemed": self.redeemed.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Foretold:
        return cls(fit_from_dict(values["orders"]), fit_from_dict(values["redeemed"]))


def modifiers(orders: np.ndarray, redeemed: np.ndarray) -> np.ndarray:
    """What effects differ by most, shape (rows, len(NAMES)); no order at all has the chance of Poisson's."""
    return np.column_stack([np.ones(len(orders)), redeemed, redeemed * np.exp(-orders), orders])
