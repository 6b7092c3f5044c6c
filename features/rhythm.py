"""How often they buy, whether it is slowing, how overdue they are."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from math import inf
from typing import Any

import ibis

from features import subscriptions
from features.catalog import Aggregate, Feature, Row
from features.change_point import (
    BY_MONTH,
    CHANGE_POINT,
    MONTHS,
    change_point_at,
    change_point_ratio,
    change_point_strength,
)
from features.facts import DAY, Facts

WINDOWS = (7, 14, 30, 60, 90, 180, 365)
WINDOWS_OF_ORDERS = (7, 14, 21, 30, 45, 60, 90, 120, 180, 365)
SPELLS = {"weeks": (7, (4, 8, 13, 26, 52)), "fortnights": (14, (6, 13, 26))}
"""The days of a spell, and of how many it is told which hold an order: four orders of one week are another
habit than one in each of four."""
GAPS_OF_PRIOR = 2
"""The customer's own gaps are averaged with this many typical ones, so one short gap is not yet a habit."""
ORDERS_OF_PRIOR = 4
"""As many orders, spread evenly over the year, are added to the customer's own before a season is read."""
SEASON = 90 / 365
_YEAR_OF_MONTHS = 30 * MONTHS

_LINE = tuple(11 - 2 * month for month in range(MONTHS))
_CURVE = tuple(3 * (weight * weight // 4) - 35 for weight in _LINE)
"""Orthogonal polynomials over twelve months, the latest first (Fisher & Yates, Statistical Tables, XXIII)."""


def usual_gap(row: Row) -> Any:
    """Days between two order days that this customer keeps; leans on the typical gap where few are known."""
    prior = GAPS_OF_PRIOR * row.reference.typical_gap_days
    return (row.gap_sum.fill_null(0) + prior) / (row.gap_count + GAPS_OF_PRIOR)


def _squared_spread(row: Row) -> Any:
    """The variance of the gaps over their squared mean; null without a gap."""
    count = row.gap_count.nullif(0)
    mean = row.gap_sum / count
    return ibis.greatest(row.gap_squares / count - mean * mean, 0.0) / (mean * mean)


def _several_gaps(row: Row, value: Any) -> Any:
    return (row.gap_count > 1).ifelse(value, None)


def _a_year(row: Row, value: Any) -> Any:
    """A value that looks back over twelve months; null for customers of fewer."""
    return (row.days_since_first_order >= _YEAR_OF_MONTHS).ifelse(value, None)


def _by_month(row: Row) -> list[Any]:
    """Orders in each of the last twelve months of 30 days, the latest first."""
    since = [row.table[f"orders_{30 * month}d"] for month in range(1, MONTHS + 1)]
    return [since[0], *(longer - shorter for shorter, longer in pairwise(since))]


def _fitted(row: Row, weights: tuple[int, ...]) -> Any:
    total = sum(weight * orders for weight, orders in zip(weights, _by_month(row), strict=True))
    return total / sum(weight * weight for weight in weights)


def _months_with_order(row: Row) -> Any:
    return sum((orders > 0).ifelse(1, 0) for orders in _by_month(row))


def _months_known(row: Row) -> Any:
    months = (row.days_since_first_order / 30).ceil()
    return ibis.least(ibis.greatest(months, 1), MONTHS)


def _shorter_gaps(f: Facts) -> Any:
    return (f.gap_days * DAY < f.silence).fill_null(False).ifelse(1, 0).sum()


_COUNTED = sorted({*WINDOWS_OF_ORDERS, *(30 * month for month in range(1, MONTHS + 1))})

AGGREGATES = (
    Aggregate("orders", "orders", lambda f: f.count(), empty=0),
    *(Aggregate(f"orders_{n}d", "orders", partial(Facts.count, oldest=n), empty=0) for n in _COUNTED),
    Aggregate("orders_90_to_180d", "orders", lambda f: f.count(180, 90), empty=0),
    Aggregate("orders_180_to_365d", "orders", lambda f: f.count(365, 180), empty=0),
    Aggregate("orders_season", "orders", lambda f: f.count(365, 275), empty=0),
    Aggregate("orders_year_ago", "orders", lambda f: f.count(455, 365), empty=0),
    Aggregate("order_days", "orders", lambda f: f.distinct("order_day"), empty=0),
    *(
        Aggregate(f"order_days_{n}d", "orders", partial(Facts.distinct, key="order_day", oldest=n), empty=0)
        for n in WINDOWS
    ),
    *(
        Aggregate(f"{spells}_with_order_{n}", "orders", partial(Facts.spells, days=days, of=n), empty=0)
        for spells, (days, numbers) in SPELLS.items()
        for n in numbers
    ),
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
    Aggregate("gaps_shorter", "orders", _shorter_gaps, empty=0),
    Aggregate("gap_at_last_order", "orders", lambda f: f.at_last_order.mean(f.gap_days, 90)),
    Aggregate("gap_before_last_order", "orders", lambda f: f.at_last_order.mean(f.gap_days, None, 90)),
    Aggregate("orders_at_last_order", "orders", lambda f: f.at_last_order.count(90), empty=0),
    Aggregate("orders_before_last_order", "orders", lambda f: f.at_last_order.count(180, 90), empty=0),
)

_ONE_ORDER = "fewer than two order days"
_TWO_GAPS = "fewer than three order days"
_SHORT_TIME = f"first order less than {_YEAR_OF_MONTHS} days ago"
_GAPS = ("gap_sum", "gap_squares", "gap_count")

FEATURES = (
    Feature("orders", "rhythm", "orders", "orders ever", worse="low"),
    *(
        Feature(f"orders_{n}d", "rhythm", "orders", f"orders in the last {n} days", worse="low")
        for n in WINDOWS_OF_ORDERS
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
    Feature(
        "season_share",
        "rhythm",
        "share",
        "share of a year's orders in the coming 90 days of the year, four even orders added",
        worse="low",
        high=1.0,
        needs=("orders_season", "orders_365d"),
        value=lambda row: (
            (row.orders_season + ORDERS_OF_PRIOR * SEASON) / (row.orders_365d + ORDERS_OF_PRIOR)
        ),
    ),
    Feature("order_days", "rhythm", "days", "days with an order, ever", worse="low"),
    *(
        Feature(f"order_days_{n}d", "rhythm", "days", f"days with an order in the last {n} days", kind="fact")
        for n in WINDOWS
    ),
    Feature(
        "frequency",
        "rhythm",
        "days",
        "days with an order after the first",
        kind="fact",
        needs=("order_days",),
        value=lambda row: row.order_days - 1,
    ),
    Feature("recency_days", "rhythm", "days", "days from the first order to the last"),
    Feature("days_since_order", "rhythm", "days", "days since the last order", worse="high"),
    Feature("days_since_first_order", "rhythm", "days", "days since the first order"),
    Feature(
        "gap_mean",
        "rhythm",
        "days",
        "mean days between orders",
        null=_ONE_ORDER,
        low=1.0,
        needs=("gap_sum", "gap_count"),
        value=lambda row: row.gap_sum / row.gap_count.nullif(0),
    ),
    Feature("gap_median", "rhythm", "days", "median days between orders", null=_ONE_ORDER, low=1.0),
    Feature("gap_longest", "rhythm", "days", "longest pause between orders", null=_ONE_ORDER, low=1.0),
    Feature(
        "gap_spread",
        "rhythm",
        "ratio",
        "spread of the days between orders over their mean",
        null=_ONE_ORDER,
        needs=_GAPS,
        value=lambda row: _squared_spread(row).sqrt(),
    ),
    Feature(
        "regularity",
        "rhythm",
        "share",
        "regularity of the days between orders: 1 like clockwork, 0.5 by chance",
        null=_TWO_GAPS,
        high=1.0,
        needs=_GAPS,
        value=lambda row: _several_gaps(row, 1 / (1 + _squared_spread(row))),
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
        "silence_rank",
        "rhythm",
        "share",
        "share of their pauses that were shorter than the present one, by Laplace's rule",
        worse="high",
        high=1.0,
        needs=("gaps_shorter", "gap_count"),
        value=lambda row: (row.gaps_shorter + 1) / (row.gap_count + 2),
    ),
    Feature(
        "orders_trend",
        "rhythm",
        "orders",
        "orders in the last 90 days minus those in the 90 days before",
        worse="low",
        low=-inf,
        needs=("orders_90d", "orders_90_to_180d"),
        value=lambda row: row.orders_90d - row.orders_90_to_180d,
    ),
    Feature(
        "orders_on_year_ago",
        "rhythm",
        "orders",
        "orders in the last 90 days minus those in the same 90 days a year ago",
        worse="low",
        low=-inf,
        null="first order less than 455 days ago",
        needs=("orders_90d", "orders_year_ago", "days_since_first_order"),
        value=lambda row: (row.days_since_first_order >= 455).ifelse(
            row.orders_90d - row.orders_year_ago, None
        ),
    ),
    Feature(
        "orders_slope",
        "rhythm",
        "orders a month",
        "slope of the orders per month over twelve months",
        worse="low",
        null=_SHORT_TIME,
        low=-inf,
        needs=(*BY_MONTH, "days_since_first_order"),
        value=lambda row: _a_year(row, 2 * _fitted(row, _LINE)),
    ),
    Feature(
        "orders_acceleration",
        "rhythm",
        "orders a month, a month",
        "change of the slope of the orders per month over twelve months",
        worse="low",
        null=_SHORT_TIME,
        low=-inf,
        needs=(*BY_MONTH, "days_since_first_order"),
        value=lambda row: _a_year(row, 6 * _fitted(row, _CURVE)),
    ),
    Feature(
        "orders_half_change",
        "rhythm",
        "ratio",
        "orders in the last 180 days over those in the 180 before, an order added to each",
        worse="low",
        null=_SHORT_TIME,
        needs=("orders_180d", "orders_360d", "days_since_first_order"),
        value=lambda row: _a_year(row, (row.orders_180d + 1) / (row.orders_360d - row.orders_180d + 1)),
    ),
    Feature(
        "change_point_ratio",
        "rhythm",
        "ratio",
        "orders per month since their pace changed most over those before, an order added to each",
        worse="low",
        null=_SHORT_TIME,
        needs=(*BY_MONTH, "days_since_first_order"),
        steps=(CHANGE_POINT,),
        value=lambda row: _a_year(row, change_point_ratio(row)),
    ),
    Feature(
        "change_point_strength",
        "rhythm",
        "log-likelihood",
        "how surely their pace changed, as the gain in log-likelihood",
        null=_SHORT_TIME,
        needs=(*BY_MONTH, "days_since_first_order"),
        steps=(CHANGE_POINT,),
        value=lambda row: _a_year(row, change_point_strength(row)),
    ),
    Feature(
        "change_point_at",
        "rhythm",
        "date",
        "time when their pace changed most",
        null=_SHORT_TIME,
        kind="fact",
        needs=(*BY_MONTH, "days_since_first_order"),
        steps=(CHANGE_POINT,),
        value=lambda row: _a_year(row, change_point_at(row)),
    ),
    *(
        Feature(
            f"{spells}_with_order_{n}",
            "rhythm",
            spells,
            f"{spells} with an order, of the last {n}",
            worse="low",
            high=n,
        )
        for spells, (_, numbers) in SPELLS.items()
        for n in numbers
    ),
    Feature(
        "months_with_order",
        "rhythm",
        "months",
        "months with an order, of the last twelve",
        worse="low",
        high=MONTHS,
        needs=BY_MONTH,
        value=_months_with_order,
    ),
    Feature(
        "months_with_order_share",
        "rhythm",
        "share",
        "share of the months since the first order, twelve at most, with an order",
        worse="low",
        high=1.0,
        needs=(*BY_MONTH, "days_since_first_order"),
        value=lambda row: _months_with_order(row) / _months_known(row),
    ),
    Feature(
        "orders_at_last_order",
        "rhythm",
        "orders",
        "orders in the 90 days up to the last order",
        kind="fact",
    ),
    Feature(
        "orders_before_last_order",
        "rhythm",
        "orders",
        "orders in the 90 days before the last 90 up to the last order",
        kind="fact",
    ),
    Feature(
        "orders_change_at_last_order",
        "rhythm",
        "orders",
        "orders in the 90 days up to the last order minus those in the 90 before",
        worse="low",
        low=-inf,
        needs=("orders_at_last_order", "orders_before_last_order"),
        value=lambda row: row.orders_at_last_order - row.orders_before_last_order,
    ),
    Feature(
        "gap_change_at_last_order",
        "rhythm",
        "ratio",
        "mean days between orders in the 90 days up to the last order over those before",
        worse="high",
        null="no two order days in the 90 days up to the last order, or none before",
        needs=("gap_at_last_order", "gap_before_last_order"),
        value=lambda row: row.gap_at_last_order / row.gap_before_last_order,
    ),
    Feature("last_order_at", "rhythm", "date", "time of the last order", kind="fact"),
    Feature("first_order_at", "rhythm", "date", "time of the first order", kind="fact"),
    *subscriptions.RHYTHM,
)
