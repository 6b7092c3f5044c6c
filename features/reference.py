"""What a customer's features must know of the other customers: computed at training, kept in the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

import ibis

from features.build import aggregated, catalog
from features.catalog import Rate
from features.credibility import learn_ratios
from features.facts import day_number, money, whole
from features.lines import Lines, learn_lines
from features.mood import typical_moods
from features.priors import Prior, learn
from features.snapshots import before, population
from features.tables import Mode

FALLBACK_GAP_DAYS = 90.0
NO_PRIOR = Prior(0.0, 0.0)


@dataclass(frozen=True)
class Reference:
    """`typical_gap_days`: mean days between two order days of one customer, over all customers.

    `return_share`: money returned over money ordered. `priors`: by the name of the rate.
    `revenue_365d`: money ordered in the last 365 days, of the whole company; 0 where it isn't known.
    `moods`: by segment, and under "" of all, the mean mood of the answers of a year.
    `lines`: the churn rates of the product lines.
    """

    typical_gap_days: float
    return_share: float
    priors: Mapping[str, Prior] = field(default_factory=dict)
    revenue_365d: float = 0.0
    moods: Mapping[str, float] = field(default_factory=dict)
    lines: Lines = field(default_factory=Lines)

    def prior(self, rate: str) -> Prior:
        """The prior of a rate; none where the training had not the tables that it needs."""
        return self.priors.get(rate, NO_PRIOR)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Reference:
        return cls(
            typical_gap_days=float(values["typical_gap_days"]),
            return_share=float(values["return_share"]),
            priors={name: Prior(**prior) for name, prior in values["priors"].items()},
            revenue_365d=float(values["revenue_365d"]),
            moods=dict(values["moods"]),
            lines=Lines.from_dict(values["lines"]),
        )


def reference(tables: Mapping[str, ibis.Table], as_of: datetime) -> Reference:
    """The reference as of a day, from facts before it. Without a repeat order the gap is 90 days."""
    known = before(tables, as_of)
    orders = known.get("orders")
    return Reference(
        typical_gap_days=FALLBACK_GAP_DAYS if orders is None else _typical_gap_days(orders),
        return_share=_return_share(known),
        priors=_priors(known, as_of) | ({} if orders is None else learn_ratios(orders)),
        revenue_365d=0.0 if orders is None else _revenue(orders, as_of),
        moods=typical_moods(known, as_of),
        lines=learn_lines(known, as_of),
    )


def _typical_gap_days(orders: ibis.Table) -> float:
    day = day_number(orders.ordered_at)
    per_customer = orders.group_by("customer_id").aggregate(span=day.max() - day.min(), days=day.nunique())
    gaps = per_customer.aggregate(span=per_customer.span.sum(), gaps=(per_customer.days - 1).sum())
    row = gaps.to_pyarrow().to_pylist()[0]
    return float(row["span"]) / float(row["gaps"]) if row["gaps"] else FALLBACK_GAP_DAYS


def _revenue(orders: ibis.Table, as_of: datetime) -> float:
    return _total(orders.filter(orders.ordered_at >= ibis.timestamp(as_of - timedelta(days=365))))


def _return_share(tables: Mapping[str, ibis.Table]) -> float:
    if not {"returns", "orders"} <= tables.keys():
        return 0.0
    ordered = _total(tables["orders"])
    return min(1.0, _total(tables["returns"]) / ordered) if ordered > 0 else 0.0


def _total(table: ibis.Table) -> float:
    total = table.aggregate(total=money(whole(table.amount).sum())).to_pyarrow().to_pylist()[0]["total"]
    return float(total or 0.0)


def _priors(tables: Mapping[str, ibis.Table], as_of: datetime) -> dict[str, Prior]:
    """The prior of each rate that the tables give, learnt from everyone who ever ordered.

    Where there are no orders: from everyone who ever had a subscription.
    """
    book = catalog(tables)
    rates: tuple[Rate, ...] = book.rates(tables)
    if not rates:
        return {}
    wanted = book.named(name for rate in rates for name in rate.aggregates)
    mode: Mode = "non_contractual" if "orders" in tables else "contractual"
    return learn(aggregated(tables, population(tables, [as_of], None, mode), wanted), rates)
