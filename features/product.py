"""Returns, exchanges, a shrinking range of categories."""

from __future__ import annotations

from functools import partial
from math import inf
from typing import Any

from features import assortment, subscriptions
from features.catalog import Aggregate, Feature, Rate, Row, Step
from features.facts import Facts

WINDOWS = (30, 90, 180, 365)
RATE_WINDOWS = (90, 365)


def _exchanges_365d(f: Facts) -> Any:
    return f.count(365, where=f.kind == "exchange")


def _returns_of_last_order(f: Facts) -> Any:
    return f.count(where=f.bought == f.now - f.silence)


_RETURNS = (
    Aggregate("returns", "returns", lambda f: f.count(), empty=0),
    *(Aggregate(f"returns_{n}d", "returns", partial(Facts.count, oldest=n), empty=0) for n in WINDOWS),
    Aggregate("returned_total", "returns", lambda f: f.sum("amount"), empty=0),
    *(
        Aggregate(f"returned_{n}d", "returns", partial(Facts.sum, column="amount", oldest=n), empty=0)
        for n in RATE_WINDOWS
    ),
    Aggregate("days_since_return", "returns", lambda f: f.days_since_last()),
    Aggregate("last_return_at", "returns", lambda f: f.returned_at.max()),
    Aggregate("returns_of_last_order", "returns", _returns_of_last_order, ("order_id",), 0),
    Aggregate("exchanges_365d", "returns", _exchanges_365d, ("kind",), 0),
    Aggregate("returns_at_last_order", "returns", lambda f: f.at_last_order.count(90), empty=0),
    Aggregate("returns_before_last_order", "returns", lambda f: f.at_last_order.count(None, 90), empty=0),
)

_RETURN_RATES = (
    Rate("return_rate", "returns_365d", "orders_365d"),
    Rate("exchange_rate", "exchanges_365d", "orders_365d"),
)


def _return_rate(row: Row, window: str) -> Any:
    return row.rate("return_rate", row.table[f"returns_{window}"], row.table[f"orders_{window}"])


def _return_rate_before(row: Row) -> Any:
    return row.rate("return_rate", row.returns - row.returns_90d, row.orders - row.orders_90d)


def _return_rate_before_last_order(row: Row) -> Any:
    before = row.orders - row.orders_at_last_order
    return row.rate("return_rate", row.returns_before_last_order, before)


def _returned_share(row: Row) -> Any:
    """Money returned over money spent, leaning on the population as the rate of returns does.

    Its prior is that of the rate in money: so many orders of the typical basket, so many typical returns.
    """
    reference = row.reference
    returns, basket = reference.prior("return_rate"), reference.prior("basket")
    spent = returns.chances * (basket.events / basket.chances if basket.chances else 0.0)
    returned = reference.return_share * spent if returns.events else 0.0
    return (row.returned_365d + returned) / (row.amount_365d + spent).nullif(0)


_RATE_90D = Step("return_rate_90d", ("returns_90d", "orders_90d"), partial(_return_rate, window="90d"))
_RATE_BEFORE = Step(
    "return_rate_before", ("returns", "returns_90d", "orders", "orders_90d"), _return_rate_before
)
_RATE_AT_LAST_ORDER = Step(
    "return_rate_at_last_order",
    ("returns_at_last_order", "orders_at_last_order"),
    partial(_return_rate, window="at_last_order"),
)

_RETURN_FEATURES = (
    Feature("returns", "product", "returns", "returns ever", worse="high"),
    *(
        Feature(f"returns_{n}d", "product", "returns", f"returns in the last {n} days", worse="high")
        for n in WINDOWS
    ),
    Feature(
        "return_rate_90d",
        "product",
        "ratio",
        "returns per order in the last 90 days",
        worse="high",
        steps=(_RATE_90D,),
    ),
    Feature(
        "return_rate_365d",
        "product",
        "ratio",
        "returns per order in the last 365 days",
        worse="high",
        needs=("returns_365d", "orders_365d"),
        value=partial(_return_rate, window="365d"),
    ),
    Feature(
        "return_rate_before",
        "product",
        "ratio",
        "returns per order before the last 90 days",
        steps=(_RATE_BEFORE,),
    ),
    Feature(
        "return_rate_change",
        "product",
        "ratio",
        "returns per order in the last 90 days minus those before",
        worse="high",
        low=-inf,
        value=lambda row: row.return_rate_90d - row.return_rate_before,
        steps=(_RATE_90D, _RATE_BEFORE),
    ),
    Feature(
        "returned_share_365d",
        "product",
        "share",
        "money returned over money spent in the last 365 days",
        worse="high",
        needs=("returned_365d", "amount_365d"),
        value=_returned_share,
    ),
    *(
        Feature(
            f"returned_{n}d",
            "product",
            "money",
            f"money returned in the last {n} days",
            worse="high",
            kind="fact",
        )
        for n in RATE_WINDOWS
    ),
    Feature("returned_total", "product", "money", "money returned ever", worse="high"),
    Feature("days_since_return", "product", "days", "days since the last return", null="no return yet"),
    Feature("returns_of_last_order", "product", "returns", "returns of the last order", worse="high"),
    Feature(
        "exchanges_365d",
        "product",
        "exchanges",
        "exchanges in the last 365 days",
        worse="high",
        kind="fact",
    ),
    Feature(
        "exchange_rate_365d",
        "product",
        "ratio",
        "exchanges per order in the last 365 days",
        worse="high",
        needs=("exchanges_365d", "orders_365d"),
        value=lambda row: row.rate("exchange_rate", row.exchanges_365d, row.orders_365d),
    ),
    Feature(
        "returns_before",
        "product",
        "returns",
        "returns before the last 90 days",
        kind="fact",
        needs=("returns", "returns_90d"),
        value=lambda row: row.returns - row.returns_90d,
    ),
    Feature(
        "orders_before",
        "product",
        "orders",
        "orders before the last 90 days",
        kind="fact",
        needs=("returns", "orders", "orders_90d"),
        value=lambda row: row.orders - row.orders_90d,
    ),
    Feature(
        "returns_at_last_order",
        "product",
        "returns",
        "returns in the 90 days up to the last order",
        worse="high",
    ),
    Feature(
        "returns_before_last_order",
        "product",
        "returns",
        "returns before the 90 days up to the last order",
        kind="fact",
    ),
    Feature(
        "return_rate_at_last_order",
        "product",
        "ratio",
        "returns per order in the 90 days up to the last order",
        worse="high",
        steps=(_RATE_AT_LAST_ORDER,),
    ),
    Feature(
        "return_rate_change_at_last_order",
        "product",
        "ratio",
        "returns per order in the 90 days up to the last order minus those before",
        worse="high",
        low=-inf,
        needs=("returns_before_last_order", "orders", "orders_at_last_order"),
        value=lambda row: row.return_rate_at_last_order - _return_rate_before_last_order(row),
        steps=(_RATE_AT_LAST_ORDER,),
    ),
    Feature(
        "last_return_at", "product", "date", "time of the last return", null="no return yet", kind="fact"
    ),
)

AGGREGATES = (*_RETURNS, *assortment.AGGREGATES)
RATES = (*_RETURN_RATES, *assortment.RATES)
FEATURES = (*_RETURN_FEATURES, *assortment.FEATURES, *subscriptions.PRODUCT)
