"""Windows over the facts of a table, and the whole numbers that sums are taken over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import ibis
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.facts import DAY, Facts, day_number, money, seconds, whole

Known = Callable[[str, Any], Facts]

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def value(expression: Any) -> Any:
    return expression.to_pyarrow().as_py()


def orders(*times: datetime, amounts: Sequence[float] = ()) -> dict[str, Any]:
    amounts = amounts or [1.0] * len(times)
    return {
        "orders": [
            {"order_id": f"o{number}", "customer_id": "a", "ordered_at": time, "amount": amount}
            for number, (time, amount) in enumerate(zip(times, amounts, strict=True))
        ]
    }


@pytest.mark.parametrize(
    ("amount", "units"),
    [
        (0.0, 0),
        (0.1, 1_000),
        (0.00004, 0),
        (0.00006, 1),
        (12.34, 123_400),
        (-0.1, -1_000),
        (-12.34, -123_400),
    ],
)
def test_money_is_counted_in_ten_thousandths(amount: float, units: int) -> None:
    counted = whole(ibis.literal(amount, "float64"))
    assert value(counted) == units
    assert value(money(counted)) == round(amount, 4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-10_000_000, 10_000_000), min_size=1, max_size=30))
def test_cents_add_up_to_the_last_one(cents: list[int]) -> None:
    amounts = [float(Decimal(cent) / 100) for cent in cents]
    table = ibis.memtable({"amount": amounts})
    assert value(money(whole(table.amount).sum())) == float(Decimal(sum(cents)) / 100)


@pytest.mark.parametrize(
    "text",
    [
        "2024-07-01 00:00:00",
        "2024-06-30 23:59:59.999999",
        "2024-07-01 00:00:00.5",
        "1969-12-31 23:59:59.25",
        "2150-01-01 12:00:00.999999",
    ],
)
def test_seconds_and_days_are_cut_off_never_rounded(text: str) -> None:
    time = datetime.fromisoformat(text)
    exact = Decimal((time - datetime.fromisoformat("1970-01-01")) // MICROSECOND) / 1_000_000
    literal = ibis.timestamp(time)
    assert value(seconds(literal)) == exact.to_integral_value(ROUND_FLOOR)
    assert value(day_number(literal)) == (exact / DAY).to_integral_value(ROUND_FLOOR)


def test_an_aggregate_may_ask_for_a_window_and_a_condition(known: Known) -> None:
    found = known("orders", orders(ago(100), ago(50), ago(9), amounts=[1.1, 2.2, 3.3]))
    dear = found.amount > 2
    row = found.table.aggregate(
        all=found.count(),
        recent=found.count(90),
        before=found.count(None, 90),
        dear=found.count(where=dear),
        recent_sum=found.sum("amount", 90),
        dear_sum=found.sum("amount", where=dear),
        no_sum=found.sum("amount", 5),
        recent_mean=found.mean(found.gap_days, 90),
        no_mean=found.mean(found.gap_days, 5),
        first=found.days_since_first(),
        last=found.days_since_last(),
        last_cheap=found.days_since_last(where=~dear),
    )
    assert row.to_pyarrow().to_pylist() == [
        {
            "all": 3,
            "recent": 2,
            "before": 1,
            "dear": 2,
            "recent_sum": 5.5,
            "dear_sum": 5.5,
            "no_sum": 0.0,
            "recent_mean": (50 + 41) / 2,
            "no_mean": None,
            "first": 100.0,
            "last": 9.0,
            "last_cheap": 100.0,
        }
    ]


def test_different_days_are_counted_once_in_each_window(known: Known) -> None:
    found = known("orders", orders(ago(99.9), ago(90.2), ago(90), ago(89.9), ago(3.2), ago(3.1), ago(0.5)))
    row = found.table.aggregate(
        ever=found.distinct("order_day"),
        window=found.distinct("order_day", 90),  # the window begins in the middle of an order day
        before=found.distinct("order_day", None, 90),
        between=found.distinct("order_day", 100, 4),
    )
    assert row.to_pyarrow().to_pylist() == [{"ever": 5, "window": 3, "before": 2, "between": 3}]


def test_different_products_are_counted_once_in_each_window(known: Known) -> None:
    bought = {"o0": "x", "o1": "x", "o2": "y", "o3": None, "o4": "y", "o5": "x"}
    lines = [{"order_id": order, "product_id": "p", "category": line} for order, line in bought.items()]
    times = [ago(200), ago(91), ago(80), ago(70), ago(60), ago(5)]
    found = known("order_lines", {**orders(*times), "order_lines": [*lines, lines[0]]})
    row = found.table.aggregate(
        ever=found.distinct("category"),
        window=found.distinct("category", 90),
        short=found.distinct("category", 30),
        before=found.distinct("category", None, 90),
    )
    assert row.to_pyarrow().to_pylist() == [{"ever": 2, "window": 2, "short": 1, "before": 1}]


def test_a_trend_is_the_slope_of_the_months(known: Known) -> None:
    # two orders in the latest month, one five months before, one before the first of the twelve
    found = known("orders", orders(ago(365), ago(170), ago(20), ago(10)))
    counts = [0] * 6 + [1] + [0] * 4 + [2]
    slope = np.polynomial.polynomial.polyfit(range(12), counts, 1)[1]
    one = ibis.literal(1, "int64")
    assert value(found.table.aggregate(slope=found.trend(one)).slope.sum()) == pytest.approx(slope)


def test_windows_at_the_last_order_end_fourteen_days_after_it(known: Known) -> None:
    tickets = [
        {"ticket_id": str(days), "customer_id": "a", "opened_at": ago(days), "kind": "complaint"}
        for days in (40, 85.9, 86, 87, 176, 176.1)
    ]
    found = known("tickets", {**orders(ago(300), ago(100)), "tickets": tickets})
    then = found.at_last_order
    row = found.table.aggregate(now=found.count(90), then=then.count(90), before=then.count(None, 90))
    # the last sign of life is 86 days ago: a ticket at that very moment comes after it
    assert row.to_pyarrow().to_pylist() == [{"now": 4, "then": 2, "before": 1}]


def test_a_condition_that_is_null_does_not_hold(known: Known) -> None:
    ticket = {"ticket_id": "t", "customer_id": "a", "opened_at": ago(3), "kind": "complaint", "topic": None}
    found = known("tickets", {"tickets": [ticket, {**ticket, "ticket_id": "u", "topic": "delivery"}]})
    assert value(found.table.aggregate(n=found.count(where=found.topic == "delivery")).n.sum()) == 1
