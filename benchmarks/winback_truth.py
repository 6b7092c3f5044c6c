"""What each offer would truly do to each customer of the simulated retailer from a day on.

Beside `demo.simulate` with the same arguments: the same people, orders and campaigns come from the same
streams, then each customer is given each coupon in thought, and the simulator's own rules say what follows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime

import numpy as np

from demo.retailer import baskets, campaigns, coupons, customers, declines, orders, redemptions
from demo.retailer.days import NEVER, Floats, Ints, Period
from demo.retailer.files import ids
from demo.retailer.run import CHUNK
from demo.retailer.streams import Streams

WORLDS = 40
"""Futures that an expected effect is the mean of."""


@dataclass(frozen=True)
class Truth:
    """Profit of 30 days that an offer adds, in money, shape (customers, offers), before the cost of contact;
    and the chance that its coupon is redeemed.

    `known`: who each customer is, is known. `guessed`: who they are is known only as far as it can be guessed
    from their habits. Both: the mean of futures, from those who have not left by the day.
    """

    customer_id: np.ndarray
    known: Floats
    guessed: Floats
    redeemed_known: Floats
    redeemed_guessed: Floats

    def of(self, rows: Ints) -> Truth:
        return Truth(*(getattr(self, field.name)[rows] for field in fields(Truth)))


def truth(size: int, months: int, seed: int, first: date, day: datetime, cents: list[int]) -> Truth:
    """`size`, `months`, `seed`, `first`: those of the simulation; `cents`: the coupons' values."""
    period = Period(first, _end(first, months))
    own = Streams(seed, 0)
    goods = baskets.assortment(own.of("assortment"))
    calendar = campaigns.calendar(own.of("campaigns"), period)
    moment = period.moment(day.date())
    parts = [
        _chunk(
            Streams(seed, number), (start, min(CHUNK, size - start)), period, goods, calendar, moment, cents
        )
        for number, start in enumerate(range(0, size, CHUNK), start=1)
    ]
    return Truth(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Truth)))


def _end(first: date, months: int) -> date:
    from demo.retailer.days import add_months

    return add_months(first, months)


def _chunk(
    streams: Streams,
    span: tuple[int, int],
    period: Period,
    goods: baskets.Assortment,
    calendar: list[campaigns.Campaign],
    moment: float,
    cents: list[int],
) -> Truth:
    people = customers.draw(streams.of("customers"), span[0] + 1, span[1], period)
    natural = declines.draw(streams.of("declines"), people, period)
    planned = orders.draw(streams.of("orders"), people, natural, period)
    rng = streams.of("campaigns")
    effect = coupons.draw(rng, people)
    after = campaigns.Mailing(rng, people, effect, natural, planned).send(calendar)
    dice = np.random.default_rng((streams.seed, streams.chunk, 99))
    world = _World(people, after.declines, goods, period, moment)
    futures = [world.future(dice) for _ in range(WORLDS)]
    known = _effects(futures, effect, cents)
    chances = coupons.chances(people)
    sizes = np.array([0.0, 0.30, 0.0, 0.5])  # the means of what `coupons.draw` draws
    guessed = np.zeros_like(known)
    for kind in range(len(coupons.EFFECTS)):
        same = coupons.Coupons(np.full(len(people), kind), np.full(len(people), sizes[kind]))
        guessed += chances[kind][None, :, None] * _effects(futures, same, cents)
    numbers = np.array(ids("C", people.number).to_pylist(), dtype=object)
    return Truth(numbers, known[0], guessed[0], known[1], guessed[1])


def _effects(futures: list[_Future], effect: coupons.Coupons, cents: list[int]) -> Floats:
    """The means over futures of the margin that each coupon adds, in money, and of whether it is redeemed;
    shape (2, customers, coupons)."""
    each = [sum(future.effect(effect, coupon) for future in futures) / len(futures) for coupon in cents]
    return np.stack(each, axis=2)


@dataclass(frozen=True)
class _Future:
    """What would be bought in 30 days without a coupon, and the order that one may bring about."""

    could: redemptions.Possible
    filled: baskets.Baskets
    after: campaigns.Aftermath

    def effect(self, effect: coupons.Coupons, cents: int) -> Floats:
        """Margin added, in money, and chance of redeeming, of each customer; shape (2, customers)."""
        owner = self.after.contacts.owner
        contacts = replace(self.after.contacts, coupon_cents=np.full(len(owner), cents))
        after = replace(self.after, contacts=contacts)
        margin = redemptions.effects(self.could, self.filled, after, effect).margin_cents / 100
        anyway = np.bincount(self.could.owner[self.could.contact < 0], minlength=len(owner)) > 0
        comes = np.where(contacts.extra < NEVER, effect.extra_order(owner, contacts.coupon_cents), 0.0)
        buys = np.where(effect.are("sure_thing", owner), coupons.REDEEMING * anyway, 0.0)
        return np.stack([margin, buys + comes])


@dataclass(frozen=True)
class _World:
    people: customers.Customers
    sick: declines.Declines
    goods: baskets.Assortment
    period: Period
    moment: float

    def future(self, dice: np.random.Generator) -> _Future:
        owner = np.arange(len(self.people))
        extra = self.moment + dice.uniform(0.5, 21.0, len(owner))
        comes = extra < self.sick.leaves
        contacts = campaigns.Contacts(
            campaign=np.zeros(len(owner), np.int64),
            owner=owner,
            sent=np.full(len(owner), self.moment),
            coupon_cents=np.zeros(len(owner), np.int64),
            medium=np.zeros(len(owner), np.int64),
            treated=np.ones(len(owner), bool),
            works=comes,
            extra=np.where(comes, extra, NEVER),
        )
        natural = self._natural(dice, self.sick.leaves > self.moment)
        skipped = np.full(len(natural[0]), -1)
        after = campaigns.Aftermath(contacts, self.sick, np.full(len(owner), NEVER), skipped)
        could = redemptions.possible(natural, after)
        filled = baskets.draw(
            dice, self.goods, self.people, self.sick, could.owner, could.moment, could.contact >= 0
        )
        return _Future(could, filled, after)

    def _natural(self, dice: np.random.Generator, alive: np.ndarray) -> tuple[Ints, Floats]:
        """Orders of the 30 days, at each one's own pace on the company's clock."""
        begin = self.period.busy_days(np.array([self.moment]))[0]
        length = self.period.busy_days(np.array([self.moment + coupons.WINDOW_DAYS]))[0] - begin
        count = dice.poisson(np.where(alive, length / self.people.gap, 0.0))
        owner = np.repeat(np.arange(len(alive)), count)
        moment = self.moment + coupons.WINDOW_DAYS * dice.random(len(owner))
        stays = (moment < self.sick.leaves[owner]) & (
            dice.random(len(owner)) >= self.sick.weariness(owner, moment)
        )
        order = np.lexsort((moment[stays], owner[stays]))
        return owner[stays][order], moment[stays][order]
