"""The spans of months that customers are compared over, and what each bought in them: one pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import ibis

from features.facts import whole
from features.indicators.book import Tables
from features.indicators.calendar import first_day, number
from features.indicators.owners import with_owner
from features.indicators.rules import YEAR

Value = Any  # an Ibis value expression
QUARTER = 3


@dataclass(frozen=True)
class Span:
    """Months that end so many before the newest one told."""

    name: str
    months: int
    back: int = 0

    def begins(self, end: int) -> datetime:
        return first_day(end - self.back - self.months)

    def ends(self, end: int) -> datetime:
        return first_day(end - self.back)


SPANS = (
    Span("year", YEAR),
    Span("year_before", YEAR, YEAR),
    Span("quarter", QUARTER),
    Span("quarter_year_before", QUARTER, YEAR),
    Span("month", 1),
    Span("month_before", 1, 1),
    Span("month_year_before", 1, YEAR),
    Span("month_before_year_before", 1, YEAR + 1),
)


def customers(tables: Tables, day: datetime) -> ibis.Table:
    """One row per customer who has ordered before `day`, the first of a month.

    `orders_<span>`, `revenue_<span>`: of each span, the revenue in whole ten-thousandths. `orders_ever`: of
    all time. `last_at`, `last_at_before`: their last order before `day`, and before the year that ends then,
    null where there is none. And their segment and country where the tables have them.
    """
    orders, end = tables["orders"], number(day)
    amount, time = whole(orders.amount), orders.ordered_at
    columns: dict[str, Value] = {
        "orders_ever": orders.count(),
        "last_at": time.max(),
        "last_at_before": time.max(where=time < first_day(end - YEAR)),
    }
    for span in SPANS:
        inside = (time >= span.begins(end)) & (time < span.ends(end))
        columns[f"orders_{span.name}"] = inside.ifelse(1, 0).sum()
        columns[f"revenue_{span.name}"] = inside.ifelse(amount, 0).sum()
    return with_owner(orders.group_by("customer_id").aggregate(**columns), tables)
