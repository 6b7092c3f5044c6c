"""The evidence behind a weak point, in words: the customer now, the customer before, customers like this one.

A sentence is made only of facts that are worse than the customer's own past or than peers; a dimension
without such a fact has no sentence, and is not named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from features.facts import LAST_WORD_DAYS
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
    if c("subscription_comebacks") and c.has("days_since_all_cancelled"):
        times = "once" if c("subscription_comebacks") == 1 else c.count("subscription_comebacks", "time")
        since = f"the last time {c.days('days_since_all_cancelled')} ago"
        yield f"cancelled all subscriptions {times} before, {since}"
    if not c.has("days_since_order"):
        return
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
    yield from _dearer_or_smaller_plans(c)
    yield from _smaller_orders(c)
    yield from _deeper_discounts(c)
    if c.below_peers("usual_basket") and c("basket_mean") < c.peers["usual_basket"]:
        peers = words.money(c.peers["usual_basket"], c.currency)
        yield f"orders of {c.money('basket_mean')} on average; customers like this: {peers}"
    if c.above_peers("usual_discounted_share") and _share_discounted(c) > c.peers["usual_discounted_share"]:
        told = f"{c('discounted_orders'):.0f} of {c.count('orders', 'order')} bought with a discount"
        yield f"{told}; customers like this: {words.percent(c.peers['usual_discounted_share'])}"


def _dearer_or_smaller_plans(c: Customer) -> Facts:
    if c("price_rises_365d") and c.has("price_rise_365d", "last_price_rise_at"):
        told = f"the subscription rose by {c.money('price_rise_365d')} a month in the last 365 days"
        yield f"{told}, the last time on {c.day('last_price_rise_at')}"
    if c("downgrades_365d"):
        yield f"{c.count('downgrades_365d', 'change')} to a cheaper plan in the last 365 days"


def _share_discounted(c: Customer) -> float:
    return c("discounted_orders") / c("orders") if c("orders") else 0.0


_SPELLS = (
    ("90d", "before", "last 90 days"),
    ("at_last_order", "before_last_order", "90 days up to the last order"),
)


def _smaller_orders(c: Customer) -> Facts:
    for now, before, days in _spells(c, "basket"):
        if c(now) < 0.9 * c(before):
            yield f"orders of {c.money(now)} on average in the {days}, {c.money(before)} before"


def _deeper_discounts(c: Customer) -> Facts:
    for now, before, days in _spells(c, "discount_share"):
        if c(now) > c(before) + 0.05:
            share = f"{words.percent(c(now))} of the price given as discount in the {days}"
            yield f"{share}, {words.percent(c(before))} before"


def _spells(c: Customer, name: str) -> list[tuple[str, str, str]]:
    """The names of a fact now and before; up to the last order where there was none in the last 90 days."""
    spells = [(f"{name}_{now}", f"{name}_{before}", days) for now, before, days in _SPELLS]
    return [spell for spell in spells if c.has(*spell[:2])][:1]


def _product(c: Customer) -> Facts:
    before = "subscriptions_365d_before"
    if c.has(before, "subscriptions_running") and c("subscriptions_running") < c(before):
        running = f"{c.count('subscriptions_running', 'subscription')} running"
        yield f"{running}; a year ago, {c(before):.0f}"
    yield from _more_returns(c)
    if c("returns_365d") and _is_above_peers(c, "returned_share_365d", "returned_365d", "amount_365d"):
        peers = words.percent(c.peers["returned_share_365d"])
        money = f"{c.money('returned_365d')} returned on {c.money('amount_365d')} spent"
        yield f"{money} in the last 365 days; customers like this: {peers}"
    yield from _shrinking_range(c)


def _more_returns(c: Customer) -> Facts:
    """Rates are compared as the model sees them, leaning on all customers, and told by their raw counts."""
    if _returns_rose(c):
        now = f"{c.count('returns_90d', 'return')} on {c.count('orders_90d', 'order')}"
        before = f"{c.count('returns_before', 'return')} on {c.count('orders_before', 'order')}"
        yield f"{now} in the last 90 days; before, {before}"
    elif _is_above_peers(c, "return_rate_365d", "returns_365d", "orders_365d"):
        now = f"{c.count('returns_365d', 'return')} on {c.count('orders_365d', 'order')}"
        yield f"{now} in the last 365 days; {c.like_this('return_rate_365d', ' per order')}"
    elif c("returns_at_last_order") and c.above_peers("returns_at_last_order"):
        told = f"{c.count('returns_at_last_order', 'return')} in the 90 days up to the last order"
        yield f"{told}; {c.like_this('returns_at_last_order')}"


def _is_above_peers(c: Customer, rate: str, events: str, chances: str) -> bool:
    """Whether a rate is above that of peers, by the customer's own counts too."""
    if not (c.above_peers(rate) and c.has(events) and c(chances)):
        return False
    return bool(c(events) / c(chances) > c.peers[rate])


def _returns_rose(c: Customer) -> bool:
    if not (c("returns_90d") and c("orders_90d") and c("orders_before")):
        return False
    rose = c("returns_90d") * c("orders_before") > c("returns_before") * c("orders_90d")
    return bool(rose and c("return_rate_90d") > c("return_rate_before"))


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
    if c("complaints_repeated_180d") and c.above_peers("complaints_repeated_180d"):
        told = f"{c.count('complaints_repeated_180d', 'complaint')} in the last 180 days"
        yield f"{told} on a topic complained about before; {c.like_this('complaints_repeated_180d')}"
    yield from _silence_after_complaint(c)
    if not c("complaints_180d"):
        yield from _complaints_at_last_order(c)


def _silence_after_complaint(c: Customer) -> Facts:
    if not c.has("silence_after_complaint", "last_complaint_at", "gap_mean"):
        return
    if c("silence_after_complaint") > c("gap_mean"):
        since = f"the complaint of {c.day('last_complaint_at')}, {c.days('silence_after_complaint')} ago"
        yield f"no order since {since}; until then one every {words.days(c('gap_mean'))}"


def _complaints_at_last_order(c: Customer) -> Facts:
    before = "complaints_per_order_before_last_order"
    if not c("complaints_at_last_order") or not c("orders_at_last_order") or not c.has(before):
        return
    if c("complaints_at_last_order") / c("orders_at_last_order") > c(before):
        complaints = c.count("complaints_at_last_order", "complaint")
        orders = c.count("orders_at_last_order", "order")
        days = f"the 90 days until {LAST_WORD_DAYS} days after the last order"
        yield f"{complaints} on {orders} in {days}; before, {words.number(c(before))} per order"


def _satisfaction(c: Customer) -> Facts:
    if not c("answers"):
        return
    last = f"last answer on {c.day('last_answer_at')} worth {words.number(c('mood_last'))} of 10"
    before = c("answered_mood_before")
    if c("answers_180d") and before is not None and c("mood_last") < before - 0.5:
        yield f"{last}; answers more than 180 days ago averaged {words.number(before)}"
    elif c.below_peers("mood_last"):
        yield f"{last}; {c.like_this('mood_last')}"
    if c("low_answers_180d") and c.above_peers("low_answers_180d"):
        told = f"{c.count('low_answers_180d', 'low answer')} in the last 180 days"
        yield f"{told}; {c.like_this('low_answers_180d')}"
    elif c("low_answers_at_last_order") and c.above_peers("low_answers_at_last_order"):
        told = f"{c.count('low_answers_at_last_order', 'low answer')} in the 90 days up to the last order"
        yield f"{told}; {c.like_this('low_answers_at_last_order')}"
    if c.below_peers("mood_lowest") and c("mood_lowest") < c("mood_last"):
        lowest = words.number(c("mood_lowest"))
        yield f"their lowest answer was worth {lowest} of 10; {c.like_this('mood_lowest')}"
    if c("fell_silent"):
        before = f"between 180 and 365 days ago, {c.count('answers_180_to_365d', 'answer')}"
        yield f"no answer on {c.count('orders_180d', 'order')} in the last 180 days; {before}"


def _engagement(c: Customer) -> Facts:
    yield from _fading(c)
    if c.above_peers("days_since_activity"):
        seen = f"last seen {c.days('days_since_activity')} ago ({c.day('last_activity_at')})"
        yield f"{seen}; {c.like_this('days_since_activity', ' days ago')}"
    yield from _unmoved(c)


def _fading(c: Customer) -> Facts:
    """Engagement before they stopped buying, where they have; else of late."""
    quiet = c.has("days_since_order") and c("days_since_order") > LAST_WORD_DAYS
    if quiet and c.has("activities_before_last_order") and _fell_before_last_order(c):
        before = f"before that, {words.number(c('activities_before_last_order'))} per 90 days"
        yield f"{_activities(c, 'activities_at_last_order')} in the 90 days up to the last order; {before}"
    elif c.has("activity_change") and c("activity_change") < 0.7:
        before = f"{c('activities_30_to_90d'):.0f} in the 60 days before"
        yield f"{_activities(c, 'activities_30d')} in the last 30 days, {before}"
    elif c.has("activities_90_to_180d") and c("activities_90d") < 0.7 * c("activities_90_to_180d"):
        before = f"{c('activities_90_to_180d'):.0f} in the 90 days before"
        yield f"{_activities(c, 'activities_90d')} in the last 90 days, {before}"
    elif c.below_peers("activities_90d"):
        yield f"{_activities(c, 'activities_90d')} in the last 90 days; {c.like_this('activities_90d')}"


def _fell_before_last_order(c: Customer) -> bool:
    return bool(c("activities_at_last_order") < 0.7 * c("activities_before_last_order"))


def _unmoved(c: Customer) -> Facts:
    """Offers that came to nothing, counted as they are."""
    if c("contacts_365d") and c.has("redeemed_365d") and c.below_peers("redeemed_share_365d"):
        peers = c.peers["redeemed_share_365d"]
        if c("redeemed_365d") < peers * c("contacts_365d"):
            told = f"redeemed {c('redeemed_365d'):.0f} of {c.count('contacts_365d', 'offer')}"
            yield f"{told} of the last 365 days; customers like this: {words.percent(peers)}"
    if (c("contacts_without_response") or 0) > 1:
        offers = c.count("contacts_without_response", "offer")
        yield f"{offers} since the last order that were not redeemed"


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
