"""Who stays, comes again, lapses, leaves, comes back, brings others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from features.indicators.book import Indicator, Tally
from features.indicators.rules import YEAR, Rules

_BY = ("segment", "country")
_FLOWS = ("first", "holding", "ending")
_ORDERS = "orders: who ordered when"
_SUBSCRIPTIONS = "subscriptions: who held which plan from when to when"


def _of(stream: str, reach: Callable[[Rules], int], *names: str) -> tuple[Tally, ...]:
    return tuple(Tally(name, stream, reach=reach, stock=name not in _FLOWS) for name in names)


def _share(
    name: str, title: str, definition: str, formula: str, parts: tuple[str, str], **more: Any
) -> Indicator:
    events, chances = parts
    collect = more.pop("collect", _ORDERS)
    return Indicator(
        name,
        "loyalty",
        "share",
        title,
        definition,
        formula,
        "share",
        events,
        collect,
        chances,
        breakdowns=_BY,
        **more,
    )


TALLIES = (
    *_of("customers", lambda r: r.active_months, "active", "repeated"),
    *_of("customers", lambda r: r.active_months + YEAR, "rhythmic", "lapsed"),  # shorter, gaps are cut short
    *_of("customers", lambda r: r.active_months + r.churn_months, "asked", "churned", "retained"),
    *_of("customers", lambda r: r.active_months + r.churn_months + 1, "silent", "won_back"),
    *_of("customers", lambda r: r.active_months, "first"),
    *_of("subscribers", lambda _: 1, "holding", "ending"),
    Tally("referrals", "engagement", lambda t: (t.kind == "referral").ifelse(1, 0).sum()),
)

INDICATORS = (
    Indicator(
        "active_customers",
        "loyalty",
        "total",
        "Active customers",
        "Customers with an order in the {active_months} months up to the month's end.",
        "customers with an order in these months",
        "customers",
        "active",
        _ORDERS,
        better="high",
        breakdowns=_BY,
    ),
    Indicator(
        "new_customers",
        "loyalty",
        "total",
        "New customers",
        "Customers whose first order lies in the month. Unknown in the first year of the orders, where "
        "those who "
        "came before look new.",
        "customers with their first order",
        "customers",
        "first",
        _ORDERS,
        better="high",
        breakdowns=_BY,
    ),
    _share(
        "retention_rate",
        "Retention rate",
        "Share of the customers active {churn_months} months before the month's end who have ordered since.",
        "active then with an order since ÷ active then",
        ("retained", "asked"),
        better="high",
    ),
    _share(
        "churn_rate",
        "Churn rate",
        "Share of the customers active {churn_months} months before the month's end who have not ordered "
        "since.",
        "active then without an order since ÷ active then",
        ("churned", "asked"),
        better="low",
    ),
    _share(
        "repeat_rate",
        "Repeat-purchase rate",
        "Share of the active customers with two orders or more in the {active_months} months up to the "
        "month's end.",
        "customers with 2 orders or more in these months ÷ active customers",
        ("repeated", "active"),
        better="high",
    ),
    _share(
        "lapsed_share",
        "Lapsed share",
        "Share of the active customers with two orders or more ever who have been silent for longer than "
        "{lapsed_after_gaps:g} of "
        "their own mean gaps between orders: an early warning, as they haven't churned yet.",
        "active customers silent for longer ÷ active customers with 2 orders or more",
        ("lapsed", "rhythmic"),
        better="low",
    ),
    _share(
        "winback_rate",
        "Win-back rate",
        "Share of the customers who {churn_months} months before the month's end hadn't ordered for "
        "{active_months} months, who have "
        "ordered since.",
        "silent then with an order since ÷ silent then",
        ("won_back", "silent"),
        better="high",
    ),
    Indicator(
        "referral_rate",
        "loyalty",
        "rate",
        "Referrals per 100 customers",
        "Recommendations in the 12 months up to the month's end per 100 active customers.",
        "100 × referrals in 12 months ÷ active customers",
        "per 100 customers",
        "referrals",
        "engagement: rows of the kind referral",
        "active",
        over="year",
        scale=100.0,
        better="high",
        breakdowns=(),
    ),
    _share(
        "subscription_churn",
        "Subscribers lost",
        "Share of the customers with a subscription as the month began who ended all of theirs in it.",
        "customers who ended their last subscription ÷ customers with one as the month began",
        ("ending", "holding"),
        collect=_SUBSCRIPTIONS,
        better="low",
    ),
)
