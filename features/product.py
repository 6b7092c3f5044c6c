"""Returns, exchanges, a shrinking range of categories."""

from __future__ import annotations

from functools import partial

from features.catalog import Aggregate, Feature
from features.facts import Facts

WINDOWS = (90, 180, 365)

AGGREGATES = (
    Aggregate("returns", "returns", lambda f: f.count(), empty=0),
    *(Aggregate(f"returns_{n}d", "returns", partial(Facts.count, oldest=n), empty=0) for n in WINDOWS),
    Aggregate("returned_total", "returns", lambda f: f.sum("amount"), empty=0),
    Aggregate("returned_90d", "returns", lambda f: f.sum("amount", 90), empty=0),
    Aggregate("returned_365d", "returns", lambda f: f.sum("amount", 365), empty=0),
    Aggregate("days_since_return", "returns", lambda f: f.days_since_last()),
    Aggregate("last_return_at", "returns", lambda f: f.returned_at.max()),
    Aggregate("categories", "order_lines", lambda f: f.distinct("category"), ("category",), 0),
    Aggregate("categories_90d", "order_lines", lambda f: f.distinct("category", 90), ("category",), 0),
    Aggregate(
        "categories_90_to_180d", "order_lines", lambda f: f.distinct("category", 180, 90), ("category",), 0
    ),
    Aggregate("products_90d", "order_lines", lambda f: f.distinct("product_id", 90), empty=0),
    Aggregate("products_90_to_180d", "order_lines", lambda f: f.distinct("product_id", 180, 90), empty=0),
    Aggregate("lines_365d", "order_lines", lambda f: f.count(365), empty=0),
)

FEATURES = (
    Feature("returns", "product", "returns", "returns ever", worse="high"),
    *(
        Feature(f"returns_{n}d", "product", "returns", f"returns in the last {n} days", worse="high")
        for n in WINDOWS
    ),
    Feature(
        "return_rate_365d",
        "product",
        "ratio",
        "returns per order in the last 365 days",
        worse="high",
        null="no order in the last 365 days",
        needs=("returns_365d", "orders_365d"),
        value=lambda row: row.returns_365d / row.orders_365d.nullif(0),
    ),
    Feature(
        "return_rate_90d",
        "product",
        "ratio",
        "returns per order in the last 90 days",
        worse="high",
        null="no order in the last 90 days",
        needs=("returns_90d", "orders_90d"),
        value=lambda row: row.returns_90d / row.orders_90d.nullif(0),
    ),
    Feature(
        "return_rate_before",
        "product",
        "ratio",
        "returns per order before the last 90 days",
        null="no order before the last 90 days",
        needs=("returns", "returns_90d", "orders", "orders_90d"),
        value=lambda row: (row.returns - row.returns_90d) / (row.orders - row.orders_90d).nullif(0),
    ),
    Feature(
        "returned_share_365d",
        "product",
        "share",
        "share of the money spent in the last 365 days that was returned",
        worse="high",
        null="nothing spent in the last 365 days",
        needs=("returned_365d", "amount_365d"),
        value=lambda row: row.returned_365d / row.amount_365d.nullif(0),
    ),
    Feature("returned_90d", "product", "money", "money returned in the last 90 days", worse="high"),
    Feature("returned_total", "product", "money", "money returned ever", worse="high"),
    Feature("days_since_return", "product", "days", "days since the last return", null="no return yet"),
    Feature("categories", "product", "categories", "categories bought from, ever", worse="low"),
    Feature(
        "categories_90d", "product", "categories", "categories bought from in the last 90 days", worse="low"
    ),
    Feature(
        "categories_90_to_180d",
        "product",
        "categories",
        "categories bought from in the 90 days before the last 90",
    ),
    Feature(
        "products_90d", "product", "products", "different products bought in the last 90 days", kind="fact"
    ),
    Feature(
        "products_90_to_180d",
        "product",
        "products",
        "different products bought in the 90 days before the last 90",
        kind="fact",
    ),
    Feature(
        "lines_per_order_365d",
        "product",
        "lines",
        "lines per order in the last 365 days",
        null="no order in the last 365 days",
        needs=("lines_365d", "orders_365d"),
        value=lambda row: row.lines_365d / row.orders_365d.nullif(0),
    ),
    Feature(
        "last_return_at", "product", "date", "time of the last return", null="no return yet", kind="fact"
    ),
)
