"""The month in which a customer's pace of ordering changed most.

Orders per month are taken for Poisson with one rate before and another since; the split of twelve months with
the greatest likelihood is the change point (Hinkley & Hinkley 1970, for counts). Nothing says that the pace
really changed: that is what the strength is for.
"""

from __future__ import annotations

from typing import Any

import ibis

from features.catalog import Row, Step

MONTHS = 12
FINE = 1_000_000
"""Likelihoods are compared in millionths, so that engines which round logarithms differently agree."""
_SLOT = 16


def change_point_strength(row: Row) -> Any:
    """The log-likelihood of two rates minus that of one; 0 where the pace was even."""
    return (row.change_point / _SLOT).floor() / FINE


def change_point_at(row: Row) -> Any:
    """The time of the split; of equal ones the latest."""
    return row.as_of - _months_since(row) * ibis.interval(days=30)


def change_point_ratio(row: Row) -> Any:
    """Orders per month since the split over those before it, an order added to each side."""
    months, in_all = _months_since(row), _orders(row, MONTHS)
    since = months.cases(*((count, _orders(row, count)) for count in range(1, MONTHS)))
    return (since + 1) / (in_all - since + 1) * ((MONTHS - months) / months)


def _months_since(row: Row) -> Any:
    return MONTHS - row.change_point % _SLOT


def _best(row: Row) -> Any:
    """The greatest gain in log-likelihood, in whole millionths times 16, plus the months before the split."""
    in_all = _orders(row, MONTHS)
    even = _likelihood(in_all, MONTHS)
    gains = []
    for months in range(1, MONTHS):
        since = _orders(row, months)
        two = _likelihood(since, months) + _likelihood(in_all - since, MONTHS - months)
        gains.append(((two - even) * FINE + 0.5).floor().cast("int64") * _SLOT + (MONTHS - months))
    return ibis.greatest(*gains)


def _likelihood(orders: Any, months: int) -> Any:
    """The greatest Poisson log-likelihood of a count over months, but for what all splits share."""
    return (orders * (orders.nullif(0) / months).log()).fill_null(0.0)


def _orders(row: Row, months: int) -> Any:
    return row.table[f"orders_{30 * months}d"]


BY_MONTH = tuple(f"orders_{30 * months}d" for months in range(1, MONTHS + 1))
CHANGE_POINT = Step("change_point", BY_MONTH, _best)
