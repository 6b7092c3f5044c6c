"""Campaigns of another making than the simulated retailer's: effects by other rules, known by formula.

`tenure`: who has been there long and gone quiet comes back for a coupon. `none`: nobody is moved, and who
buys anyway redeems. `harm`: complainers and the elderly are put off, the others are moved a little. `heavy
tails`: as `tenure`, with order values of which the top percent outweighs many. `sharp`: two facts must meet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.catalog import Feature
from training.uplift_rows import Past

WORLDS = ("tenure", "none", "harm", "heavy tails", "sharp")
COUPONS = (5.0, 10.0, 20.0)
MARGIN = 0.4
TREATED = 0.7

_FACTS = (
    *("orders_365d", "days_since_order", "days_since_first_order", "usual_basket", "usual_discounted_share"),
    *("complaints_365d", "visits_90d", "age_years", "return_rate_365d", "mood_last", "categories_365d"),
)
FEATURES = (
    *(Feature(name, "profile", "", "") for name in _FACTS),
    Feature("segment", "profile", "", "", kind="category"),
)


@dataclass(frozen=True)
class Expected:
    """Of each customer: natural orders, chance of an extra one, share of orders lost, chance of redeeming."""

    natural: np.ndarray
    extra: np.ndarray
    lost: np.ndarray
    redeeming: np.ndarray

    @property
    def orders(self) -> np.ndarray:
        return np.asarray(self.extra - self.lost * self.natural)

    @property
    def redeemed(self) -> np.ndarray:
        buys = 1 - np.exp(-self.natural * (1 - self.lost))
        return np.asarray(1 - (1 - self.extra) * (1 - self.redeeming * buys))

    def profit(self, basket: np.ndarray, coupon: np.ndarray | float) -> np.ndarray:
        """What the coupon adds, in money, before the cost of contact."""
        return np.asarray(self.orders * MARGIN * basket - coupon * self.redeemed)


def people(dice: np.random.Generator, size: int) -> pd.DataFrame:
    pace = dice.gamma(1.2, 5.0, size)
    known = dice.exponential(600.0, size) + 30
    return pd.DataFrame(
        {
            "orders_365d": 1.0 + dice.poisson(pace),
            "days_since_order": np.minimum(dice.exponential(1.5 * 365 / (pace + 1)), np.minimum(known, 364)),
            "days_since_first_order": known,
            "usual_basket": dice.lognormal(4.0, 0.6, size),
            "usual_discounted_share": dice.beta(2, 4, size),
            "complaints_365d": dice.poisson(0.25, size).astype(float),
            "visits_90d": dice.poisson(dice.gamma(1.5, 3.0, size)).astype(float),
            "age_years": np.where(dice.random(size) < 0.2, np.nan, dice.normal(48, 16, size)),
            "return_rate_365d": dice.beta(1, 12, size),
            "mood_last": np.where(dice.random(size) < 0.6, np.nan, dice.normal(0, 1, size)),
            "categories_365d": 1.0 + dice.poisson(2.0, size),
            "segment": dice.choice(["home", "office", "shop"], size, p=(0.6, 0.3, 0.1)),
        }
    )


def expected(world: str, frame: pd.DataFrame, coupon: np.ndarray | float) -> Expected:
    """What happens in the campaign's days to those who are sent this coupon."""
    silence = frame["days_since_order"].to_numpy()
    natural = frame["orders_365d"].to_numpy() / 12 * np.exp(-silence / 120)
    size = len(frame)
    strength = 1 - np.exp(-np.asarray(coupon) / 8)
    extra, lost = np.zeros(size), np.zeros(size)
    if world in ("tenure", "heavy tails"):
        old = _rises(np.log(frame["days_since_first_order"].to_numpy()), np.log(400.0), 0.4)
        extra = 0.3 * old * _rises(silence, 60.0, 20.0) * strength
    elif world == "harm":
        lost = np.where(frame["complaints_365d"] > 0, 0.7, np.where(frame["age_years"] > 60, 0.3, 0.0))
        extra = np.where(lost > 0, 0.0, 0.10 * strength)
    elif world == "sharp":
        moved = (frame["segment"] == "office") & (frame["usual_discounted_share"] > 0.35)
        extra = np.where(moved, 0.35, 0.01) * strength
    redeeming = 0.2 + 0.6 * frame["usual_discounted_share"].to_numpy()
    return Expected(natural, extra, lost, redeeming)


def _rises(values: np.ndarray, middle: float, width: float) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-(values - middle) / width)))


def past(world: str, rows: int, seed: int) -> Past:
    """Contacts of six campaigns, each with a coupon of its own, three in ten held back by lot."""
    dice = np.random.default_rng((seed, 1))
    frame = people(dice, rows)
    campaign = dice.integers(0, 6, rows)
    coupon = np.array(COUPONS)[campaign % len(COUPONS)]
    treated = (dice.random(rows) < TREATED).astype(int)
    what = expected(world, frame, coupon)
    natural = dice.poisson(what.natural * np.where(treated == 1, 1 - what.lost, 1.0))
    brought = (treated == 1) & (dice.random(rows) < what.extra)
    redeemed = brought | ((treated == 1) & (natural > 0) & (dice.random(rows) < what.redeeming))
    orders = natural + brought
    amount = _amounts(world, dice, orders, frame["usual_basket"].to_numpy())
    given = redeemed * coupon
    rows_of = frame.assign(
        customer_id=[f"C{number}" for number in range(rows)],
        campaign_id=[f"K{number}" for number in campaign],
        as_of=pd.Timestamp(2024, 1, 1),
        treated=treated,
        coupon_value=coupon,
        channel="email",
        redeemed=redeemed.astype(int),
        orders=orders,
        revenue=amount - given,
        profit=MARGIN * amount - given,
    )
    return Past(rows_of, FEATURES, held_back=True)


def _amounts(world: str, dice: np.random.Generator, orders: np.ndarray, basket: np.ndarray) -> np.ndarray:
    """Of all orders of each customer; `basket` is the mean of one."""
    spread = 1.6 if world == "heavy tails" else 0.4
    owner = np.repeat(np.arange(len(orders)), orders)
    each = basket[owner] * dice.lognormal(-(spread**2) / 2, spread, len(owner))
    return np.bincount(owner, each, len(orders))
