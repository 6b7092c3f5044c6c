"""The evidence behind a weak point, in words: the customer now, the customer before, customers like this one.

A sentence is made only of facts that are worse than the customer's own past or than peers; a dimension
without such a fact has no sentence, and is not named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from models import words

MOST_FACTS = 2
Facts = Iterator[str]


@dataclass(frozen=True)
class Customer:
    """One row of features and facts, the peers' means, and the currency. Missing values read as null."""

    row: Mapping[str, Any]
    peers: Mapping[str, float]
    currency: str

    def __call__(self, name: str) -> Any:
        value = self.row.get(name)
        return None if value is None or value != value else value

    def has(self, *names: str) -> bool:
        return all(self(name) is not None for name in names)

    def below_peers(self, name: str) -> bool:
        return self.has(name) and name in self.peers and self(name) < self.peers[name]

    def above_peers(self, name: str) -> bool:
        return self.has(name) and name in self.peers and self(name) > self.peers[name]

    def count(self, name: str, one: str, many: str | None = None) -> str:
        return words.count(self(name), one, many)

    def day(self, name: str) -> str:
        return words.date(self(name))

    def days(self, name: str) -> str:
        return words.days_until(self(name))

    def money(self, name: str) -> str:
        return words.money(self(name), self.currency)

    def like_this(self, name: str, unit: str = "") -> str:
        """`customers like this: 0.2`, with a unit where it needs one."""
        return f"customers like this: {words.number(self.peers[name])}{unit}"


def sentence(dimension: str, customer: Customer) -> str | None:
    """The evidence of one dimension in one sentence or two, or null where no fact speaks for it."""
    told = list(islice(FACTS[dimension](customer), MOST_FACTS))
    return ". ".join(text[0].upper() + text[1:] for text in told) + "." if told else None


def _rhythm(c: Customer) -> Facts:
    ago = f"{c.days('days_since_order')} ago ({c.day('last_order_at')})"
    if c("orders") == 1:
        yield f"one order so far, {ago}"
        return
    if c("order_days") == 1:
        yield f"{c('orders'):.0f} orders so far, all on one day, {ago}"
    elif c.has("gap_mean") and c("days_since_order") > c("gap_mean"):
        yield f"last order {ago}; until then one every {words.days(c('gap_mean'))}"
    if c("orders_90d") < c("orders_90_to_180d"):
        before = f"{c('orders_90_to_180d'):.0f} in the 90 days before"
        yield f"{c.count('orders_90d', 'order')} in the last 90 days, {before}"
    if c("days_since_first_order") < 90:
        yield f"customer for only {c.days('days_since_first_order')}, {c.count('orders', 'order')} so far"
    elif c("days_since_first_order") >= 365 and c.below_peers("orders_365d"):
        yield f"{c.count('orders_365d', 'order')} in the last 365 days; {c.like_this('orders_365d')}"


def _spend(c: Customer) -> Facts:
    if c.has("basket_change") and c("basket_change") < 0.9:
        before = f"{c.money('basket_before')} before"
        yield f"orders of {c.money('basket_90d')} on average in the last 90 days, {before}"
    if c.has("discount_change") and c("discount_change") > 0.05:
        now, before = words.percent(c("discount_share_90d")), words.percent(c("discount_share_before"))
        yield f"{now} of the price given as discount in the last 90 days, {before} before"
    if c.below_peers("basket_mean"):
        peers = words.money(c.peers["basket_mean"], c.currency)
        yield f"orders of {c.money('basket_mean')} on average; customers like this: {peers}"


def _product(c: Customer) -> Facts:
    yield from _more_returns(c)
    if c("returns_365d") and c.above_peers("returned_share_365d"):
        share = words.percent(min(1.0, c("returned_share_365d")))
        peers = words.percent(c.peers["returned_share_365d"])
        yield f"{share} of the money spent in the last 365 days was returned; customers like this: {peers}"
    yield from _shrinking_range(c)


def _more_returns(c: Customer) -> Facts:
    if c("returns_90d") and c.has("return_rate_90d", "return_rate_before"):
        if c("return_rate_90d") > c("return_rate_before"):
            now = f"{c.count('returns_90d', 'return')} on {c.count('orders_90d', 'order')}"
            before = words.number(c("return_rate_before"))
            yield f"{now} in the last 90 days; before, {before} per order"
    elif c("returns_365d") and c.above_peers("return_rate_365d"):
        now = f"{c.count('returns_365d', 'return')} on {c.count('orders_365d', 'order')}"
        yield f"{now} in the last 365 days; {c.like_this('return_rate_365d', ' per order')}"


def _shrinking_range(c: Customer) -> Facts:
    for one, many in (("category", "categories"), ("product", "products")):
        now, before = f"{many}_90d", f"{many}_90_to_180d"
        if c("orders_90d") and c.has(now, before) and c(now) < c(before):
            told = c.count(now, f"different {one}", f"different {many}")
            yield f"{told} bought in the last 90 days, {c(before):.0f} in the 90 days before"
            return


def _service(c: Customer) -> Facts:
    if c("complaints_open"):
        waiting = "the oldest for" if c("complaints_open") > 1 else "waiting for"
        since = f"{c.days('complaint_open_days')}, since {c.day('oldest_open_at')}"
        yield f"{c.count('complaints_open', 'complaint')} still open, {waiting} {since}"
    if (c("complaints_180d") or 0) > (c("complaints_open") or 0) and c.above_peers("complaints_180d"):
        told = f"{c.count('complaints_180d', 'complaint')} since {c.day('first_complaint_180d_at')}"
        yield f"{told}; {c.like_this('complaints_180d', ' in 180 days')}"
    if c("reopened_180d") and c.above_peers("reopened_180d"):
        told = f"{c.count('reopened_180d', 'ticket')} reopened in the last 180 days"
        yield f"{told}; {c.like_this('reopened_180d')}"
    if c.above_peers("response_hours_180d"):
        hours = words.number(c("response_hours_180d"))
        told = f"{hours} hours to the first answer, on average of the last 180 days"
        yield f"{told}; {c.like_this('response_hours_180d')}"
    if c("unanswered_180d") and c.above_peers("unanswered_180d"):
        yield f"{c.count('unanswered_180d', 'ticket')} of the last 180 days without any answer"


def _satisfaction(c: Customer) -> Facts:
    if not c("answers"):
        return
    last = f"last answer on {c.day('last_answer_at')} worth {words.number(c('mood_last'))} of 10"
    if c("answers_180d") and c.has("mood_before") and c("mood_last") < c("mood_before") - 0.5:
        yield f"{last}; answers more than 180 days ago averaged {words.number(c('mood_before'))}"
    elif c.below_peers("mood_last"):
        yield f"{last}; {c.like_this('mood_last')}"
    if c("low_answers_180d") and c.above_peers("low_answers_180d"):
        told = f"{c.count('low_answers_180d', 'low answer')} in the last 180 days"
        yield f"{told}; {c.like_this('low_answers_180d')}"
    if c.below_peers("mood_lowest") and c("mood_lowest") < c("mood_last"):
        lowest = words.number(c("mood_lowest"))
        yield f"their lowest answer was worth {lowest} of 10; {c.like_this('mood_lowest')}"


def _engagement(c: Customer) -> Facts:
    if c.has("activity_change") and c("activity_change") < 0.7:
        before = f"{c('activities_30_to_90d'):.0f} in the 60 days before"
        yield f"{_activities(c, 'activities_30d')} in the last 30 days, {before}"
    elif c.has("activities_90_to_180d") and c("activities_90d") < 0.7 * c("activities_90_to_180d"):
        before = f"{c('activities_90_to_180d'):.0f} in the 90 days before"
        yield f"{_activities(c, 'activities_90d')} in the last 90 days, {before}"
    elif c.below_peers("activities_90d"):
        yield f"{_activities(c, 'activities_90d')} in the last 90 days; {c.like_this('activities_90d')}"
    if c.above_peers("days_since_activity"):
        seen = f"last seen {c.days('days_since_activity')} ago ({c.day('last_activity_at')})"
        yield f"{seen}; {c.like_this('days_since_activity', ' days ago')}"
    if c("contacts_365d") and c.below_peers("redeemed_share_365d"):
        share = words.percent(c("redeemed_share_365d"))
        peers = words.percent(c.peers["redeemed_share_365d"])
        yield f"redeemed {share} of the offers of the last 365 days; customers like this: {peers}"


def _activities(c: Customer, name: str) -> str:
    return c.count(name, "visit, open or click", "visits, opens and clicks")


FACTS: Mapping[str, Callable[[Customer], Facts]] = {
    "rhythm": _rhythm,
    "spend": _spend,
    "product": _product,
    "service": _service,
    "satisfaction": _satisfaction,
    "engagement": _engagement,
}
