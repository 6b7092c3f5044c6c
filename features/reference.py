"""What a customer's features must know of the other customers: computed at training, kept in the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import ibis

from features.facts import day_number, money, whole
from features.snapshots import before

FALLBACK_GAP_DAYS = 90.0


@dataclass(frozen=True)
class Reference:
    """`typical_gap_days`: mean days between two order days of one customer, over all customers.

    `return_share`: money returned over money ordered.
    """

    typical_gap_days: float
    return_share: float

    def to_dict(self) -> dict[str, float]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Reference:
        return cls(**{name: float(value) for name, value in values.items()})


def reference(tables: Mapping[str, ibis.Table], as_of: datetime) -> Reference:
    """The reference as of a day, from facts before it. Without a repeat order the gap is 90 days."""
    known = before(tables, as_of)
    orders = known["orders"]
    day = day_number(orders.ordered_at)
    per_customer = orders.group_by("customer_id").aggregate(span=day.max() - day.min(), days=day.nunique())
    gaps = per_customer.aggregate(span=per_customer.span.sum(), gaps=(per_customer.days - 1).sum())
    row = gaps.to_pyarrow().to_pylist()[0]
    return Reference(
        typical_gap_days=float(row["span"]) / float(row["gaps"]) if row["gaps"] else FALLBACK_GAP_DAYS,
        return_share=_return_share(known),
    )


def _return_share(tables: Mapping[str, ibis.Table]) -> float:
    if "returns" not in tables:
        return 0.0
    ordered = _total(tables["orders"])
    return min(1.0, _total(tables["returns"]) / ordered) if ordered > 0 else 0.0


def _total(table: ibis.Table) -> float:
    total = table.aggregate(total=money(whole(table.amount).sum())).to_pyarrow().to_pylist()[0]["total"]
    return float(total or 0.0)
