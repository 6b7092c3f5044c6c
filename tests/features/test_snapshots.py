"""Who, as of when; and the tables as a day knew them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from features.errors import HistoryError
from features.snapshots import before, latest_as_of, population, span
from features.sources import Source, source_from_rows

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def orders(*placed: tuple[str, datetime]) -> dict[str, Any]:
    rows = [
        {"order_id": f"o{number}", "customer_id": customer, "ordered_at": time, "amount": 1.0}
        for number, (customer, time) in enumerate(placed)
    ]
    return dict(source_from_rows({"orders": rows}).tables)


def members(tables: dict[str, Any], days: list[datetime], lookback: int | None) -> list[tuple[str, datetime]]:
    rows = population(tables, days, lookback).to_pyarrow().to_pylist()
    return sorted((row["customer_id"], row["as_of"]) for row in rows)


@pytest.mark.parametrize(
    ("time", "active"),
    [
        (ago(365) - MICROSECOND, False),
        (ago(365), True),
        (AS_OF - MICROSECOND, True),
        (AS_OF, False),
        (AS_OF + MICROSECOND, False),
    ],
)
def test_active_is_who_ordered_within_the_lookback(time: datetime, active: bool) -> None:
    assert members(orders(("c", time)), [AS_OF], 365) == [("c", AS_OF)] * active


@pytest.mark.parametrize(("time", "there"), [(ago(5000), True), (AS_OF - MICROSECOND, True), (AS_OF, False)])
def test_without_a_lookback_everyone_who_ever_ordered_is_there(time: datetime, there: bool) -> None:
    assert members(orders(("c", time)), [AS_OF], None) == [("c", AS_OF)] * there


def test_every_day_has_its_own_population_and_nobody_is_there_twice() -> None:
    tables = orders(("a", ago(400)), ("a", ago(399)), ("b", ago(20)), ("b", ago(10)), ("c", ago(-1)))
    days = [ago(100), AS_OF, AS_OF]
    assert members(tables, days, 365) == [("a", ago(100)), ("b", AS_OF)]


def test_the_population_agrees_with_sql(
    shop: Source, days: tuple[datetime, ...], sql: Callable[[str], pd.DataFrame]
) -> None:
    expected = sql("""
        SELECT DISTINCT customer_id, as_of FROM snap JOIN orders USING (customer_id)
        WHERE ordered_at < as_of AND ordered_at >= as_of - INTERVAL 60 DAY
    """)
    assert len(expected) > 50
    assert members(shop.tables, list(days), 60) == sorted(expected.index)


def test_before_cuts_rows_and_hides_what_was_filled_in_later() -> None:
    tables = source_from_rows(
        {
            "orders": [
                {"order_id": str(number), "customer_id": "c", "ordered_at": time, "amount": 1.0}
                for number, time in enumerate([AS_OF - MICROSECOND, AS_OF])
            ],
            "order_lines": [{"order_id": str(number), "product_id": "p"} for number in range(2)],
            "customers": [{"customer_id": "c", "signed_up_at": AS_OF - MICROSECOND, "opted_out_at": AS_OF}],
            "contacts": [
                {
                    "contact_id": "k",
                    "campaign_id": "spring",
                    "customer_id": "c",
                    "sent_at": ago(1),
                    "arm": "treatment",
                    "redeemed_at": AS_OF + MICROSECOND,
                }
            ],
            "benchmarks": [{"competitor": "x", "metric": "nps", "period": "2030", "value": 1.0}],
        }
    ).tables
    cut = {name: table.to_pyarrow().to_pylist() for name, table in before(tables, AS_OF).items()}
    assert [row["order_id"] for row in cut["orders"]] == ["0"]
    assert len(cut["order_lines"]) == 2
    assert cut["customers"] == [
        {"customer_id": "c", "signed_up_at": AS_OF - MICROSECOND, "opted_out_at": None}
    ]
    assert [row["redeemed_at"] for row in cut["contacts"]] == [None]
    assert len(cut["benchmarks"]) == 1


def test_a_cut_table_keeps_its_columns_and_types(shop: Source) -> None:
    cut = before(shop.tables, AS_OF)
    assert {name: table.schema() for name, table in cut.items()} == {
        name: table.schema() for name, table in shop.tables.items()
    }


def test_the_span_goes_from_the_first_order_to_the_last() -> None:
    assert span(orders(("a", ago(9)), ("b", ago(400)), ("c", AS_OF))) == (ago(400), AS_OF)


def test_without_an_order_there_is_no_span() -> None:
    with pytest.raises(HistoryError, match="There is no order"):
        span(orders())
    with pytest.raises(HistoryError, match="There is no order"):
        span(before(orders(("c", AS_OF)), AS_OF))


@pytest.mark.parametrize(
    ("last", "as_of"),
    [
        ("2024-06-30 00:00:00", "2024-07-01"),
        ("2024-06-30 23:59:59.999999", "2024-07-01"),
        ("2024-02-28 12:00:00", "2024-02-29"),
        ("2023-12-31 12:00:00", "2024-01-01"),
    ],
)
def test_the_latest_as_of_is_the_midnight_after_the_last_order(last: str, as_of: str) -> None:
    tables = orders(("a", ago(500)), ("b", datetime.fromisoformat(last)), ("c", ago(-30)))
    assert latest_as_of(tables, AS_OF) == datetime.fromisoformat(as_of)


def test_orders_of_the_future_make_no_latest_as_of() -> None:
    with pytest.raises(HistoryError, match="No order lies in the past"):
        latest_as_of(orders(("c", AS_OF)), AS_OF)


def subscriptions(*held: tuple[str, datetime, datetime | None]) -> dict[str, Any]:
    rows = [
        {"subscription_id": f"s{number}", "customer_id": customer, "started_at": start, "cancelled_at": end}
        for number, (customer, start, end) in enumerate(held)
    ]
    return dict(source_from_rows({"subscriptions": rows}).tables)


@pytest.mark.parametrize(
    ("started", "cancelled", "active"),
    [
        (ago(5000), None, True),
        (AS_OF - MICROSECOND, None, True),
        (AS_OF, None, False),
        (ago(90), AS_OF - MICROSECOND, False),
        (ago(90), AS_OF, True),
        (ago(90), ago(-5), True),
    ],
)
def test_contractual_active_is_who_has_a_subscription_running(
    started: datetime, cancelled: datetime | None, *, active: bool
) -> None:
    tables = subscriptions(("c", started, cancelled))
    found = population(tables, [AS_OF], 10, "contractual").to_pyarrow().to_pylist()
    assert found == [{"customer_id": "c", "as_of": AS_OF}] * active
    ever = population(tables, [AS_OF], None, "contractual").count().to_pyarrow().as_py()
    assert ever == (started < AS_OF)


def test_contractual_history_begins_with_the_first_cancellation() -> None:
    held = [("a", ago(900), None), ("b", ago(800), ago(300)), ("c", ago(20), ago(10)), ("d", ago(5), None)]
    tables = subscriptions(*held)
    assert span(tables, "contractual") == (ago(300), ago(5))
    assert latest_as_of(tables, AS_OF, "contractual") == ago(4)
    assert latest_as_of(tables | orders(("a", ago(2))), AS_OF, "contractual") == ago(1)
    assert latest_as_of(tables, ago(800) + MICROSECOND, "contractual") == ago(799)


def test_contractual_without_a_cancellation_or_a_start_says_so() -> None:
    tables = subscriptions(("a", ago(900), None))
    with pytest.raises(HistoryError, match="There is no cancellation of a subscription before that day"):
        span(tables, "contractual")
    with pytest.raises(HistoryError, match="No start of a subscription lies in the past"):
        latest_as_of(tables, ago(900), "contractual")
