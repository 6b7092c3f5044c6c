"""What no real company knows: who declined and why, and what each coupon truly did.

Three tables in a folder of their own. `customers`: cause, dates, decoy, effect of a coupon. `contacts`: the
true effect of each contact within 30 days. `campaigns`: the means of the latter over both arms.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from demo.retailer.baskets import Placed
from demo.retailer.campaigns import Campaign, Contacts
from demo.retailer.coupons import EFFECTS, REDEEMING, REFERENCE_CENTS, Coupons
from demo.retailer.customers import DECOYS, Customers
from demo.retailer.days import NEVER, Floats, Period
from demo.retailer.declines import CAUSES, REASONS, Declines
from demo.retailer.files import choice, ids
from demo.retailer.redemptions import Effects


def customers_table(
    customers: Customers, declines: Declines, coupons: Coupons, placed: Placed, period: Period
) -> dict[str, pa.Array]:
    """`cause`, `left_because` and dates are null where nothing went wrong or nobody left.

    `coupon_probability`: an extra order's probability (persuadable) or minus the share of orders skipped
    (sleeping dog) in the 30 days after a coupon of 10. `coupon_money`: the same in expected net revenue,
    valued at the customer's mean order; for a sleeping dog and a sure thing, per order they would place.
    """
    begun = declines.begins < declines.leaves
    probability, worth = _coupon_effects(coupons, _mean_baskets(placed, len(customers)))
    return {
        "customer_id": ids("C", customers.number),
        "cause": choice(CAUSES, np.where(begun, declines.cause, -1)),
        "decline_started_at": period.timestamps(np.where(begun, declines.begins, NEVER)),
        "decline_ended_at": period.timestamps(
            np.where(declines.ends < declines.leaves, declines.ends, NEVER)
        ),
        "left_at": period.timestamps(declines.leaves),
        "left_because": choice(REASONS, declines.reason),
        "decoy": choice(DECOYS, np.where(customers.decoy == 0, -1, customers.decoy)),
        "coupon_effect": choice(EFFECTS, coupons.effect),
        "coupon_probability": pa.array(probability),
        "coupon_money": pa.array(np.round(worth, 4)),
    }


def _coupon_effects(coupons: Coupons, basket: Floats) -> tuple[Floats, Floats]:
    """In orders and in money; `basket`: each customer's mean order."""
    everyone, coupon = np.arange(len(basket)), REFERENCE_CENTS / 100
    sure, persuadable, dog = (
        coupons.are(effect, everyone) for effect in ("sure_thing", "persuadable", "sleeping_dog")
    )
    size = np.select([persuadable, dog], [coupons.size, -coupons.size], 0.0)
    given_away = -REDEEMING * np.minimum(coupon, basket)
    gained = size * np.maximum(basket - coupon, 0.0)
    return size, np.select([sure, persuadable, dog], [given_away, gained, size * basket], 0.0)


def _mean_baskets(placed: Placed, size: int) -> Floats:
    """Mean net revenue of an order; the mean of all for who never bought."""
    count = np.bincount(placed.owner, minlength=size)
    total = np.bincount(placed.owner, placed.paid / 100.0, size)
    overall = total.sum() / max(count.sum(), 1)
    return np.where(count > 0, total / np.maximum(count, 1), overall)


def contacts_table(contacts: Contacts, effects: Effects, first_number: int) -> dict[str, pa.Array]:
    """Effects within 30 days: on the probability of buying, the number of orders, net revenue, margin."""
    return {
        "contact_id": ids("M", first_number + np.arange(len(contacts.owner))),
        "probability": pa.array(effects.probability),
        "orders": pa.array(effects.orders),
        "revenue": pa.array(effects.cents / 100),
        "margin": pa.array(effects.margin_cents / 100),
    }


@dataclass
class CampaignTruth:
    """Sums over the chunks, one entry a campaign."""

    campaigns: list[Campaign]
    contacts: Floats = field(init=False)
    sums: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.contacts = np.zeros(len(self.campaigns))
        self.sums = np.zeros((3, len(self.campaigns)))

    def add(self, contacts: Contacts, effects: Effects) -> None:
        size = len(self.campaigns)
        self.contacts += np.bincount(contacts.campaign, minlength=size)
        for row, effect in enumerate((effects.probability, effects.orders, effects.cents / 100)):
            self.sums[row] += np.bincount(contacts.campaign, effect, size)

    def table(self, period: Period) -> dict[str, pa.Array]:
        probability, orders, revenue = self.sums / np.maximum(self.contacts, 1)
        return {
            "campaign_id": ids(
                "K", np.array([campaign.number + 1 for campaign in self.campaigns], np.int64), 3
            ),
            "sent_at": period.timestamps(np.array([campaign.sent for campaign in self.campaigns])),
            "aim": pa.array([campaign.aim for campaign in self.campaigns], pa.string()),
            "coupon_value": pa.array(
                [campaign.coupon_cents / 100 for campaign in self.campaigns], pa.float64()
            ),
            "contacts": pa.array(self.contacts.astype(np.int64)),
            "probability": pa.array(probability),
            "orders": pa.array(orders),
            "revenue": pa.array(revenue),
        }
