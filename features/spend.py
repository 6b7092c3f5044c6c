"""Basket size, revenue trend, dependence on discounts."""

from __future__ import annotations

from functools import partial
from typing import Any

from features.catalog import Aggregate, Feature, Row
from features.facts import Facts

SHORT_WINDOWS = (30, 90, 180)
"""Sums over these follow the number of orders; a model that saw them would blame spend for what is rhythm."""


def _basket_before(row: Row) -> Any:
    return (row.amount_total - row.amount_90d) / (row.orders - row.orders_90d).nullif(0)


def _basket(row: Row) -> Any:
    return row.amount_90d / row.orders_90d.nullif(0)


def _discount(given: Any, paid: Any) -> Any:
    return given / (given + paid).nullif(0)


def _discount_before(row: Row) -> Any:
    return _discount(
        row.discount_total.fill_null(0) - row.discount_90d.fill_null(0), row.amount_total - row.amount_90d
    )


AGGREGATES = (
    Aggregate("amount_total", "orders", lambda f: f.sum("amount"), empty=0),
    *(
        Aggregate(f"amount_{n}d", "orders", partial(Facts.sum, column="amount", oldest=n), empty=0)
        for n in (*SHORT_WINDOWS, 365)
    ),
    Aggregate("amount_90_to_180d", "orders", lambda f: f.sum("amount", 180, 90), empty=0),
    Aggregate("amount_180_to_365d", "orders", lambda f: f.sum("amount", 365, 180), empty=0),
    Aggregate("biggest_order", "orders", lambda f: f.amount.max()),
    Aggregate("discount_total", "orders", lambda f: f.sum("discount"), needs=("discount",), empty=0),
    Aggregate("discount_90d", "orders", lambda f: f.sum("discount", 90), needs=("discount",), empty=0),
    Aggregate("margin_365d", "orders", lambda f: f.sum("margin", 365), needs=("margin",), empty=0),
    Aggregate(
        "amount_of_margin_365d",
        "orders",
        lambda f: f.sum("amount", 365, where=f.margin.notnull()),
        needs=("margin",),
        empty=0,
    ),
)

_NO_ORDER_90D = "no order in the last 90 days"
_NO_ORDER_BEFORE = "no order before the last 90 days"

FEATURES = (
    Feature("amount_total", "spend", "money", "spent ever", worse="low"),
    Feature("amount_365d", "spend", "money", "spent in the last 365 days", worse="low"),
    *(
        Feature(f"amount_{n}d", "spend", "money", f"spent in the last {n} days", kind="fact")
        for n in SHORT_WINDOWS
    ),
    Feature("amount_90_to_180d", "spend", "money", "spent in the 90 days before the last 90", kind="fact"),
    Feature("amount_180_to_365d", "spend", "money", "spent between 180 and 365 days ago", kind="fact"),
    Feature("biggest_order", "spend", "money", "biggest order"),
    Feature(
        "basket_mean",
        "spend",
        "money",
        "mean order value",
        worse="low",
        needs=("amount_total", "orders"),
        value=lambda row: row.amount_total / row.orders.nullif(0),
    ),
    Feature(
        "basket_90d",
        "spend",
        "money",
        "mean order value in the last 90 days",
        worse="low",
        null=_NO_ORDER_90D,
        needs=("amount_90d", "orders_90d"),
        value=_basket,
    ),
    Feature(
        "basket_before",
        "spend",
        "money",
        "mean order value before the last 90 days",
        null=_NO_ORDER_BEFORE,
        needs=("amount_total", "amount_90d", "orders", "orders_90d"),
        value=_basket_before,
    ),
    Feature(
        "basket_change",
        "spend",
        "ratio",
        "mean order value in the last 90 days over that before",
        worse="low",
        null=f"{_NO_ORDER_90D}, or {_NO_ORDER_BEFORE}",
        needs=("amount_total", "amount_90d", "orders", "orders_90d"),
        value=lambda row: _basket(row) / _basket_before(row).nullif(0),
    ),
    Feature(
        "discount_share_90d",
        "spend",
        "share",
        "share of the list price given as discount in the last 90 days",
        worse="high",
        null=_NO_ORDER_90D,
        needs=("discount_90d", "amount_90d"),
        value=lambda row: _discount(row.discount_90d, row.amount_90d),
    ),
    Feature(
        "discount_share_before",
        "spend",
        "share",
        "share of the list price given as discount before the last 90 days",
        null=_NO_ORDER_BEFORE,
        needs=("discount_total", "discount_90d", "amount_total", "amount_90d"),
        value=_discount_before,
    ),
    Feature(
        "discount_change",
        "spend",
        "share",
        "discount share of the last 90 days minus that before",
        worse="high",
        null=f"{_NO_ORDER_90D}, or {_NO_ORDER_BEFORE}",
        needs=("discount_total", "discount_90d", "amount_total", "amount_90d"),
        value=lambda row: _discount(row.discount_90d, row.amount_90d) - _discount_before(row),
    ),
    Feature(
        "margin_share_365d",
        "spend",
        "share",
        "margin over revenue in the last 365 days",
        null="no order with a margin in the last 365 days",
        needs=("margin_365d", "amount_of_margin_365d"),
        value=lambda row: row.margin_365d / row.amount_of_margin_365d.nullif(0),
    ),
)
