"""Effects of coupons on customers few enough to work out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from demo.retailer.baskets import Baskets
from demo.retailer.campaigns import Aftermath, Contacts
from demo.retailer.coupons import ANNOYED_LEAVE, EFFECTS, REDEEMING, Coupons
from demo.retailer.days import NEVER
from demo.retailer.declines import Declines
from demo.retailer.redemptions import effects, possible, redeem, taken_off


def _never() -> np.ndarray:
    return np.full(4, NEVER)


COUPONS = Coupons(effect=np.arange(4), size=np.array([0.0, 0.3, 0.0, 0.5]))
"""One customer of each effect, in the order of `EFFECTS`."""

CONTACTS = Contacts(
    campaign=np.zeros(4, int),
    owner=np.arange(4),
    sent=np.full(4, 100.0),
    coupon_cents=np.full(4, 1000),
    medium=np.zeros(4, int),
    treated=np.ones(4, bool),
    works=np.array([False, True, False, False]),
    extra=np.array([NEVER, 110.0, NEVER, NEVER]),
)

ORDERS = (np.array([0, 0, 2, 3, 3, 3]), np.array([105.0, 140.0, 101.0, 99.0, 102.0, 129.0]))


@pytest.fixture
def aftermath() -> Aftermath:
    """Customer 3 skips the order on day 102 because of the coupon of contact 3."""
    stay = Declines(
        cause=np.full(4, -1),
        begins=_never(),
        acts=_never(),
        ends=_never(),
        strength=np.ones(4),
        leaves=_never(),
        reason=np.full(4, -1),
    )
    return Aftermath(CONTACTS, stay, _never(), np.array([-1, -1, -1, -1, 3, -1]))


def _baskets(cents: list[int]) -> Baskets:
    """One line an order."""
    size = len(cents)
    nothing, net = np.zeros(size, int), np.array(cents)
    return Baskets(np.arange(size), nothing, nothing, nothing + 1, net, nothing, net, nothing, np.zeros(size))


def test_possible_orders_include_the_one_that_the_coupon_brings(aftermath: Aftermath) -> None:
    orders = possible(ORDERS, aftermath)
    assert orders.owner.tolist() == [0, 0, 1, 2, 3, 3, 3]
    assert orders.contact.tolist() == [-1, -1, 1, -1, -1, -1, -1]
    assert orders.placed.tolist() == [True, True, True, True, True, False, True]


def test_effects_by_hand(aftermath: Aftermath) -> None:
    """A persuadable's order of 50 for a coupon of 10; a sleeping dog with orders of 20 and 30 in time."""
    orders = possible(ORDERS, aftermath)
    found = effects(orders, _baskets([800, 9000, 5000, 100, 7000, 2000, 3000]), aftermath, COUPONS)
    loss = ANNOYED_LEAVE + (1 - ANNOYED_LEAVE) * 0.5
    assert found.orders == pytest.approx([0, 0.3, 0, -2 * loss])
    assert found.probability == pytest.approx([0, 0.3, 0, -(ANNOYED_LEAVE + (1 - ANNOYED_LEAVE) * 0.25)])
    assert found.cents == pytest.approx([-REDEEMING * 800, 0.3 * 4000, 0, -loss * 5000])


def test_margins_are_less_by_the_cost_of_the_goods(aftermath: Aftermath) -> None:
    """Goods cost a quarter: of the order of 50 that a coupon of 10 brings, 40 − 12.50 stays."""
    net = [800, 9000, 5000, 100, 7000, 2000, 3000]
    some = _baskets(net)
    found = effects(possible(ORDERS, aftermath), replace(some, cost=np.array(net) // 4), aftermath, COUPONS)
    loss = ANNOYED_LEAVE + (1 - ANNOYED_LEAVE) * 0.5
    assert found.margin_cents == pytest.approx(
        [-REDEEMING * 800, 0.3 * (4000 - 1250), 0, -loss * 5000 * 0.75]
    )


def test_a_coupon_is_cashed_in_on_the_order_it_brought(aftermath: Aftermath) -> None:
    orders = possible(ORDERS, aftermath)
    on = redeem(np.random.default_rng(0), orders, CONTACTS, COUPONS)
    assert on[EFFECTS.index("persuadable")] == 2
    assert on[EFFECTS.index("sure_thing")] in (-1, 0)
    assert on[2:].tolist() == [-1, -1]
    assert taken_off(orders, CONTACTS, np.array([0, 2, -1, -1])).tolist() == [1000, 0, 1000, 0, 0, 0, 0]


def test_a_coupon_never_takes_more_than_the_order_costs() -> None:
    baskets = _baskets([800, 9000])
    assert baskets.with_coupons(np.array([1000, 1000])).tolist() == [0, 8000]


def test_severity_rises_over_four_weeks_and_ends_with_the_decline() -> None:
    sick = Declines(
        cause=np.array([2]),
        begins=np.array([10.0]),
        acts=np.array([40.0]),
        ends=np.array([100.0]),
        strength=np.array([0.8]),
        leaves=np.array([NEVER]),
        reason=np.array([-1]),
    )
    owner, moment = np.zeros(5, int), np.array([9.0, 24.0, 38.0, 99.0, 100.0])
    assert sick.severity("service", owner, moment) == pytest.approx([0, 0.4, 0.8, 0.8, 0])
    assert sick.severity("product", owner, moment).tolist() == [0] * 5
