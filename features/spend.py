"""Basket size, revenue trend, dependence on discounts, margin.

Sums over windows follow the number of orders: a model that saw them would blame spend for what is rhythm, so
they are facts, as is what mixes in returns. What an order is worth lies in `order_value.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import inf
from typing import Any

import ibis

from features import subscriptions
from features.catalog import Aggregate, Feature, Rate, Row
from features.facts import MONEY_UNIT, Facts, money
from features.order_value import ORDER_VALUE, USUAL_BASKET, fact
from features.ratios import EVER, THEN, minus

TREND_DAYS = 360
WINDOWS = (14, 30, 60, 90, 180, 365)

Value = Any  # an Ibis value expression


def _windows(
    name: str, value: Callable[..., Value], days: tuple[int, ...], column: str | None
) -> Iterator[Aggregate]:
    """What a window holds: ever, in the last days, and in the 90 days up to the last order.

    `value`: from the facts and the days of the window. `column`: what orders may lack.
    """
    needs = (column,) if column else ()
    yield Aggregate(f"{name}_{EVER}", "orders", partial(value, oldest=None), needs, 0)
    for n in days:
        yield Aggregate(f"{name}_{n}d", "orders", partial(value, oldest=n), needs, 0)
    yield Aggregate(f"{name}_{THEN}", "orders", lambda f: value(f.at_last_order, oldest=90), needs, 0)


def _sum(column: str) -> Callable[..., Value]:
    return partial(Facts.sum, column=column)


def _amount_of_margin(f: Facts, oldest: int | None) -> Value:
    return f.sum("amount", oldest, where=f.margin.notnull())


def _contribution(f: Facts) -> Value:
    amounts = f.whole_amount
    return money((ibis.coalesce(f.whole_margin, amounts) if "margin" in f else amounts).sum())


def _last_amount(f: Facts) -> Value:
    return money(f.whole_amount.max(where=f.seconds_ago == f.silence))


def _not_returned(row: Row) -> Value:
    """The share of the money spent that was not returned."""
    returned = (row.returned_total / row.amount_total.nullif(0)).fill_null(0.0)
    return 1.0 - ibis.least(returned, 1.0)


def _company_share(row: Row) -> Value:
    revenue = row.reference.revenue_365d
    return row.amount_365d / revenue if revenue > 0 else ibis.null("float64")


def _trend(row: Row, name: str) -> Value:
    return (row.days_since_first_order >= TREND_DAYS).ifelse(row.table[name], None)


AGGREGATES = (
    *_windows("amount", _sum("amount"), WINDOWS, None),
    *_windows("discount", _sum("discount"), (90,), "discount"),
    *_windows("margin", _sum("margin"), (90, 365), "margin"),
    *_windows("amount_of_margin", _amount_of_margin, (365,), "margin"),
    Aggregate("discounted_orders", "orders", lambda f: f.count(where=f.discount > 0), ("discount",), 0),
    Aggregate("amount_slope", "orders", lambda f: f.trend(f.whole_amount) / MONEY_UNIT, empty=0),
    Aggregate("margin_slope", "orders", lambda f: f.trend(f.whole_margin) / MONEY_UNIT, ("margin",), 0),
    Aggregate("biggest_order", "orders", lambda f: f.amount.max()),
    Aggregate("last_order_amount", "orders", _last_amount),
    Aggregate("basket_median", "orders", lambda f: f.whole_amount.median() / MONEY_UNIT),
    Aggregate("contribution", "orders", _contribution, empty=0),
)

RATES = (Rate("discounted_share", "discounted_orders", "orders", share=True),)

_SHORT_TIME = f"first order less than {TREND_DAYS} days ago"

_SUMS = (
    Feature("amount_total", "spend", "money", "spent ever", worse="low"),
    Feature("amount_365d", "spend", "money", "spent in the last 365 days", worse="low"),
    *(fact(f"amount_{n}d", "money", f"spent in the last {n} days") for n in WINDOWS if n != 365),
    fact(
        "amount_90_to_180d",
        "money",
        "spent in the 90 days before the last 90",
        ("amount_180d", "amount_90d"),
        lambda row: minus(row.amount_180d, row.amount_90d),
    ),
    fact(
        "amount_180_to_365d",
        "money",
        "spent between 180 and 365 days ago",
        ("amount_365d", "amount_180d"),
        lambda row: minus(row.amount_365d, row.amount_180d),
    ),
    fact("margin_total", "money", "known margin of all orders", low=-inf),
    *(
        fact(f"margin_{n}d", "money", f"known margin of the orders in the last {n} days", low=-inf)
        for n in (90, 365)
    ),
    *(
        fact(
            f"{name}_slope",
            "money a month",
            f"slope of the {words} per month over twelve months",
            (f"{name}_slope", "days_since_first_order"),
            partial(_trend, name=f"{name}_slope"),
            null=_SHORT_TIME,
            low=-inf,
        )
        for name, words in (("amount", "money spent"), ("margin", "known margin"))
    ),
    fact(
        "revenue_share",
        "share",
        "share of the company's revenue of 365 days, at training",
        ("amount_365d",),
        _company_share,
        null="revenue of the company unknown at training",
    ),
    fact("contribution", "money", "margin to date; revenue where the margin isn't known", low=-inf),
    fact(
        "contribution_after_returns",
        "money",
        "contribution to date of the share of revenue that wasn't returned",
        ("contribution", "amount_total", "returned_total"),
        lambda row: row.contribution * _not_returned(row),
        low=-inf,
    ),
)

_ONE_ORDER = (
    Feature("biggest_order", "spend", "money", "biggest order"),
    Feature("last_order_amount", "spend", "money", "value of the last order", worse="low"),
    Feature(
        "last_order_ratio",
        "spend",
        "ratio",
        "value of the last order over their usual order value",
        worse="low",
        null="nothing spent by anyone",
        needs=("last_order_amount",),
        value=lambda row: row.last_order_amount / row.usual_basket.nullif(0),
        steps=(USUAL_BASKET,),
    ),
    fact("discounted_orders", "orders", "orders bought with a discount, ever"),
)

FEATURES = (*_SUMS, *_ONE_ORDER, *ORDER_VALUE, *subscriptions.SPEND)
