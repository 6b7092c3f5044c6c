"""The revenue tree: why revenue changed, in money: more customers, more orders of each, or larger baskets.

Revenue is buyers × orders per buyer × basket. Its change is split by the logarithmic mean, which leaves no
rest and treats both sides alike (LMDI: Ang 2004, Energy Policy 32): each part is L × ln(now ÷ before) with L
= (revenue now − before) ÷ ln(revenue now ÷ before). Years and quarters are compared with the same months a
year before, so no season is in them. A month is compared with the month before; what the same step did a year
before is its season.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import ibis

from features.facts import MONEY_UNIT
from features.indicators.rules import YEAR
from features.indicators.spans import QUARTER, SPANS

PARTS = ("buyers", "frequency", "basket")
MONTHS_BACK = {"year": 2 * YEAR, "quarter": YEAR + QUARTER, "month": YEAR + 2}
"""How many whole months of orders each comparison takes."""


@dataclass(frozen=True)
class Sales:
    """Of one span of months. `frequency`: orders per buyer. `basket`: revenue per order."""

    revenue: float
    orders: int
    buyers: int

    @property
    def frequency(self) -> float:
        return self.orders / self.buyers

    @property
    def basket(self) -> float:
        return self.revenue / self.orders


@dataclass(frozen=True)
class Branch:
    """`parts`: of the change, in money, by name; they add up to it. Empty where a side sold nothing."""

    span: str
    against: str
    now: Sales
    before: Sales
    parts: dict[str, float]

    @property
    def change(self) -> float:
        return self.now.revenue - self.before.revenue


def tree(customers: ibis.Table) -> list[Branch]:
    """The year and the quarter against the same a year before, and the month against the one before."""
    sold = _sales(customers)
    step = _ratios(sold["month_year_before"], sold["month_before_year_before"])
    return [
        _branch("year", "year_before", sold),
        _branch("quarter", "quarter_year_before", sold),
        _branch("month", "month_before", sold, step),
    ]


def _branch(
    span: str, against: str, sold: dict[str, Sales], season: dict[str, float] | None = None
) -> Branch:
    """`season`: what the same step was a year before; where that is empty nothing is told."""
    now, before = sold[span], sold[against]
    ratios = _ratios(now, before)
    if not ratios or season == {}:
        return Branch(span, against, now, before, {})
    level = log_mean(now.revenue, before.revenue)
    usual = season or dict.fromkeys(PARTS, 0.0)
    parts = {"season": level * sum(usual.values())} if season else {}
    parts |= {name: level * (ratios[name] - usual[name]) for name in PARTS}
    return Branch(span, against, now, before, parts)


def log_mean(one: float, other: float) -> float:
    """The logarithmic mean of two positive numbers; of equal ones the number itself."""
    ratio = log(one / other)
    return (one - other) / ratio if ratio else one


def _ratios(now: Sales, before: Sales) -> dict[str, float]:
    """The logarithms of each part now over before; none where either side sold nothing."""
    if min(now.revenue, before.revenue) <= 0:
        return {}
    return {name: log(getattr(now, name) / getattr(before, name)) for name in PARTS}


def _sales(customers: ibis.Table) -> dict[str, Sales]:
    columns = {}
    for span in SPANS:
        orders = customers[f"orders_{span.name}"]
        columns[f"revenue_{span.name}"] = customers[f"revenue_{span.name}"].sum()
        columns[f"orders_{span.name}"] = orders.sum()
        columns[f"buyers_{span.name}"] = (orders > 0).ifelse(1, 0).sum()
    row = customers.aggregate(**columns).to_pyarrow().to_pylist()[0]

    def of(name: str) -> Sales:
        revenue = int(row[f"revenue_{name}"] or 0)
        return Sales(revenue / MONEY_UNIT, int(row[f"orders_{name}"] or 0), int(row[f"buyers_{name}"] or 0))

    return {span.name: of(span.name) for span in SPANS}
