"""What each offer would truly do to each customer of the simulated retailer from a day on.

Beside `demo.simulate` with the same arguments: the same people, orders and campaigns come from the same
streams, then each customer is given each coupon in thought, and the simulator's own rules say what follows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from demo.retailer import baskets, campaigns, coupons, customers, declines, orders, redemptions
from demo.retailer.days import NEVER, Floats, Ints, Period
from demo.retailer.files import ids
from demo.retailer.run import CHUNK
from demo.retailer.streams import Streams

WORLDS = 8
"""Futures that an expected effect is the mean of."""


@dataclass(frozen=True)
class Truth:
    """Profit of 30 days that an offer adds, in money, shape (customers, offers), before the cost of contact.

    `known`: who each customer is, is known. `guessed`: who they are is known only as far as it can be guessed
    from their habits. Both: the mean of futures, from those who have not left by the day.
    """

    customer_id: np.ndarray
    known: Floats
    guessed: Floats


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
    return Truth(
        np.concatenate([part.customer_id for part in parts]),
        np.concatenate([part.known for part in parts]),
        np.concatenate([part.guessed for part in parts]),
    )


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
    known = np.column_stack([world.effect(dice, effect, coupon) for coupon in cents])
    chances = coupons.chances(people)
    sizes = np.array([0.0, 0.30, 0.0, 0.5])  # the means of what `coupons.draw` draws
    guessed = np.zeros_like(known)
    for kind in range(len(coupons.EFFECTS)):
        same = coupons.Coupons(np.full(len(people), kind), np.full(len(people), sizes[kind]))
        some = np.column_stack([world.effect(dice, same, coupon) for coupon in cents])
        guessed += chances[kind][:, None] * some
    return Truth(np.array(ids("C", people.number).to_pylist(), dtype=object), known, guessed)


@dataclass(frozen=True)
class _World:
    people: customers.Customers
    sick: declines.Declines
    goods: baskets.Assortment
    period: Period
    moment: float

    def effect(self, dice: np.random.Generator, effect: coupons.Coupons, cents: int) -> Floats:
        """The mean over futures of the margin that a coupon adds, in money."""
        total = np.zeros(len(self.people))
        for _ in range(WORLDS):
            total += self._once(dice, effect, cents)
        return total / WORLDS

    def _once(self, dice: np.random.Generator, effect: coupons.Coupons, cents: int) -> Floats:
        owner = np.arange(len(self.people))
        extra = self.moment + dice.uniform(0.5, 21.0, len(owner))
        alive = self.sick.leaves > self.moment
        comes = effect.are("persuadable", owner) & (extra < self.sick.leaves)
        contacts = campaigns.Contacts(
            campaign=np.zeros(len(owner), np.int64),
            owner=owner,
            sent=np.full(len(owner), self.moment),
            coupon_cents=np.full(len(owner), cents),
            medium=np.zeros(len(owner), np.int64),
            treated=np.ones(len(owner), bool),
            works=comes,
            extra=np.where(comes, extra, NEVER),
        )
        none = np.full(0, -1)
        after = campaigns.Aftermath(contacts, self.sick, np.full(len(owner), NEVER), none)
        natural = self._natural(dice, alive)
        after = replace(after, skipped_for=np.full(len(natural[0]), -1))
        could = redemptions.possible(natural, after)
        filled = baskets.draw(
            dice, self.goods, self.people, self.sick, could.owner, could.moment, could.contact >= 0
        )
        found: Floats = redemptions.effects(could, filled, after, effect).margin_cents / 100
        return found

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
