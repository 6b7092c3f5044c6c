"""What the coupons did: the orders that were or might have been placed, and each contact's true effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.retailer.baskets import Baskets
from demo.retailer.campaigns import Aftermath, Contacts
from demo.retailer.coupons import ANNOYED_LEAVE, REDEEMING, WINDOW_DAYS, Coupons
from demo.retailer.days import NEVER, Bools, Floats, Ints

_SPAN = 1e5  # days between two customers on one common axis


@dataclass(frozen=True)
class Possible:
    """Orders placed with and without coupons: one entry an order, by customer and then by time.

    `contact`: the contact whose coupon alone brings it about, else -1. `placed`: whether it came about.
    """

    owner: Ints
    moment: Floats
    contact: Ints
    placed: Bools

    @property
    def axis(self) -> Floats:
        """Customers one after the other on one axis: ever growing."""
        return self.owner * _SPAN + self.moment


@dataclass(frozen=True)
class Effects:
    """The true effect of each contact within its window, one entry a contact.

    `probability`: of buying at all. `orders`: expected number. `cents`: expected net revenue.
    `margin_cents`: the same less the cost of the goods.
    """

    probability: Floats
    orders: Floats
    cents: Floats
    margin_cents: Floats


def possible(orders: tuple[Ints, Floats], aftermath: Aftermath) -> Possible:
    """`orders`: those that would be placed without any campaign."""
    contacts = aftermath.contacts
    would = np.flatnonzero(contacts.extra < NEVER)
    owner = np.concatenate([orders[0], contacts.owner[would]])
    moment = np.concatenate([orders[1], contacts.extra[would]])
    contact = np.concatenate([np.full(len(orders[0]), -1), would])
    placed = np.concatenate([aftermath.skipped_for < 0, (contacts.treated & contacts.works)[would]])
    order = np.lexsort((moment, owner))
    return Possible(owner[order], moment[order], contact[order], placed[order])


def redeem(rng: np.random.Generator, orders: Possible, contacts: Contacts, coupons: Coupons) -> Ints:
    """For each contact the position of the order on which its coupon was cashed in, -1 for none."""
    on = np.full(len(contacts.owner), -1)
    brought = np.flatnonzero((orders.contact >= 0) & orders.placed)
    on[orders.contact[brought]] = brought

    anyway = np.flatnonzero((orders.contact < 0) & orders.placed)
    first, _, found = _window(orders.axis[anyway], contacts)
    sure = contacts.treated & coupons.are("sure_thing", contacts.owner) & found
    sure &= rng.random(len(sure)) < REDEEMING
    on[sure] = anyway[first[sure]]
    return on


def taken_off(orders: Possible, contacts: Contacts, on: Ints) -> Ints:
    """The coupon's value for each order, in cents; 0 where none was cashed in."""
    cents = np.zeros(len(orders.owner), np.int64)
    cents[on[on >= 0]] = contacts.coupon_cents[on >= 0]
    return cents


def effects(orders: Possible, baskets: Baskets, aftermath: Aftermath, coupons: Coupons) -> Effects:
    """Worked out, not sampled: from the orders of the world without the coupon, seen with full knowledge."""
    contacts, net = aftermath.contacts, baskets.per_order(baskets.net).astype(float)
    cost = baskets.per_order(baskets.cost).astype(float)
    owner = contacts.owner
    anyway = np.flatnonzero(orders.contact < 0)
    first, after, found = _window(orders.axis[anyway], contacts)
    here = found & (contacts.sent <= aftermath.declines.leaves[owner])
    count = np.where(here, after - first, 0)
    worth, goods = (
        np.where(here, so_far[after] - so_far[first], 0.0)
        for so_far in (np.concatenate([[0.0], np.cumsum(values[anyway])]) for values in (net, cost))
    )
    next_worth = np.where(here, np.append(net[anyway], 0.0)[first], 0.0)

    extra = np.where(contacts.extra < NEVER, coupons.extra_order(owner, contacts.coupon_cents), 0.0)
    extra_worth, extra_goods = np.zeros(len(owner)), np.zeros(len(owner))
    brought = np.flatnonzero(orders.contact >= 0)
    extra_worth[orders.contact[brought]] = net[brought]
    extra_goods[orders.contact[brought]] = cost[brought]

    annoyed, skipping = coupons.are("sleeping_dog", owner) & here, coupons.skipping(owner)
    lost = np.where(annoyed, ANNOYED_LEAVE + (1 - ANNOYED_LEAVE) * skipping, 0.0)
    lost_all = np.where(annoyed, ANNOYED_LEAVE + (1 - ANNOYED_LEAVE) * skipping**count, 0.0)
    given_away = REDEEMING * np.minimum(contacts.coupon_cents, next_worth)
    cents = (
        extra * np.maximum(extra_worth - contacts.coupon_cents, 0.0)
        - lost * worth
        - np.where(coupons.are("sure_thing", owner), given_away, 0.0)
    )
    return Effects(
        probability=np.where(count == 0, extra, 0.0) - lost_all,
        orders=extra - lost * count,
        cents=cents,
        margin_cents=cents - extra * extra_goods + lost * goods,
    )


def _window(axis: Floats, contacts: Contacts) -> tuple[Ints, Ints, Bools]:
    """Per contact the positions `[first, after)` on `axis` within its window, and whether there are any."""
    sent = contacts.owner * _SPAN + contacts.sent
    first, after = np.searchsorted(axis, sent), np.searchsorted(axis, sent + WINDOW_DAYS)
    return first, after, after > first
