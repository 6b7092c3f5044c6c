"""What offers are expected to change, for every customer at once, and what that is known from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Grade = Literal["experiment", "adjusted observation", "prior"]
GRADES: tuple[Grade, ...] = get_args(Grade)
REACH = 1.96
"""Standard errors to either end of a 95 % interval."""

MEANING: dict[Grade, str] = {
    "experiment": "learnt from past campaigns with a control group drawn by lot",
    "adjusted observation": (
        "learnt from past contacts that were not drawn by lot, adjusted for what is known of the customers; "
        "what is not known may still bias it, so it is no proof of an effect"
    ),
    "prior": (
        "a prior: nothing was learnt from past contacts; the save rate of configs/winback.yaml is assumed, "
        "and the plan should be seen as buying knowledge"
    ),
}


@dataclass(frozen=True)
class Effects:
    """Expected change over the campaign's days; each array (customers, offers).

    `orders`: number. `revenue`: money, net of coupons. `profit`: margin in money, net of coupons redeemed,
    also of those who would have bought anyway, and before the cost of contact. `redeemed`: the chance that
    the coupon is redeemed, with or without an effect.
    """

    orders: np.ndarray
    revenue: np.ndarray
    profit: np.ndarray
    redeemed: np.ndarray
    grade: Grade

    def of(self, rows: np.ndarray) -> Effects:
        return Effects(
            self.orders[rows], self.revenue[rows], self.profit[rows], self.redeemed[rows], self.grade
        )
