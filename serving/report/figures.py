"""Numbers of indicators as people write them."""

from __future__ import annotations

from math import isfinite

from features.indicators.book import Indicator
from models.words import amount

NOTHING = "–"
_DECIMALS = {"customers": 0, "orders": 0, "points of 5": 2, "points of 7": 2, "points of 10": 2}
"""By unit; one where it isn't here."""


def figure(value: float | None, indicator: Indicator, currency: str) -> str:
    """With its unit: `12.3 %`, `EUR 1,204`, `20 hours`; a dash where it isn't known."""
    if value is None or not isfinite(value):
        return NOTHING
    if indicator.unit == "share":
        return f"{100 * value:.1f} %"
    if indicator.unit == "money":
        return money(value, currency)
    return f"{_number(value, indicator)} {indicator.unit}"


def money(value: float, currency: str) -> str:
    """`EUR 1,204`, `EUR 0`, `−EUR 12.50`."""
    if value == 0:
        return f"{currency} 0"
    return f"{'−' if value < 0 else ''}{currency} {amount(abs(value))}"


def _number(value: float, indicator: Indicator) -> str:
    return f"{value:,.{_DECIMALS.get(indicator.unit, 1)}f}".replace("-", "−")


def interval(low: float, high: float, indicator: Indicator) -> str:
    """Both ends in the unit of the figure, which is not repeated; empty where there is none."""
    if not (isfinite(low) and isfinite(high)):
        return ""
    if indicator.unit == "share":
        return f"{100 * low:.1f} to {100 * high:.1f}"
    if indicator.unit == "money":
        return f"{amount(low)} to {amount(high)}"
    return f"{_number(low, indicator)} to {_number(high, indicator)}"


def change(value: float, before: float, indicator: Indicator) -> str:
    """Shares in percentage points, money and totals in per cent of before, others in their unit."""
    if not isfinite(value):
        return NOTHING
    sign = "+" if value > 0 else "−" if value < 0 else "±"
    if indicator.unit == "share":
        return f"{sign}{100 * abs(value):.1f} points"
    if (indicator.unit == "money" or indicator.kind == "total") and before > 0:
        return f"{sign}{100 * abs(value) / before:.1f} %"
    return f"{sign}{_number(abs(value), indicator)}"


def judgement(value: float, p: float, significant: bool, indicator: Indicator) -> str:
    """`better` or `worse`, and `steady` where the change may be chance; empty where that can't be told."""
    if not (isfinite(value) and isfinite(p)):
        return ""
    if not significant:
        return "steady"
    if indicator.better is None:
        return "changed"
    return "better" if (value > 0) == (indicator.better == "high") else "worse"
