"""What past campaigns have taught about offers: the effect per customer and offer, drawn toward the same for
all.

Learnt is the effect on the number of orders. That on profit is it times the customer's profit per order, less
the coupon times the chance that it is redeemed: an offer is taken to change whether they order, not what is
in the basket, whose noise would drown the effect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from configs.settings import Offer
from models.uplift.effects import Effects, Grade
from models.uplift.fits import Linear, fit_from_dict
from models.uplift.inputs import Inputs
from models.uplift.learners import Effect

OUTCOMES = ("orders", "revenue", "profit")
AT_ONCE = 100_000


@dataclass(frozen=True)
class Shrinkage:
    """`level + share · (raw − centre)`: of what sets customers apart only the `share` that was borne out."""

    level: float
    centre: float
    share: float

    def __call__(self, raw: np.ndarray) -> np.ndarray:
        return np.asarray(self.level + self.share * (raw - self.centre))


@dataclass(frozen=True)
class Offered:
    """What follows from an order and from a coupon. Chances and money per order, linear in the inputs."""

    revenue_per_order: Linear
    profit_per_order: Linear
    redeemed: Linear

    def redemption(self, matrix: np.ndarray, orders: np.ndarray, value: np.ndarray) -> np.ndarray:
        """The chance that a coupon of `value` is redeemed; at least that of the orders it brings about."""
        chance = np.clip(self.redeemed.predict(matrix), 0.0, 1.0)
        return np.where(value > 0, np.maximum(chance, np.clip(orders, 0.0, 1.0)), 0.0)

    def each(self, outcome: str, matrix: np.ndarray) -> np.ndarray:
        """Revenue or profit of one order before coupons, in money; at least 0."""
        per_order = self.revenue_per_order if outcome == "revenue" else self.profit_per_order
        return np.asarray(np.maximum(per_order.predict(matrix), 0.0))


@dataclass(frozen=True)
class Learnt:
    """One candidate, fitted."""

    orders: Effect
    offered: Offered

    def raw(self, matrix: np.ndarray, value: np.ndarray) -> dict[str, np.ndarray]:
        """The effects on `OUTCOMES` as learnt, each (rows,). `value`: of the coupon offered."""
        orders = self.orders.predict(matrix)
        given = value * self.offered.redemption(matrix, orders, value)
        revenue, profit = (orders * self.offered.each(name, matrix) - given for name in ("revenue", "profit"))
        return {"orders": orders, "revenue": revenue, "profit": profit}


@dataclass(frozen=True)
class EffectModel:
    """`learner`: its name. `shrinkage`: by outcome. `usual`: what each outcome is without an offer."""

    grade: Grade
    learner: str
    inputs: Inputs
    learnt: Learnt
    shrinkage: Mapping[str, Shrinkage]
    usual_fits: Mapping[str, Linear]

    @property
    def features(self) -> tuple[str, ...]:
        """What a frame must hold, by the names of the catalogue."""
        return self.inputs.features

    def effects(self, frame: pd.DataFrame, offers: Sequence[Offer]) -> Effects:
        """One row a customer; raises ModelError where the frame lacks a feature."""
        shape = (len(frame), len(offers))
        found = {name: np.empty(shape) for name in (*OUTCOMES, "redeemed")}
        for start in range(0, len(frame), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            people = self.inputs.customers(frame.iloc[rows])
            for place, offer in enumerate(offers):
                for name, values in self._of_offer(people, offer).items():
                    found[name][rows, place] = values
        return Effects(**found, grade=self.grade)

    def _of_offer(self, people: np.ndarray, offer: Offer) -> dict[str, np.ndarray]:
        if self._untried(offer):
            return dict.fromkeys((*OUTCOMES, "redeemed"), np.zeros(len(people)))
        value = np.full(len(people), offer.coupon_value)
        matrix = np.hstack([people, self._offer_columns(len(people), offer)])
        raw = self.learnt.raw(matrix, value)
        shrunk = {name: self.shrinkage[name](raw[name]) for name in OUTCOMES}
        redeemed = self.learnt.offered.redemption(matrix, shrunk["orders"], value)
        return {**shrunk, "redeemed": redeemed}

    def _offer_columns(self, rows: int, offer: Offer) -> np.ndarray:
        one = self.inputs.offers(np.array([offer.coupon_value]), pd.Series([offer.channel]))
        return np.repeat(one, rows, axis=0)

    def usual(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Columns `OUTCOMES`, expected without any offer in the campaign's days; from facts before it."""
        people = self.inputs.customers(frame)
        told = {name: np.maximum(fit.predict(people), 0.0) for name, fit in self.usual_fits.items()}
        return pd.DataFrame(told, index=frame.index)

    def never_tried(self, offers: Sequence[Offer]) -> list[str]:
        """The names of offers that past campaigns don't tell of: no effect is expected of them."""
        return [offer.name for offer in offers if self._untried(offer)]

    def _untried(self, offer: Offer) -> bool:
        """A coupon above all that were tried has the effect of the highest, at its own cost."""
        known = self.inputs.channels
        return offer.coupon_value < self.inputs.values[0] or (bool(known) and offer.channel not in known)

    def to_dict(self) -> dict[str, Any]:
        learnt = self.learnt
        return {
            "grade": self.grade,
            "learner": self.learner,
            "inputs": self.inputs.to_dict(),
            "orders": learnt.orders.to_dict(),
            "offered": {name: vars(learnt.offered)[name].to_dict() for name in vars(learnt.offered)},
            "shrinkage": {name: vars(each) for name, each in self.shrinkage.items()},
            "usual": {name: fit.to_dict() for name, fit in self.usual_fits.items()},
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> EffectModel:
        offered = Offered(**{name: _linear(each) for name, each in values["offered"].items()})
        return cls(
            values["grade"],
            str(values["learner"]),
            Inputs.from_dict(values["inputs"]),
            Learnt(Effect.from_dict(values["orders"]), offered),
            {name: Shrinkage(**each) for name, each in values["shrinkage"].items()},
            {name: _linear(each) for name, each in values["usual"].items()},
        )


def _linear(values: Mapping[str, Any]) -> Linear:
    fit = fit_from_dict(values)
    if not isinstance(fit, Linear):
        raise TypeError("a linear fit is due, and trees were found")
    return fit
