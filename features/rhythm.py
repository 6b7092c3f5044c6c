"""How often they buy, whether it is slowing, how overdue they are."""

from __future__ import annotations

from functools import partial
from typing import Any

import ibis

from features.catalog import Aggregate, Feature, Row
from features.facts import DAY, Facts

MONTH = 30 * DAY
WINDOWS = (14, 30, 60, 90, 180, 365)
GAPS_OF_PRIOR = 2
"""The customer's own gaps are averaged with this many typical ones, so one short gap is not yet a habit."""


def usual_gap(row: Row) -> Any:
    """Days between two order days that this customer keeps; leans on the typical gap where few are known."""
    prior = GAPS_OF_PRIOR * row.reference.typical_gap_days
    return (row.gap_sum.fill_null(0) + prior) / (row.gap_count + GAPS_OF_PRIOR)


def _spread(row: Row) -> Any:
    mean = row.gap_sum / row.gap_count.nullif(0)
    variance = ibis.greatest(row.gap_squares / row.gap_count.nullif(0) - mean * mean, 0.0)
    return variance.sqrt() / mean


AGGREGATES = (
    Aggregate("orders", "orders", lambda f: f.count(), empty=0),
    *(Aggregate(f"orders_{n}d", "orders", partial(Facts.count, oldest=n), empty=0) for n in WINDOWS),
    Aggregate("orders_90_to_180d", "orders", lambda f: f.count(180, 90), empty=0),
    Aggregate("orders_180_to_365d", "orders", lambda f: f.count(365, 180), empty=0),
    Aggregate("orders_season", "orders", lambda f: f.count(365, 275), empty=0),
    Aggregate("order_days", "orders", lambda f: f.order_day.nunique(), empty=0),
    Aggregate("last_order_at", "orders", lambda f: f.ordered_at.max()),
    Aggregate("first_order_at", "orders", lambda f: f.ordered_at.min()),
    Aggregate("days_since_order", "orders", lambda f: f.days_since_last()),
    Aggregate("days_since_first_order", "orders", lambda f: f.days_since_first()),
    Aggregate("recency_days", "orders", lambda f: f.order_day.max() - f.order_day.min()),
    Aggregate("gap_count", "orders", lambda f: f.gap_days.count(), empty=0),
    Aggregate("gap_sum", "orders", lambda f: f.gap_days.sum()),
    Aggregate("gap_squares", "orders", lambda f: (f.gap_days * f.gap_days).sum()),
    Aggregate("gap_median", "orders", lambda f: f.gap_days.median()),
    Aggregate("gap_longest", "orders", lambda f: f.gap_days.max()),
    Aggregate(
        "months_with_order",
        "orders",
        lambda f: ((f.seconds_ago - 1) / MONTH).floor().nunique(where=f.between(360)),
        empty=0,
    ),
)

_ONE_ORDER = "fewer than two order days"

FEATURES = (
    Feature("orders", "rhythm", "orders", "orders ever", worse="low"),
    *(
        Feature(f"orders_{n}d", "rhythm", "orders", f"orders in the last {n} days", worse="low")
        for n in WINDOWS
    ),
    Feature("orders_90_to_180d", "rhythm", "orders", "orders in the 90 days before the last 90"),
    Feature("orders_180_to_365d", "rhythm", "orders", "orders between 180 and 365 days ago"),
    Feature(
        "orders_season",
        "rhythm",
        "orders",
        "orders in the coming 90 days of the year, a year ago",
        worse="low",
    ),
    Feature("order_days", "rhythm", "days", "days with an order, ever", worse="low"),
    Feature("days_since_order", "rhythm", "days", "days since the last order", worse="high"),
    Feature("days_since_first_order", "rhythm", "days", "days since the first order"),
    Feature("recency_days", "rhythm", "days", "days from the first order to the last"),
    Feature(
        "gap_mean",
        "rhythm",
        "days",
        "mean days between orders",
        null=_ONE_ORDER,
        needs=("gap_sum", "gap_count"),
        value=lambda row: row.gap_sum / row.gap_count.nullif(0),
    ),
    Feature("gap_median", "rhythm", "days", "median days between orders", null=_ONE_ORDER),
    Feature("gap_longest", "rhythm", "days", "longest pause between orders", null=_ONE_ORDER),
    Feature(
        "gap_spread",
        "rhythm",
        "ratio",
        "spread of the days between orders over their mean",
        null=_ONE_ORDER,
        needs=("gap_sum", "gap_squares", "gap_count"),
        value=_spread,
    ),
    Feature(
        "usual_gap",
        "rhythm",
        "days",
        "usual days between orders",
        needs=("gap_sum", "gap_count"),
        value=usual_gap,
    ),
    Feature(
        "overdue",
        "rhythm",
        "ratio",
        "days since the last order over the usual days between orders",
        worse="high",
        needs=("days_since_order", "gap_sum", "gap_count"),
        value=lambda row: row.days_since_order / usual_gap(row),
    ),
    Feature(
        "overdue_longest",
        "rhythm",
        "ratio",
        "days since the last order over the longest pause so far",
        worse="high",
        null=_ONE_ORDER,
        needs=("days_since_order", "gap_longest"),
        value=lambda row: row.days_since_order / row.gap_longest,
    ),
    Feature(
        "orders_trend",
        "rhythm",
        "orders",
        "orders in the last 90 days minus those in the 90 days before",
        worse="low",
        needs=("orders_90d", "orders_90_to_180d"),
        value=lambda row: row.orders_90d - row.orders_90_to_180d,
    ),
    Feature("months_with_order", "rhythm", "months", "months with an order, of the last twelve", worse="low"),
    Feature("last_order_at", "rhythm", "date", "time of the last order", kind="fact"),
    Feature("first_order_at", "rhythm", "date", "time of the first order", kind="fact"),
)
