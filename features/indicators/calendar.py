"""Months as numbers: those since the year 0, so that a month is compared and shifted like any whole number.

A month's *end* is the first moment of the next one, which has its number plus one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

Value = Any  # an Ibis value expression


def month_of(time: Value) -> Value:
    """The number of the month in which a time lies, null where there is none."""
    return time.year().cast("int64") * 12 + time.month().cast("int64") - 1


def number(day: datetime) -> int:
    """The number of the month in which a day lies: of all months, so many have ended by then."""
    return day.year * 12 + day.month - 1


def first_day(month: int) -> datetime:
    year, of_year = divmod(month, 12)
    return datetime(year, of_year + 1, 1)  # noqa: DTZ001 (times bear no zone)
