"""What the orders hold: categories, products, lines; and how surely buyers of the same lines stay.

Different products are counted only where order lines have no category: each such key costs a sort of all
lines.
"""

from __future__ import annotations

from functools import partial
from math import inf
from typing import Any

from features.catalog import Aggregate, Feature, Rate, Row, Step
from features.facts import Facts
from features.priors import FINE

WINDOWS = (90, 365)

_CATEGORY = ("category",)
_NO_CATEGORY = "nothing bought from a category in the whole history that the rates were learnt from"


def _new_365d(f: Facts) -> Any:
    """Rows whose category the customer had never bought before."""
    return f.count(365, where=f.category.notnull() & f.before_category.isnull())


def _in_orders(f: Facts, oldest: int | None = None) -> Any:
    """The number of different categories in each order, summed over the orders."""
    first = f.before_category.isnull() | (f.before_category > 0)
    return f.count(oldest, where=first & f.category.notnull())


def _of_categories(name: str, value: Any, empty: int | None = 0) -> Aggregate:
    return Aggregate(name, "order_lines", value, _CATEGORY, empty)


def _of_products(name: str, value: Any) -> Aggregate:
    return Aggregate(name, "order_lines", value, empty=0, unless=_CATEGORY)


AGGREGATES = (
    _of_categories("categories", lambda f: f.distinct("category")),
    *(_of_categories(f"categories_{n}d", partial(Facts.distinct, key="category", oldest=n)) for n in WINDOWS),
    _of_categories("categories_90_to_180d", lambda f: f.distinct("category", 180, 90)),
    _of_categories("new_categories_365d", _new_365d),
    _of_categories("category_lines", lambda f: f.count(where=f.category.notnull())),
    _of_categories("category_lines_365d", lambda f: f.count(365, where=f.category.notnull())),
    _of_categories("favourite_lines", lambda f: f.most("category")),
    _of_categories("order_categories", _in_orders),
    _of_categories("order_categories_365d", partial(_in_orders, oldest=365)),
    _of_categories("order_categories_at_last_order", lambda f: _in_orders(f.at_last_order, 90)),
    _of_categories("line_churn_365d", lambda f: f.mean(f.line_churn, 365) / FINE, None),
    _of_products("products_90d", lambda f: f.distinct("product_id", 90)),
    _of_products("products_90_to_180d", lambda f: f.distinct("product_id", 180, 90)),
    Aggregate("lines_365d", "order_lines", lambda f: f.count(365), empty=0),
)

RATES = (
    Rate("categories_per_order", "order_categories_365d", "orders_365d"),
    Rate("lines_per_order", "lines_365d", "orders_365d"),
    Rate("favourite_share", "favourite_lines", "category_lines", share=True),
    Rate("new_category_share", "new_categories_365d", "category_lines_365d", share=True),
)


def _per_order(row: Row, window: str) -> Any:
    return row.rate(
        "categories_per_order", row.table[f"order_categories_{window}"], row.table[f"orders_{window}"]
    )


def _per_order_before_last_order(row: Row) -> Any:
    categories = row.order_categories - row.order_categories_at_last_order
    return row.rate("categories_per_order", categories, row.orders - row.orders_at_last_order)


_PER_ORDER_AT_LAST_ORDER = Step(
    "categories_per_order_at_last_order",
    ("order_categories_at_last_order", "orders_at_last_order"),
    partial(_per_order, window="at_last_order"),
)

FEATURES = (
    Feature("categories", "product", "categories", "categories bought from, ever", worse="low"),
    *(
        Feature(
            f"categories_{n}d",
            "product",
            "categories",
            f"categories bought from in the last {n} days",
            worse="low",
        )
        for n in WINDOWS
    ),
    Feature(
        "categories_90_to_180d",
        "product",
        "categories",
        "categories bought from in the 90 days before the last 90",
    ),
    Feature(
        "categories_per_order_365d",
        "product",
        "ratio",
        "categories in an order of the last 365 days",
        worse="low",
        needs=("order_categories_365d", "orders_365d"),
        value=partial(_per_order, window="365d"),
    ),
    Feature(
        "categories_per_order_at_last_order",
        "product",
        "ratio",
        "categories in an order of the 90 days up to the last order",
        worse="low",
        steps=(_PER_ORDER_AT_LAST_ORDER,),
    ),
    Feature(
        "categories_per_order_change_at_last_order",
        "product",
        "ratio",
        "categories in an order of the 90 days up to the last order minus those before",
        worse="low",
        low=-inf,
        needs=("order_categories", "order_categories_at_last_order", "orders", "orders_at_last_order"),
        value=lambda row: row.categories_per_order_at_last_order - _per_order_before_last_order(row),
        steps=(_PER_ORDER_AT_LAST_ORDER,),
    ),
    Feature(
        "new_category_share_365d",
        "product",
        "share",
        "share of the lines of the last 365 days that were the first of their category",
        worse="low",
        high=1.0,
        null=_NO_CATEGORY,
        needs=("new_categories_365d", "category_lines_365d"),
        value=lambda row: row.rate("new_category_share", row.new_categories_365d, row.category_lines_365d),
    ),
    Feature(
        "favourite_share",
        "product",
        "share",
        "share of all lines that is of the favourite category",
        high=1.0,
        null=_NO_CATEGORY,
        needs=("favourite_lines", "category_lines"),
        value=lambda row: row.rate("favourite_share", row.favourite_lines, row.category_lines),
    ),
    Feature(
        "line_churn_365d",
        "product",
        "share",
        "mean churn rate of the product lines bought in the last 365 days",
        worse="high",
        null="nothing bought from a product line of known churn rate in the last 365 days",
        high=1.0,
    ),
    Feature(
        "products_90d",
        "product",
        "products",
        "different products bought in the last 90 days, where order lines have no category",
        kind="fact",
    ),
    Feature(
        "products_90_to_180d",
        "product",
        "products",
        "different products bought in the 90 days before the last 90, where order lines have no category",
        kind="fact",
    ),
    Feature(
        "lines_per_order_365d",
        "product",
        "lines",
        "lines per order in the last 365 days",
        needs=("lines_365d", "orders_365d"),
        value=lambda row: row.rate("lines_per_order", row.lines_365d, row.orders_365d),
    ),
)
