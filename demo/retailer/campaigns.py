"""Campaigns: who is sent a coupon, who is held back at random, and what that sets off."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa

from demo.retailer.coupons import ANNOYED_LEAVE, WINDOW_DAYS, Coupons
from demo.retailer.customers import Customers
from demo.retailer.days import NEVER, YEAR, Bools, Floats, Ints, Period
from demo.retailer.declines import Declines
from demo.retailer.files import choice, ids, money

_FIRST_DAY, _EVERY_DAYS, _MORNING = 45.0, 60.0, 0.25
_HELD_BACK = 0.3
_REACH = {"everyone": 0.4, "quiet": 0.8}  # share of those aimed at
_QUIET_DAYS = (45.0, 365.0)  # since the last order
_EXTRA_DAYS = (0.5, 21.0)  # from the coupon to the order it brings about
_OPT_OUT_PER_YEAR, _ANNOYED_OPT_OUT = 0.03, 0.12
_MEDIA = ("email", "post", "sms")
_MEDIA_CENTS = np.array([4, 95, 12])


@dataclass(frozen=True)
class Campaign:
    """`number`: from 0. `aim`: everyone, or those who have gone quiet. `medium`: position in `_MEDIA`."""

    number: int
    sent: float
    coupon_cents: int
    medium: int
    aim: str


@dataclass(frozen=True)
class Contacts:
    """One entry a contact, by campaign; moments in days, money in cents.

    `extra`: the moment of the order that the coupon would bring about, `NEVER` for those whom it brings to
    nothing. `works`: whether the coupon has its effect (an extra order, leaving at once), drawn for both
    arms alike; only `treated` ones live it.
    """

    campaign: Ints
    owner: Ints
    sent: Floats
    coupon_cents: Ints
    medium: Ints
    treated: Bools
    works: Bools
    extra: Floats


@dataclass(frozen=True)
class Aftermath:
    """What is left of the plans. `skipped_for`: for each order the contact that made them skip it, or -1."""

    contacts: Contacts
    declines: Declines
    opted_out: Floats
    skipped_for: Ints


def calendar(rng: np.random.Generator, period: Period) -> list[Campaign]:
    """The company's campaigns; the last one's window closes within the period."""
    aims = tuple(_REACH)
    return [
        Campaign(
            number=number,
            sent=float(np.floor(moment) + rng.integers(0, 6) + _MORNING),
            coupon_cents=int(rng.choice([500, 1000, 1500, 2000])),
            medium=int(rng.choice(len(_MEDIA), p=(0.6, 0.25, 0.15))),
            aim=aims[number % len(aims)],
        )
        for number, moment in enumerate(np.arange(_FIRST_DAY, period.days - WINDOW_DAYS - 7, _EVERY_DAYS))
    ]


class Mailing:
    """Sends campaigns one after the other to a chunk of customers; what one does, the next one meets.

    `orders`: positions of the customers and moments of the orders they would place without any campaign.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        customers: Customers,
        coupons: Coupons,
        declines: Declines,
        orders: tuple[Ints, Floats],
    ) -> None:
        self._rng, self._customers, self._coupons, self._declines = rng, customers, coupons, declines
        self._owner, self._moment = orders
        self._skipped_for = np.full(len(self._owner), -1)
        self._last_extra = np.full(len(customers), -NEVER)
        self._opted_out = customers.since + rng.exponential(YEAR / _OPT_OUT_PER_YEAR, len(customers))

    def send(self, campaigns: list[Campaign]) -> Aftermath:
        past = [_contacts(np.zeros(0, np.int64), Campaign(0, 0.0, 0, 0, ""))]
        sent_so_far = 0
        for campaign in campaigns:
            contacts = self._send(campaign)
            self._annoy(campaign, contacts, sent_so_far)
            bought = contacts.treated & contacts.works & (contacts.extra < NEVER)
            self._last_extra[contacts.owner[bought]] = contacts.extra[bought]
            past.append(contacts)
            sent_so_far += len(contacts.owner)
        opted_out = np.where(self._opted_out < self._declines.leaves, self._opted_out, NEVER)
        return Aftermath(_concatenate(past), self._declines, opted_out, self._skipped_for)

    def _send(self, campaign: Campaign) -> Contacts:
        """Both arms; what would come of the coupon is drawn, not yet lived."""
        rng, coupons = self._rng, self._coupons
        owner = self._reached(campaign)
        contacts = _contacts(owner, campaign)
        annoyed = ANNOYED_LEAVE * coupons.are("sleeping_dog", owner)
        extra = campaign.sent + rng.uniform(*_EXTRA_DAYS, len(owner))
        comes = coupons.are("persuadable", owner) & (extra < self._declines.leaves[owner])
        return replace(
            contacts,
            treated=rng.random(len(owner)) >= _HELD_BACK,
            works=rng.random(len(owner)) < coupons.extra_order(owner, contacts.coupon_cents) + annoyed,
            extra=np.where(comes, extra, NEVER),
        )

    def _reached(self, campaign: Campaign) -> Ints:
        """The customers aimed at, as the company can know them on that day."""
        last = self._last_extra.copy()
        before = (self._moment < campaign.sent) & (self._skipped_for < 0)
        np.maximum.at(last, self._owner[before], self._moment[before])
        silence = campaign.sent - last
        known = (self._customers.signed_up < campaign.sent) & (self._opted_out > campaign.sent)
        if campaign.aim == "quiet":
            known &= (silence > _QUIET_DAYS[0]) & (silence < _QUIET_DAYS[1])
        return np.flatnonzero(known & (self._rng.random(len(known)) < _REACH[campaign.aim]))

    def _annoy(self, campaign: Campaign, contacts: Contacts, first_contact: int) -> None:
        """Sleeping dogs that were treated skip orders; some leave at once, some want no more mail."""
        rng, size = self._rng, len(self._customers)
        dogs = np.flatnonzero(contacts.treated & self._coupons.are("sleeping_dog", contacts.owner))
        contact_of = np.full(size, -1)
        contact_of[contacts.owner[dogs]] = first_contact + dogs
        leaves = np.full(size, NEVER)
        leaves[contacts.owner[dogs[contacts.works[dogs]]]] = campaign.sent
        self._declines = self._declines.left(leaves)

        owner, moment = self._owner, self._moment
        in_window = (moment >= campaign.sent) & (moment < campaign.sent + WINDOW_DAYS)
        skips = in_window & (rng.random(len(owner)) < self._coupons.skipping(owner))
        hit = (self._skipped_for < 0) & (contact_of[owner] >= 0) & (skips | (moment >= leaves[owner]))
        self._skipped_for = np.where(hit, contact_of[owner], self._skipped_for)

        fed_up = contacts.owner[dogs[rng.random(len(dogs)) < _ANNOYED_OPT_OUT]]
        self._opted_out[fed_up] = campaign.sent + _MORNING


def _contacts(owner: Ints, campaign: Campaign) -> Contacts:
    """Contacts that nothing comes of."""
    size = len(owner)
    return Contacts(
        campaign=np.full(size, campaign.number),
        owner=owner,
        sent=np.full(size, campaign.sent),
        coupon_cents=np.full(size, campaign.coupon_cents),
        medium=np.full(size, campaign.medium),
        treated=np.zeros(size, bool),
        works=np.zeros(size, bool),
        extra=np.full(size, NEVER),
    )


def _concatenate(parts: list[Contacts]) -> Contacts:
    return Contacts(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Contacts))
    )


def table(
    contacts: Contacts, customers: Customers, redeemed: Floats, first_number: int, period: Period
) -> dict[str, pa.Array]:
    """The table `contacts`; the arm that is held back bears no cost and no coupon."""
    treated = contacts.treated
    return {
        "contact_id": ids("M", first_number + np.arange(len(treated))),
        "campaign_id": ids("K", contacts.campaign + 1, 3),
        "customer_id": ids("C", customers.number[contacts.owner]),
        "sent_at": period.timestamps(contacts.sent),
        "arm": choice(("control", "treatment"), treated.astype(np.int64)),
        "channel": choice(_MEDIA, contacts.medium),
        "cost": money(_MEDIA_CENTS[contacts.medium], treated),
        "coupon_value": money(contacts.coupon_cents, treated),
        "redeemed_at": period.timestamps(redeemed),
    }
