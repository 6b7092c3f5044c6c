"""What customers do: how often they buy, how much, where, and how often they are met without buying."""

from __future__ import annotations

from typing import Any

import ibis

from features.facts import money, whole
from features.indicators.book import Indicator, Tally

Value = Any  # an Ibis value expression

_BY = ("order_channel", "segment", "country")
_ORDERS = "orders: who ordered when, for how much"
_VISITS = "engagement: rows of the kind visit"


def _money(column: str) -> Any:
    return lambda t: money(whole(t[column]).sum())


def _squared_basket(t: ibis.Table) -> Value:
    return (t.amount * t.amount).sum()


def _listed(t: ibis.Table) -> Value:
    """What the orders would have cost without a discount, of those whose discount is known."""
    return money(t.discount.notnull().ifelse(whole(t.amount) + whole(t.discount), 0).sum())


TALLIES = (
    Tally("orders", "orders", lambda t: t.count()),
    Tally("revenue", "orders", _money("amount")),
    Tally("revenue_squares", "orders", _squared_basket),
    Tally("discount", "orders", _money("discount"), ("orders.discount",)),
    Tally("list_price", "orders", _listed, ("orders.discount",)),
    Tally("visits", "engagement", lambda t: (t.kind == "visit").ifelse(1, 0).sum()),
    Tally("activities", "engagement", lambda t: t.count()),
)

INDICATORS = (
    Indicator(
        "revenue",
        "behaviour",
        "total",
        "Revenue",
        "Net revenue of the orders.",
        "sum of the amounts",
        "money",
        "revenue",
        _ORDERS,
        better="high",
        breakdowns=_BY,
    ),
    Indicator(
        "order_count",
        "behaviour",
        "total",
        "Orders",
        "Orders placed.",
        "orders",
        "orders",
        "orders",
        _ORDERS,
        better="high",
        breakdowns=_BY,
    ),
    Indicator(
        "basket",
        "behaviour",
        "mean",
        "Basket",
        "Mean net revenue of an order.",
        "revenue ÷ orders",
        "money",
        "revenue",
        _ORDERS,
        "orders",
        "revenue_squares",
        better="high",
        breakdowns=_BY,
    ),
    Indicator(
        "purchase_frequency",
        "behaviour",
        "ratio",
        "Purchase frequency",
        "Orders in the 12 months up to the month's end per active customer.",
        "orders in 12 months ÷ active customers",
        "orders a year",
        "orders",
        _ORDERS,
        "active",
        over="year",
        better="high",
        breakdowns=("segment", "country"),
    ),
    Indicator(
        "order_rate",
        "behaviour",
        "rate",
        "Orders per 100 customers",
        "Orders in the month per 100 active customers.",
        "100 × orders ÷ active customers",
        "per 100 customers",
        "orders",
        _ORDERS,
        "active",
        scale=100.0,
        better="high",
        breakdowns=("segment", "country"),
    ),
    Indicator(
        "discount_share",
        "behaviour",
        "ratio",
        "Discount share",
        "Discounts as a share of what the orders would have cost without them.",
        "discounts ÷ (revenue + discounts)",
        "share",
        "discount",
        "orders.discount: what was taken off each order",
        "list_price",
        better="low",
        breakdowns=_BY,
    ),
    Indicator(
        "conversion",
        "behaviour",
        "rate",
        "Orders per 100 visits",
        "Orders per 100 visits on all channels.",
        "100 × orders ÷ visits",
        "per 100 visits",
        "orders",
        _VISITS,
        "visits",
        scale=100.0,
        better="high",
    ),
    Indicator(
        "interaction_frequency",
        "behaviour",
        "ratio",
        "Interactions per customer",
        "Visits, opens, clicks, posts and all other activities in the month per active customer.",
        "activities ÷ active customers",
        "a month",
        "activities",
        "engagement: visits, opens, clicks, posts, reviews",
        "active",
        better="high",
        breakdowns=("activity_channel",),
    ),
)
