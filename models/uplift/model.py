"""What past campaigns have taught about offers: the effect per customer and offer.

Learnt is the effect on the number of orders, as far as it was borne out. That on profit is it times the
customer's profit per order, less the coupon times the chance that it is redeemed: an offer is taken to change
whether they order, and what is in their basket is not asked of each, for its noise would drown the effect;
by how much an order that an offer brings about is worth less than a usual one, is learnt of all together.
What a coupon costs with those who would have ordered anyway is known far better than the effect, and not
drawn to anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from configs.settings import Offer
from models.uplift.effects import Effects, Grade
from models.uplift.fits import Linear, fit_from_dict
from models.uplift.foretold import Foretold, modifiers
from models.uplift.inputs import Inputs
from models.uplift.learners import Effect
from models.uplift.season import NONE, Season

OUTCOMES = ("orders", "revenue", "profit")
AT_ONCE = 100_000


@dataclass(frozen=True)
class Worth:
    """Of one order before coupons, in money, linear in the inputs of customer and offer; at least 0.

    `brought`: what an order that an offer brings about is worth, beside a usual one.
    """

    revenue: Linear
    profit: Linear
    brought: float = 1.0

    def each(self, matrix: np.ndarray) -> dict[str, np.ndarray]:
        """Of a usual order, by the names of `OUTCOMES`."""
        fits = {"revenue": self.revenue, "profit": self.profit}
        return {name: np.maximum(fit.predict(matrix), 0.0) for name, fit in fits.items()}

    def to_dict(self) -> dict[str, Any]:
        return {
            "revenue": self.revenue.to_dict(),
            "profit": self.profit.to_dict(),
            "brought": self.brought,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Worth:
        return cls(_linear(values["revenue"]), _linear(values["profit"]), float(values["brought"]))


@dataclass(frozen=True)
class Stakes:
    """What is at stake with each row, shape (rows,): the chance that a coupon of `value` is redeemed, and
    what a usual order is worth, by the names of `OUTCOMES`; `brought` as in `Worth`."""

    redeeming: np.ndarray
    value: np.ndarray
    each: Mapping[str, np.ndarray]
    brought: float = 1.0

    def outcomes(self, orders: np.ndarray) -> dict[str, np.ndarray]:
        """`OUTCOMES` and `redeemed` from the effect on orders: who orders because of a coupon redeems it."""
        redeemed = np.where(self.value > 0, np.maximum(self.redeeming, np.clip(orders, 0.0, 1.0)), 0.0)
        usual = np.where(orders > 0, self.brought, 1.0) * orders
        money = {name: usual * worth - self.value * redeemed for name, worth in self.each.items()}
        return {"orders": orders, **money, "redeemed": redeemed}


@dataclass(frozen=True)
class EffectModel:
    """`learner`: the name of what `orders` was learnt by. `usual_fits`: each outcome without an offer, in
    days as busy as those of the past contacts; `season`: how much busier others are."""

    grade: Grade
    learner: str
    inputs: Inputs
    foretold: Foretold
    orders: Effect
    worth: Worth
    usual_fits: Mapping[str, Linear]
    season: Season = NONE

    @property
    def features(self) -> tuple[str, ...]:
        """What a frame must hold, by the names of the catalogue."""
        return self.inputs.features

    def effects(self, frame: pd.DataFrame, offers: Sequence[Offer], day: datetime | None = None) -> Effects:
        """One row a customer; raises ModelError where the frame lacks a feature. `day`: the first of the
        campaign's; null: days as busy as those of the past contacts."""
        shape = (len(frame), len(offers))
        found = {name: np.empty(shape) for name in (*OUTCOMES, "redeemed")}
        for start in range(0, len(frame), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            people = self.inputs.customers(frame.iloc[rows])
            expected = self.foretold.expected(people) * self._busier(day)
            for place, offer in enumerate(offers):
                for name, values in self._of_offer(people, expected, offer).items():
                    found[name][rows, place] = values
        return Effects(**found, grade=self.grade)

    def _of_offer(self, people: np.ndarray, expected: np.ndarray, offer: Offer) -> dict[str, np.ndarray]:
        if self._untried(offer):
            return dict.fromkeys((*OUTCOMES, "redeemed"), np.zeros(len(people)))
        value = np.full(len(people), offer.coupon_value)
        matrix = np.hstack([people, self._offer_columns(len(people), offer)])
        redeeming = self.foretold.redeeming(matrix, value)
        orders = self.orders.predict(np.hstack([matrix, modifiers(expected, redeeming)]))
        stakes = Stakes(redeeming, value, self.worth.each(matrix), self.worth.brought)
        return stakes.outcomes(orders)

    def _busier(self, day: datetime | None) -> float:
        return 1.0 if day is None else self.season.on(pd.Timestamp(day))

    def _offer_columns(self, rows: int, offer: Offer) -> np.ndarray:
        one = self.inputs.offers(np.array([offer.coupon_value]), pd.Series([offer.channel]))
        return np.repeat(one, rows, axis=0)

    def usual(self, frame: pd.DataFrame, day: datetime | None = None) -> pd.DataFrame:
        """Columns `OUTCOMES`, expected without any offer in the campaign's days; from facts before it."""
        people, busier = self.inputs.customers(frame), self._busier(day)
        told = {name: busier * np.maximum(fit.predict(people), 0.0) for name, fit in self.usual_fits.items()}
        return pd.DataFrame(told, index=frame.index)

    def never_tried(self, offers: Sequence[Offer]) -> list[str]:
        """The names of offers that past campaigns don't tell of: no effect is expected of them."""
        return [offer.name for offer in offers if self._untried(offer)]

    def _untried(self, offer: Offer) -> bool:
        """A coupon above all that were tried has the effect of the highest, at its own cost."""
        known = self.inputs.channels
        return offer.coupon_value < self.inputs.values[0] or (bool(known) and offer.channel not in known)

    def to_dict(self) -> dict[str, Any]:
        return {
            "grade": self.grade,
            "learner": self.learner,
            "inputs": self.inputs.to_dict(),
            "foretold": self.foretold.to_dict(),
            "orders": self.orders.to_dict(),
            "worth": self.worth.to_dict(),
            "usual": {name: fit.to_dict() for name, fit in self.usual_fits.items()},
            "season": self.season.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> EffectModel:
        return cls(
            values["grade"],
            str(values["learner"]),
            Inputs.from_dict(values["inputs"]),
            Foretold.from_dict(values["foretold"]),
            Effect.from_dict(values["orders"]),
            Worth.from_dict(values["worth"]),
            {name: _linear(each) for name, each in values["usual"].items()},
            Season.from_dict(values["season"]),
        )


def _linear(values: Mapping[str, Any]) -> Linear:
    fit = fit_from_dict(values)
    if not isinstance(fit, Linear):
        raise TypeError("a linear fit is due, and trees were found")
    return fit
