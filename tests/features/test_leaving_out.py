"""Customers left out of a source: the same tables as if they had never been in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from features.reader.leaving_out import customer_ids, without

DAY = datetime(2025, 1, 1)  # noqa: DTZ001
TABLES: dict[str, list[dict[str, Any]]] = {
    "customers": [{"customer_id": name} for name in ("A", "B", "C")],
    "orders": [
        {
            "order_id": f"o{n}",
            "customer_id": "ABAD"[n],
            "ordered_at": DAY + timedelta(days=n),
            "amount": 10.0 + n,
        }
        for n in range(4)
    ],
    "order_lines": [
        {"order_id": f"o{n % 4}", "product_id": f"p{n}", "category": "c", "quantity": 1.0, "amount": 1.0}
        for n in range(8)
    ],
    "costs": [
        {"occurred_at": DAY, "kind": "service", "amount": 5.0, "customer_id": "A"},
        {"occurred_at": DAY, "kind": "advertising", "amount": 6.0, "customer_id": None},
    ],
}


def sheet(tables: Any) -> dict[str, list[Any]]:
    return {name: sorted(map(str, table.to_pyarrow().to_pylist())) for name, table in tables.items()}


@pytest.mark.parametrize("form", ["parquet", "csv", "duckdb", "postgres"])
def test_as_if_they_had_never_been_there(put: Any, read: Any, form: str) -> None:
    of_a = {"o0", "o2"}
    kept = {
        name: [row for row in rows if row.get("customer_id") != "A" and row.get("order_id") not in of_a]
        for name, rows in TABLES.items()
    }
    found = without(read(put(form, TABLES)).tables, ["A"])
    assert sheet(found) == sheet(read(put(form, kept)).tables)
    assert found["costs"].count().to_pyarrow().as_py() == 1


def test_everybody_named_anywhere(put: Any, read: Any) -> None:
    assert customer_ids(read(put("parquet", TABLES)).tables) == ["A", "B", "C", "D"]
    assert customer_ids({}) == []


def test_nobody_to_leave_out_changes_nothing(put: Any, read: Any) -> None:
    tables = read(put("parquet", TABLES)).tables
    assert without(tables, []) == tables
    assert sheet(without(tables, ["Z"])) == sheet(tables)
