"""Numbers, money and dates as people write them."""

from __future__ import annotations

from datetime import datetime
from math import ceil


def count(number: float, one: str, many: str | None = None) -> str:
    """`3 complaints`, `1 complaint`, `no complaint`."""
    if number == 0:
        return f"no {one}"
    return f"{number:,.0f} {one if number == 1 else many or one + 's'}"


def number(value: float) -> str:
    """Two figures where small, whole where large: 0.23, 4.1, 1,204."""
    if abs(value) >= 9.95:
        return f"{value:,.0f}"
    if abs(value) >= 0.995:
        return f"{value:.1f}"
    return f"{float(f'{value:.2g}'):f}".rstrip("0").rstrip(".")


def amount(money: float) -> str:
    """`1,204`, and with cents below 100."""
    return f"{money:,.0f}" if abs(money) >= 99.995 else f"{money:,.2f}"


def money(amount_: float, currency: str) -> str:
    """`EUR 1,204`, and with cents below 100."""
    return f"{currency} {amount(amount_)}"


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def days(value: float) -> str:
    """Whole days, rounded."""
    return count(round(value), "day") if round(value) else "less than a day"


def days_until(value: float) -> str:
    """The days from a moment to the midnight that they are counted to, as a calendar counts them."""
    return count(max(1, ceil(value)), "day")


def date(time: datetime) -> str:
    return f"{time.day} {time:%B %Y}"
