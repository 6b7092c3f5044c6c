"""What a snapshot knows of a table, and what its rows are measured against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import ibis

from features.facts import DAY, Facts
from features.known import facts, moments
from features.sources import source_from_rows

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


def test_rows_are_those_before_as_of_of_the_customer(known: Known) -> None:
    times = [ago(1), AS_OF - MICROSECOND, AS_OF, AS_OF + MICROSECOND]
    found = known("orders", orders(*times)).table.select("customer_id", "ordered_at").to_pyarrow().to_pylist()
    assert sorted(row["ordered_at"] for row in found) == times[:2]
    assert {row["customer_id"] for row in found} == {"a"}


def test_what_was_filled_in_at_as_of_or_later_reads_as_null(known: Known) -> None:
    late = {
        "first_response_at": AS_OF - MICROSECOND,
        "resolved_at": AS_OF,
        "reopened_at": AS_OF + MICROSECOND,
    }
    ticket = {"ticket_id": "t", "customer_id": "a", "opened_at": ago(3), "kind": "complaint", **late}
    row = known("tickets", {"tickets": [ticket]}).table.to_pyarrow().to_pylist()[0]
    assert {name: row[name] for name in late} == {
        "first_response_at": AS_OF - MICROSECOND,
        "resolved_at": None,
        "reopened_at": None,
    }
    assert row["seconds_ago"] == 3 * DAY


def test_a_row_is_at_least_a_second_old(known: Known) -> None:
    times = [AS_OF - MICROSECOND, AS_OF - timedelta(seconds=1), AS_OF - timedelta(seconds=1) - MICROSECOND]
    assert sorted(known("orders", orders(*times)).table.seconds_ago.to_pyarrow().to_pylist()) == [1, 1, 2]
    within = AS_OF + timedelta(milliseconds=700)
    snapshots = ibis.memtable([("a", within)], schema={"customer_id": "string", "as_of": "timestamp(6)"})
    tables = source_from_rows(orders(AS_OF + timedelta(milliseconds=500))).tables
    found = facts("orders", tables, moments(snapshots, tables["orders"]))
    assert found.table.seconds_ago.to_pyarrow().to_pylist() == [1]


def test_customers_have_no_time_of_their_own(known: Known) -> None:
    found = known("customers", {"customers": [{"customer_id": "a", "signed_up_at": AS_OF, "owner": "x"}]})
    row = found.table.to_pyarrow().to_pylist()[0]
    assert (row["signed_up_at"], row["attribute_owner"]) == (None, "x")
    assert found.time is None
    assert "seconds_ago" not in found


def test_whoever_ordered_within_fourteen_days_has_their_windows_end_today(known: Known) -> None:
    found = known("orders", orders(ago(100), ago(14)))
    assert found.table.seconds_ago_then.to_pyarrow().to_pylist() == found.seconds_ago.to_pyarrow().to_pylist()


def test_moments_of_whoever_never_ordered_have_no_silence() -> None:
    snapshots = ibis.memtable(
        [("a", AS_OF), ("b", AS_OF)], schema={"customer_id": "string", "as_of": "timestamp(6)"}
    )
    tables = source_from_rows(orders(ago(20), AS_OF)).tables
    rows = moments(snapshots, tables["orders"]).order_by("customer_id").to_pyarrow().to_pylist()
    assert [(row["silence"], row["rest"]) for row in rows] == [(20 * DAY, 6 * DAY), (None, 0)]
    rows = moments(snapshots, None).to_pyarrow().to_pylist()
    assert [(row["silence"], row["rest"]) for row in rows] == [(None, 0)] * 2
