"""Who the customers are and what they are used to, before anything goes wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from demo.retailer.days import YEAR, Floats, Ints, Period
from demo.retailer.files import choice, ids, money, numbers

CHANNELS = ("search", "social", "affiliate", "store", "referral", "email")
CHANNEL_COST = np.array([18.0, 24.0, 14.0, 6.0, 9.0, 3.0])
SEGMENTS = ("household", "student", "business", "senior")
COUNTRIES = ("DE", "AT", "CH", "NL", "FR", "PL")
DELIVERIES = ("home", "pickup", "locker")
CATEGORIES = 12

# A habit that looks like a symptom and adds no risk.
DECOYS = ("none", "frequent_returner", "small_baskets", "chatty", "grumbler", "quiet")
_DECOY_SHARES = (0.75, 0.05, 0.05, 0.05, 0.05, 0.05)

_EARLIER_SHARE = 0.3  # signed up before the period
_EARLIER_DAYS = 730.0
_YEARLY_GROWTH = 0.45


@dataclass(frozen=True)
class Customers:
    """A chunk of customers: arrays of one length, one entry a customer. Rates are per day.

    `number`: counts through all chunks. `gap`: usual days between orders. `regularity`: shape of the gamma
    distribution of gaps. `tier`: price level they choose, in standard deviations. `extra_lines`: mean lines
    of an order after the first. `discount_habit`, `return_habit`, `answering`: probabilities. `breadth`: how
    many of their `favourites` (customers × categories, best first) they buy. `mood`: satisfaction in
    standard deviations. The rest are positions in the words above.
    """

    number: Ints
    signed_up: Floats
    decoy: Ints
    channel: Ints
    cost_cents: Ints
    segment: Ints
    country: Ints
    birth_year: Floats
    household_size: Ints
    delivery: Ints
    gap: Floats
    regularity: Floats
    tier: Floats
    extra_lines: Floats
    discount_habit: Floats
    return_habit: Floats
    breadth: Floats
    favourites: Ints
    complaining: Floats
    asking: Floats
    answering: Floats
    mood: Floats
    visiting: Floats

    def __len__(self) -> int:
        return len(self.number)

    @property
    def since(self) -> Floats:
        """When the tables begin to tell of them: at sign-up, or with the period."""
        return np.maximum(self.signed_up, 0.0)


def draw(rng: np.random.Generator, first_number: int, size: int, period: Period) -> Customers:
    """`size` customers, numbered from `first_number`."""
    decoy = rng.choice(len(DECOYS), size, p=_DECOY_SHARES)
    returner, small, chatty, grumbler, quiet = (decoy == kind for kind in range(1, len(DECOYS)))
    channel = rng.choice(len(CHANNELS), size, p=(0.28, 0.24, 0.14, 0.16, 0.10, 0.08))
    segment = rng.choice(len(SEGMENTS), size, p=(0.55, 0.15, 0.12, 0.18))
    gap = 35.0 / np.clip(rng.gamma(2.2, 1 / 2.2, size), 0.15, 6.0)
    return Customers(
        number=first_number + np.arange(size),
        signed_up=_sign_ups(rng, size, period),
        decoy=decoy,
        channel=channel,
        cost_cents=np.rint(100 * CHANNEL_COST[channel] * rng.lognormal(0.0, 0.3, size)).astype(np.int64),
        segment=segment,
        country=rng.choice(len(COUNTRIES), size, p=(0.46, 0.12, 0.1, 0.12, 0.12, 0.08)),
        birth_year=_birth_years(rng, segment),
        household_size=1 + rng.poisson(np.array([1.6, 0.4, 0.9, 0.5])[segment]),
        delivery=rng.choice(len(DELIVERIES), size, p=(0.6, 0.28, 0.12)),
        gap=gap,
        regularity=np.clip(rng.lognormal(0.7, 0.5, size), 0.8, 8.0),
        tier=rng.normal(0.0, 0.7, size) - 1.4 * small,
        extra_lines=np.where(small, 0.15, 1.6 * rng.gamma(3.0, 1 / 3.0, size)),
        discount_habit=rng.beta(1.6, 4.0, size),
        return_habit=np.where(returner, rng.uniform(0.28, 0.45, size), rng.beta(1.5, 30.0, size)),
        breadth=np.where(small, 2.0, 2.0 + rng.binomial(CATEGORIES - 2, 0.35, size)),
        favourites=np.argsort(rng.random((size, CATEGORIES)), axis=1),
        complaining=rng.gamma(1.5, 0.30 / 1.5, size) / YEAR,
        asking=np.where(chatty, rng.uniform(7.0, 12.0, size), rng.gamma(1.5, 0.4 / 1.5, size)) / YEAR,
        answering=rng.beta(2.5, 2.5, size),
        mood=rng.normal(0.0, 0.6, size) - 2.0 * grumbler,
        visiting=np.where(quiet, 0.004, rng.gamma(2.0, 0.03, size) + 0.012),
    )


def _sign_ups(rng: np.random.Generator, size: int, period: Period) -> Floats:
    """Moments of sign-up: some before the period, the others ever denser, most before Christmas."""
    day = np.arange(int(period.days))
    weight = period.season() * np.exp(_YEARLY_GROWTH * day / YEAR)
    within = np.interp(
        rng.random(size), np.concatenate([[0.0], np.cumsum(weight) / weight.sum()]), np.arange(len(day) + 1)
    )
    return np.where(rng.random(size) < _EARLIER_SHARE, -_EARLIER_DAYS * rng.random(size), within)


def _birth_years(rng: np.random.Generator, segment: Ints) -> Floats:
    """Not a number where the customer never told."""
    middle, spread = np.array([1984.0, 2002.0, 1979.0, 1951.0]), np.array([9.0, 2.0, 9.0, 6.0])
    year = np.clip(np.rint(rng.normal(middle[segment], spread[segment])), 1925, 2006)
    return np.where(rng.random(len(segment)) < 0.12, np.nan, year)


def table(customers: Customers, opted_out: Floats, period: Period) -> dict[str, pa.Array]:
    """The table `customers`; `household_size` and `delivery` are attributes beyond the contract."""
    return {
        "customer_id": ids("C", customers.number),
        "signed_up_at": period.timestamps(customers.signed_up),
        "acquisition_channel": choice(CHANNELS, customers.channel),
        "acquisition_cost": money(customers.cost_cents),
        "segment": choice(SEGMENTS, customers.segment),
        "country": choice(COUNTRIES, customers.country),
        "birth_year": numbers(customers.birth_year, ~np.isnan(customers.birth_year)),
        "opted_out_at": period.timestamps(opted_out),
        "household_size": pa.array(customers.household_size),
        "delivery": choice(DELIVERIES, customers.delivery),
    }
