"""The evidence behind a weak point: the customer now, the customer before, customers like this one.

It is made only of facts that are worse than the customer's own past or than peers; a dimension without such
a fact has no evidence, and is not named. What a fact says stands in the catalogues of `configs/languages`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from math import ceil
from typing import Any

from features.facts import LAST_WORD_DAYS
from models.language import Language, Message

MOST_FACTS = 2
Facts = Iterator[Message]


@dataclass(frozen=True)
class Customer:
    """One row of features and facts, and what is typical of peers. Missing values read as null."""

    row: Mapping[str, Any]
    peers: Mapping[str, float]

    def __call__(self, name: str) -> Any:
        value = self.row.get(name)
        return None if value is None or value != value else value

    def has(self, *names: str) -> bool:
        return all(self(name) is not None for name in names)

    def below_peers(self, name: str) -> bool:
        return self.has(name) and name in self.peers and self(name) < self.peers[name]

    def above_peers(self, name: str) -> bool:
        return self.has(name) and name in self.peers and self(name) > self.peers[name]

    def day(self, name: str) -> str:
        return f"{self(name):%Y-%m-%d}"

    def days(self, name: str) -> int:
        """The days from a moment to the midnight that they are counted to, as a calendar counts them."""
        return max(1, ceil(float(self(name))))


def evidence(dimension: str, customer: Customer) -> list[Message]:
    """At most two facts that speak for a dimension as a weak point, the heavier first; often none."""
    return list(islice(FACTS[dimension](customer), MOST_FACTS))


def sentence(facts: Sequence[Message], language: Language) -> str | None:
    """The evidence in one sentence or two; null where there is none."""
    return language.sentence(facts) if facts else None


def _fact(name: str, /, **values: Any) -> Message:
    return Message(name, values)


def _rhythm(c: Customer) -> Facts:
    """Of whom nothing changed, that they order seldom, where they do."""
    told = list(_rhythm_broken(c))
    if not told and (c("order_days") or 0) > 1 and c.above_peers("gap_mean"):
        gaps = {"gap": round(c("gap_mean")), "peers": round(c.peers["gap_mean"])}
        told = [_fact("orders_seldom", days=c("order_days"), **gaps)] if gaps["gap"] > gaps["peers"] else []
    yield from told


def _rhythm_broken(c: Customer) -> Facts:
    if c("subscription_comebacks") and c.has("days_since_all_cancelled"):
        times, ago = c("subscription_comebacks"), c.days("days_since_all_cancelled")
        yield _fact("came_back_before", times=times, ago=ago)
    if not c.has("days_since_order"):
        return
    last = {"ago": c.days("days_since_order"), "day": c.day("last_order_at")}
    if c("orders") == 1:
        yield _fact("one_order", **last)
        return
    silent = c.has("gap_mean") and _is_longer("days_since_order", c)
    if c("order_days") == 1:
        yield _fact("orders_of_one_day", orders=c("orders"), **last)
    elif silent:
        name = "orders_of_two_days" if c("order_days") == 2 else "silent"
        yield _fact(name, gap=round(c("gap_mean")), **last)
    if c("orders_90d") < c("orders_90_to_180d") and (c("orders_90d") or not silent):
        yield _fact("orders_fell", now=c("orders_90d"), before=c("orders_90_to_180d"))
    if c("days_since_first_order") < 90 and c("order_days") != 1:
        yield _fact("customer_for_short", age=c.days("days_since_first_order"), orders=c("orders"))
    elif c("days_since_first_order") >= 365 and c.below_peers("orders_365d"):
        yield _fact("fewer_orders_than_peers", orders=c("orders_365d"), peers=c.peers["orders_365d"])


def _is_longer(name: str, c: Customer) -> bool:
    """Than the usual gap; in the whole days that are told, too."""
    return bool(c(name) > c("gap_mean") and c.days(name) > round(c("gap_mean")))


def _spend(c: Customer) -> Facts:
    yield from _dearer_or_smaller_plans(c)
    yield from _smaller_orders(c)
    yield from _deeper_discounts(c)
    if c.below_peers("usual_basket") and c("basket_mean") < c.peers["usual_basket"]:
        yield _fact("smaller_basket_than_peers", basket=c("basket_mean"), peers=c.peers["usual_basket"])
    if c.above_peers("usual_discounted_share") and _share_discounted(c) > c.peers["usual_discounted_share"]:
        counted = {"discounted": c("discounted_orders"), "orders": c("orders")}
        yield _fact("more_discounts_than_peers", **counted, peers=c.peers["usual_discounted_share"])


def _dearer_or_smaller_plans(c: Customer) -> Facts:
    if c("price_rises_365d") and c.has("price_rise_365d", "last_price_rise_at"):
        yield _fact("price_rose", rise=c("price_rise_365d"), day=c.day("last_price_rise_at"))
    if c("downgrades_365d"):
        yield _fact("cheaper_plan", changes=c("downgrades_365d"))


def _is_quiet(c: Customer) -> bool:
    """Whether the windows at the last order are over."""
    return bool(c.has("days_since_order") and c("days_since_order") > LAST_WORD_DAYS)


def _share_discounted(c: Customer) -> float:
    return c("discounted_orders") / c("orders") if c("orders") else 0.0


_SPELLS = (("90d", "before", ""), ("at_last_order", "before_last_order", "_at_last_order"))
_DAYS_OF_ORDERS = {"": {}, "_at_last_order": {"days": 90 - LAST_WORD_DAYS}}
"""The 90 days at the last order end so many days after it, without any order."""


def _smaller_orders(c: Customer) -> Facts:
    for now, before, spell in _spells(c, "basket"):
        if 0 < c(now) < 0.9 * c(before):
            yield _fact(f"basket_fell{spell}", now=c(now), before=c(before), **_DAYS_OF_ORDERS[spell])


def _deeper_discounts(c: Customer) -> Facts:
    for now, before, spell in _spells(c, "discount_share"):
        if c(now) > c(before) + 0.05:
            yield _fact(f"discount_rose{spell}", now=c(now), before=c(before), **_DAYS_OF_ORDERS[spell])


def _spells(c: Customer, name: str) -> list[tuple[str, str, str]]:
    """The names of a fact now and before; up to the last order where there was none in the last 90 days."""
    spells = [(f"{name}_{now}", f"{name}_{before}", spell) for now, before, spell in _SPELLS]
    return [spell for spell in spells if c.has(*spell[:2])][:1]


def _product(c: Customer) -> Facts:
    before = "subscriptions_365d_before"
    if c.has(before, "subscriptions_running") and c("subscriptions_running") < c(before):
        yield _fact("subscriptions_fell", now=c("subscriptions_running"), before=c(before))
    yield from _more_returns(c)
    if c("returns_365d") and _is_above_peers(c, "returned_share_365d", "returned_365d", "amount_365d"):
        sums = {"returned": c("returned_365d"), "spent": c("amount_365d")}
        yield _fact("more_money_returned_than_peers", **sums, peers=c.peers["returned_share_365d"])
    yield from _shrinking_range(c)


def _more_returns(c: Customer) -> Facts:
    """Rates are compared as the model sees them, leaning on all customers, and told by their raw counts."""
    if _returns_rose(c):
        before = {"returns_before": c("returns_before"), "orders_before": c("orders_before")}
        yield _fact("returns_rose", returns=c("returns_90d"), orders=c("orders_90d"), **before)
    elif _is_above_peers(c, "return_rate_365d", "returns_365d", "orders_365d"):
        counted = {"returns": c("returns_365d"), "orders": c("orders_365d")}
        yield _fact("more_returns_than_peers", **counted, peers=c.peers["return_rate_365d"])
    elif _is_quiet(c) and c("returns_at_last_order") and c.above_peers("returns_at_last_order"):
        counted = {"returns": c("returns_at_last_order"), "days": LAST_WORD_DAYS}
        yield _fact("returns_at_last_order", **counted, peers=c.peers["returns_at_last_order"])


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
    """Only of whoever orders as often: fewer orders hold less, which is the rhythm's to tell."""
    if not c("orders_90d") or c("orders_90d") < (c("orders_90_to_180d") or 0):
        return
    for name in ("categories", "products"):
        now, before = f"{name}_90d", f"{name}_90_to_180d"
        if c.has(now, before) and 0 < c(now) < 0.7 * c(before):
            yield _fact(f"{name}_fell", now=c(now), before=c(before))
            return


def _service(c: Customer) -> Facts:
    if c("complaints_open"):
        waiting = {"age": c.days("complaint_open_days"), "day": c.day("oldest_open_at")}
        name = "complaints_open" if c("complaints_open") > 1 else "complaint_open"
        yield _fact(name, complaints=c("complaints_open"), **waiting)
    if (c("complaints_180d") or 0) > (c("complaints_open") or 0) and c.above_peers("complaints_180d"):
        first, peers = c.day("first_complaint_180d_at"), c.peers["complaints_180d"]
        yield _fact("complaints", complaints=c("complaints_180d"), day=first, peers=peers)
    if c("reopened_180d") and c.above_peers("reopened_180d"):
        yield _fact("tickets_reopened", tickets=c("reopened_180d"), peers=c.peers["reopened_180d"])
    if c.above_peers("response_hours_180d"):
        yield _fact("slow_answers", hours=c("response_hours_180d"), peers=c.peers["response_hours_180d"])
    if c("unanswered_180d") and c.above_peers("unanswered_180d"):
        yield _fact("tickets_unanswered", tickets=c("unanswered_180d"))
    if c("complaints_repeated_180d") and c.above_peers("complaints_repeated_180d"):
        peers = c.peers["complaints_repeated_180d"]
        yield _fact("complaints_repeated", complaints=c("complaints_repeated_180d"), peers=peers)
    yield from _silence_after_complaint(c)
    if not c("complaints_180d"):
        yield from _complaints_at_last_order(c)


def _silence_after_complaint(c: Customer) -> Facts:
    if not c.has("silence_after_complaint", "last_complaint_at", "gap_mean"):
        return
    if _is_longer("silence_after_complaint", c):
        since = {"day": c.day("last_complaint_at"), "ago": c.days("silence_after_complaint")}
        yield _fact("silent_since_complaint", **since, gap=round(c("gap_mean")))


def _complaints_at_last_order(c: Customer) -> Facts:
    complaints, orders = c("complaints_at_last_order"), c("orders_at_last_order")
    before = c("complaints_per_order_before_last_order")
    if _is_quiet(c) and complaints and orders and before is not None and complaints / orders > before:
        counted = {"complaints": complaints, "orders": orders}
        yield _fact("complaints_at_last_order", **counted, days=LAST_WORD_DAYS, before=before)


def _satisfaction(c: Customer) -> Facts:
    if not c("answers"):
        return
    last = {"day": c.day("last_answer_at"), "mood": c("mood_last")}
    before = c("answered_mood_before")
    if c("answers_180d") and before is not None and c("mood_last") < before - 0.5:
        yield _fact("answer_fell", **last, before=before)
    elif c.below_peers("mood_last"):
        yield _fact("lower_answer_than_peers", **last, peers=c.peers["mood_last"])
    if c("low_answers_180d") and c.above_peers("low_answers_180d"):
        yield _fact("low_answers", answers=c("low_answers_180d"), peers=c.peers["low_answers_180d"])
    elif _is_quiet(c) and c("low_answers_at_last_order") and c.above_peers("low_answers_at_last_order"):
        counted = {"answers": c("low_answers_at_last_order"), "days": LAST_WORD_DAYS}
        yield _fact("low_answers_at_last_order", **counted, peers=c.peers["low_answers_at_last_order"])
    if c.below_peers("mood_lowest") and c("mood_lowest") < c("mood_last"):
        yield _fact("lowest_answer", mood=c("mood_lowest"), peers=c.peers["mood_lowest"])
    if c("fell_silent"):
        yield _fact("fell_silent", orders=c("orders_180d"), before=c("answers_180_to_365d"))


def _engagement(c: Customer) -> Facts:
    yield from _fading(c)
    if c.above_peers("days_since_activity"):
        seen = {"ago": c.days("days_since_activity"), "day": c.day("last_activity_at")}
        yield _fact("unseen", **seen, peers=c.peers["days_since_activity"])
    yield from _unmoved(c)


def _fading(c: Customer) -> Facts:
    """Engagement before they stopped buying, where they have; else of late."""
    if _is_quiet(c) and c.has("activities_before_last_order") and _fell_before_last_order(c):
        now, before = c("activities_at_last_order"), c("activities_before_last_order")
        yield _fact("activity_fell_before_last_order", now=now, days=LAST_WORD_DAYS, before=before)
    elif c.has("activity_change") and c("activity_change") < 0.7:
        before = c("activities_30_to_90d")
        yield _fact("activity_fell_in_30_days", now=c("activities_30d"), before=before)
    elif c.has("activities_90_to_180d") and c("activities_90d") < 0.7 * c("activities_90_to_180d"):
        before = c("activities_90_to_180d")
        yield _fact("activity_fell_in_90_days", now=c("activities_90d"), before=before)
    elif c.below_peers("activities_90d"):
        yield _fact("less_activity_than_peers", now=c("activities_90d"), peers=c.peers["activities_90d"])


def _fell_before_last_order(c: Customer) -> bool:
    return bool(c("activities_at_last_order") < 0.7 * c("activities_before_last_order"))


def _unmoved(c: Customer) -> Facts:
    """Offers that came to nothing, counted as they are."""
    if (c("contacts_365d") or 0) > 1 and c.has("redeemed_365d") and c.below_peers("redeemed_share_365d"):
        peers = c.peers["redeemed_share_365d"]
        if c("redeemed_365d") < peers * c("contacts_365d"):
            counted = {"redeemed": c("redeemed_365d"), "offers": c("contacts_365d")}
            yield _fact("fewer_redeemed_than_peers", **counted, peers=peers)
    if (c("contacts_without_response") or 0) > 1:
        yield _fact("offers_not_redeemed", offers=c("contacts_without_response"))


FACTS: Mapping[str, Callable[[Customer], Facts]] = {
    "rhythm": _rhythm,
    "spend": _spend,
    "product": _product,
    "service": _service,
    "satisfaction": _satisfaction,
    "engagement": _engagement,
}
