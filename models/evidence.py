"""The evidence behind a weak point, in words: the customer now, the customer before, customers like this one.

A sentence is only made of facts that are worse than the customer's own past or than peers; a dimension without
such a fact has no sentence, and is not named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models import words

MOST_FACTS = 2


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

    def peer(self, name: str) -> float | None:
        return self.peers.get(name)

    def like_this(self, name: str) -> str:
        """`; customers like this: 0.2`, or nothing where no peer has a value."""
        peer = self.peer(name)
        return "" if peer is None else f"; customers like this: {words.number(peer)}"

    def below_peers(self, name: str) -> bool:
        peer = self.peer(name)
        return self.has(name) and peer is not None and self(name) < peer

    def above_peers(self, name: str) -> bool:
        peer = self.peer(name)
        return self.has(name) and peer is not None and self(name) > peer

    def day(self, name: str) -> str:
        time: datetime = self(name)
        return words.date(time)

    def money(self, amount: float) -> str:
        return words.money(amount, self.currency)


Facts = Iterator[str]


def sentence(dimension: str, customer: Customer) -> str | None:
    """The evidence of one dimension in one sentence or two, or null where no fact speaks for it."""
    told = [fact for _, fact in zip(range(MOST_FACTS), FACTS[dimension](customer), strict=False)]
    return ". ".join(text[0].upper() + text[1:] for text in told) + "." if told else None


def _rhythm(c: Customer) -> Facts:
    ago = f"{words.days(c('days_since_order'))} ago ({c.day('last_order_at')})"
    if c("orders") == 1:
        yield f"one order so far, {ago}"
    elif c("order_days") == 1:
        yield f"{c('orders'):.0f} orders so far, all on one day, {ago}"
    elif c.has("gap_mean") and c("days_since_order") > c("gap_mean"):
        yield f"last order {ago}; until then one every {words.days(c('gap_mean'))}"
    if c("orders_90d") < c("orders_90_to_180d"):
        yield f"{words.count(c('orders_90d'), 'order')} in the last 90 days, {c('orders_90_to_180d'):.0f} in the 90 days before"
    if c("orders") == 1:
        return
    if c("days_since_first_order") < 365:
        since = words.days(c("days_since_first_order"))
        yield f"customer for {since} only, {words.count(c('orders'), 'order')} so far"
    elif c.below_peers("orders_365d"):
        yield f"{words.count(c('orders_365d'), 'order')} in the last 365 days{c.like_this('orders_365d')}"


def _spend(c: Customer) -> Facts:
    if c.has("basket_change") and c("basket_change") < 0.9:
        yield (
            f"orders of {c.money(c('basket_90d'))} on average in the last 90 days, "
            f"{c.money(c('basket_before'))} before"
        )
    if c.has("discount_change") and c("discount_change") > 0.05:
        yield (
            f"{words.percent(c('discount_share_90d'))} of the price given as discount in the last 90 days, "
            f"{words.percent(c('discount_share_before'))} before"
        )
    if c.below_peers("basket_mean"):
        typical = c.money(c.peers["basket_mean"])
        yield f"orders of {c.money(c('basket_mean'))} on average; customers like this: {typical}"


def _product(c: Customer) -> Facts:
    if c("returns_90d") and c.has("return_rate_before") and c("return_rate_90d") != 0:
        if c("return_rate_90d") is None or c("return_rate_90d") > c("return_rate_before"):
            yield (
                f"{words.count(c('returns_90d'), 'return')} on {words.count(c('orders_90d'), 'order')} in the last "
                f"90 days; before, {words.number(c('return_rate_before'))} per order"
            )
    elif c("returns_365d") and c.above_peers("return_rate_365d"):
        yield (
            f"{words.count(c('returns_365d'), 'return')} on {words.count(c('orders_365d'), 'order')} in the last "
            f"365 days; customers like this: {words.number(c.peers['return_rate_365d'])} per order"
        )
    if c("returns_365d") and c.above_peers("returned_share_365d"):
        yield (
            f"{words.percent(min(1.0, c('returned_share_365d')))} of the money spent in the last 365 days was "
            f"returned; customers like this: {words.percent(c.peers['returned_share_365d'])}"
        )
    for what, one in (("categories", "category"), ("products", "product")):
        now, before = f"{what}_90d", f"{what}_90_to_180d"
        if c("orders_90d") and c.has(now, before) and c(now) < c(before):
            told = words.count(c(now), f"different {one}", f"different {what}")
            yield f"{told} bought in the last 90 days, {c(before):.0f} in the 90 days before"
            return


def _service(c: Customer) -> Facts:
    if c("complaints_open"):
        open_now = f"{words.count(c('complaints_open'), 'complaint')} still open"
        waited = f"{words.days(c('complaint_open_days'))}, since {c.day('oldest_open_at')}"
        yield f"{open_now}, {'the oldest' if c('complaints_open') > 1 else 'waiting'} for {waited}"
    if c("complaints_180d") and c.above_peers("complaints_180d"):
        yield (
            f"{words.count(c('complaints_180d'), 'complaint')} since {c.day('first_complaint_180d_at')}"
            f"{c.like_this('complaints_180d')}"
        )
    if c("reopened_180d") and c.above_peers("reopened_180d"):
        yield f"{words.count(c('reopened_180d'), 'ticket')} reopened in the last 180 days{c.like_this('reopened_180d')}"
    if c.above_peers("response_hours_180d"):
        yield (
            f"{words.number(c('response_hours_180d'))} hours to the first answer in the last 180 days"
            f"{c.like_this('response_hours_180d')}"
        )
    if c("unanswered_180d") and c.above_peers("unanswered_180d"):
        yield f"{words.count(c('unanswered_180d'), 'ticket')} of the last 180 days without any answer"


def _satisfaction(c: Customer) -> Facts:
    if not c("answers"):
        return
    last = f"last answer on {c.day('last_answer_at')} worth {words.number(c('mood_last'))} of 10"
    if c.has("mood_before") and c("mood_last") < c("mood_before") - 0.5:
        yield f"{last}; their answers before averaged {words.number(c('mood_before'))}"
    elif c.below_peers("mood_last"):
        yield f"{last}{c.like_this('mood_last')}"
    if c("low_answers_180d") and c.above_peers("low_answers_180d"):
        yield f"{words.count(c('low_answers_180d'), 'low answer')} in the last 180 days{c.like_this('low_answers_180d')}"
    if c.below_peers("mood_lowest") and c("mood_lowest") < c("mood_last"):
        yield f"their lowest answer was worth {words.number(c('mood_lowest'))} of 10{c.like_this('mood_lowest')}"


def _engagement(c: Customer) -> Facts:
    if c.has("activity_change") and c("activity_change") < 0.7:
        yield (
            f"{words.count(c('activities_30d'), 'visit, open or click', 'visits, opens and clicks')} in the last 30 "
            f"days, {c('activities_30_to_90d'):.0f} in the 60 days before"
        )
    elif c.has("activities_90_to_180d") and c("activities_90d") < 0.7 * c("activities_90_to_180d"):
        yield (
            f"{words.count(c('activities_90d'), 'visit, open or click', 'visits, opens and clicks')} in the last 90 "
            f"days, {c('activities_90_to_180d'):.0f} in the 90 days before"
        )
    elif c.below_peers("activities_90d"):
        yield (
            f"{words.count(c('activities_90d'), 'visit, open or click', 'visits, opens and clicks')} in the last 90 "
            f"days{c.like_this('activities_90d')}"
        )
    if c.has("days_since_activity") and c.above_peers("days_since_activity"):
        yield (
            f"last seen {words.days(c('days_since_activity'))} ago ({c.day('last_activity_at')})"
            f"{c.like_this('days_since_activity')} days"
        )
    if c("contacts_365d") and c.has("redeemed_share_365d") and c.below_peers("redeemed_share_365d"):
        yield (
            f"redeemed {words.percent(c('redeemed_share_365d'))} of the campaign offers of the last 365 days; "
            f"customers like this: {words.percent(c.peers['redeemed_share_365d'])}"
        )


FACTS: Mapping[str, Callable[[Customer], Facts]] = {
    "rhythm": _rhythm,
    "spend": _spend,
    "product": _product,
    "service": _service,
    "satisfaction": _satisfaction,
    "engagement": _engagement,
}
