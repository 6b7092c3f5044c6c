"""What is assumed of an offer where no past contact tells anything. A prior, and called one everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from configs.settings import Offer, Winback
from models.columns import require
from models.uplift.effects import Effects

NEEDS = ("churn_probability", "clv", "days_since_order")


@dataclass(frozen=True)
class Prior:
    """An offer saves a share of the value at risk: `save_rate`, halved with each so many days of silence.

    A message without a coupon is expected to save half of that.
    """

    settings: Winback

    def effects(self, frame: pd.DataFrame, offers: Sequence[Offer]) -> Effects:
        """`frame`: one row a customer with `NEEDS`. All who would buy anyway count as redeeming a coupon."""
        require(NEEDS, frame)
        risk = frame["churn_probability"].to_numpy(dtype=float)
        clv = frame["clv"].to_numpy(dtype=float)
        silence = frame["days_since_order"].to_numpy(dtype=float)
        saved = self.settings.save_rate * 0.5 ** (silence / self.settings.save_half_life_days)
        value = np.array([offer.coupon_value for offer in offers])
        kept = np.outer(saved * risk, np.where(value > 0, 1.0, 0.5))
        redeemed = np.where(value > 0, np.minimum(kept + (1 - risk)[:, None], 1.0), 0.0)
        given = redeemed * value
        revenue = kept * clv[:, None]
        return Effects(
            orders=kept,
            revenue=revenue - given,
            profit=revenue * self.settings.margin_share - given,
            redeemed=redeemed,
            grade="prior",
        )

    def usual(self, frame: pd.DataFrame, clv_horizon_days: int) -> pd.DataFrame:
        """Columns orders, revenue and profit expected without any offer in the campaign's days."""
        require(NEEDS, frame)
        share = self.settings.campaign_days / clv_horizon_days
        revenue = frame["clv"].to_numpy(dtype=float) * share
        orders = 1 - frame["churn_probability"].to_numpy(dtype=float)
        profit = revenue * self.settings.margin_share
        return pd.DataFrame({"orders": orders, "revenue": revenue, "profit": profit}, index=frame.index)
