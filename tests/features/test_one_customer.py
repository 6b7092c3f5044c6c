"""The facts of one customer, against the whole source read, cut at the day, and filtered."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest

from features.errors import SourceError
from features.reader.one_customer import facts_of_customer
from features.snapshots import before
from features.sources import inspect

DAY = datetime(2024, 3, 1)  # noqa: DTZ001
ODD_ID = "o'C/1 «Ü»"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def order(number: int, customer: Any, time: Any, amount: Any = 10.0) -> dict[str, Any]:
    return {"order_id": str(number), "customer_id": customer, "ordered_at": time, "amount": amount}


SHOP: dict[str, Any] = {
    "orders": [
        order(1, ODD_ID, at("2024-01-05 10:00"), 12.5),
        order(2, f" {ODD_ID} ", at("2024-02-29 23:59")),
        order(3, ODD_ID, at("2024-03-01"), 99.0),
        order(4, "c2", at("2024-01-07")),
    ],
    "tickets": [
        {
            "ticket_id": "t1",
            "customer_id": ODD_ID,
            "opened_at": datetime(2024, 1, 6, 1, tzinfo=timezone(timedelta(hours=2))),
            "kind": "Complaint",
            "resolved_at": datetime(2024, 3, 5, tzinfo=timezone(timedelta(hours=2))),
        },
        {
            "ticket_id": "t2",
            "customer_id": "c2",
            "opened_at": datetime(2024, 1, 6, tzinfo=timezone(timedelta(hours=2))),
            "kind": "question",
            "resolved_at": None,
        },
    ],
    "engagement": [{"customer_id": "c2", "occurred_at": at("2024-01-08"), "kind": "visit"}],
    "order_lines": [{"order_id": "1", "product_id": "p1"}, {"order_id": "4", "product_id": "p2"}],
}


@pytest.mark.parametrize("form", ["parquet", "csv", "duckdb", "postgres"])
def test_they_are_what_the_whole_source_knew_of_the_customer(
    put: Callable[..., str], read: Callable[..., Any], form: str
) -> None:
    address = put(form, SHOP)
    found = facts_of_customer(address, ODD_ID, DAY)
    tables = before(read(address).tables, DAY)
    for name in ("orders", "tickets"):
        whole = tables[name].filter(tables[name].customer_id == ODD_ID).to_pyarrow().to_pylist()
        there = found.tables[name].to_pylist()
        shared = [{column: row[column] for column in whole[0]} for row in there]
        assert sorted(shared, key=repr) == sorted(whole, key=repr)
    assert [row["order_id"] for row in found.tables["orders"].to_pylist()] == ["1", "2"]
    assert found.tables["tickets"].to_pylist()[0]["resolved_at"] is None
    assert [row["product_id"] for row in found.tables["order_lines"].to_pylist()] == ["p1"]
    assert set(found.tables) == {"orders", "tickets", "order_lines"}
    assert found.left_out == {}


def test_rows_that_cannot_be_used_are_counted(put: Callable[..., str]) -> None:
    bad = [order(5, "c1", "2024-01-05"), order(6, "c1", "2024-01-06"), order(7, "c1", "2024-01-07", "free")]
    twice = [*bad, bad[0]]
    found = facts_of_customer(put("csv", {"orders": twice}), "c1", DAY)
    assert sorted(row["order_id"] for row in found.tables["orders"].to_pylist()) == ["5", "6"]
    assert found.left_out == {"orders": 2}


def test_an_unknown_customer_has_no_facts(put: Callable[..., str]) -> None:
    found = facts_of_customer(put("parquet", SHOP), "nobody", DAY)
    assert (found.tables, found.left_out) == ({}, {})


def test_a_source_that_is_away_or_unreadable_is_told(put: Callable[..., str], tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There is no folder and no file at"):
        facts_of_customer(tmp_path / "gone", "c1", DAY)
    folder = Path(put("parquet", SHOP))
    (folder / "orders.parquet").write_bytes(b"PAR1 no more PAR1")
    assert "orders" not in facts_of_customer(folder, ODD_ID, DAY).tables
    database = Path(put("duckdb", SHOP))
    broken = tmp_path / "broken.duckdb"
    shutil.copy(database, broken)
    with duckdb.connect(str(broken)) as connection:
        connection.execute("DROP TABLE orders")
        gone = tmp_path / "gone.csv"
        gone.write_text("a\n1\n")
        connection.execute(f"CREATE VIEW orders AS SELECT * FROM read_csv('{gone}', columns={{'a': 'INT'}})")
        gone.unlink()
    assert "orders" not in facts_of_customer(broken, ODD_ID, DAY).tables
    report = inspect(broken)
    assert report.refuses
    assert any("gone.csv" in problem.sentence for problem in report.problems if problem.table == "orders")
