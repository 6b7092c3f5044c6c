"""What a row knows of its neighbours, worked by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import ibis

from features.facts import Facts
from features.neighbours import attribute_columns

Known = Callable[[str, Any], Facts]

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def orders(*times: datetime, amounts: Sequence[float] = ()) -> dict[str, Any]:
    amounts = amounts or [1.0] * len(times)
    return {
        "orders": [
            {"order_id": f"o{number}", "customer_id": "a", "ordered_at": time, "amount": amount}
            for number, (time, amount) in enumerate(zip(times, amounts, strict=True))
        ]
    }


def test_order_lines_take_customer_and_time_from_their_order(known: Known) -> None:
    lines = [{"order_id": order, "product_id": "p"} for order in ("o0", "o0", "o1", "o2")]
    found = known("order_lines", {**orders(ago(3), ago(2), AS_OF), "order_lines": lines})
    assert found.time == "ordered_at"
    assert sorted(found.table.order_id.to_pyarrow().to_pylist()) == ["o0", "o0", "o1"]


def test_gaps_lead_from_one_order_day_to_the_next(known: Known) -> None:
    times = [ago(10), ago(7.5), ago(7.4), ago(1), AS_OF]
    rows = known("orders", orders(*times)).table.order_by("ordered_at").gap_days.to_pyarrow().to_pylist()
    assert rows == [None, 2, None, 7]


def test_attributes_are_the_columns_beyond_the_contract() -> None:
    customers = ibis.table({"customer_id": "string", "segment": "string", "vip": "boolean"}, name="customers")
    assert attribute_columns(customers) == {"attribute_vip": "vip"}
