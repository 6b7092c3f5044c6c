"""The change point by hand, and against all splits tried in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from math import log
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

AS_OF = datetime.fromisoformat("2024-07-01")
OfOne = Callable[[Any, datetime], dict[str, Any]]


def measured(of_one: OfOne, months: Sequence[int]) -> dict[str, Any]:
    """The features of a customer with so many orders in each of the last twelve months, the latest first."""
    times = [
        AS_OF - timedelta(days=30 * month + 1 + number / 100)
        for month, orders in enumerate(months)
        for number in range(orders)
    ]
    long_ago = AS_OF - timedelta(days=600)
    return of_one({"orders": [{"ordered_at": time, "amount": 1.0} for time in [*times, long_ago]]}, AS_OF)


def test_by_hand(of_one: OfOne) -> None:
    # four orders a month for nine months, then one in three months
    found = measured(of_one, [0, 1, 0, 4, 4, 4, 4, 4, 4, 4, 4, 4])
    assert found["change_point_at"] == AS_OF - timedelta(days=90)
    assert found["change_point_ratio"] == pytest.approx(((1 + 1) / 3) / ((36 + 1) / 9))
    gain = 1 * log(1 / 3) + 36 * log(36 / 9) - 37 * log(37 / 12)
    assert found["change_point_strength"] == pytest.approx(gain, abs=1e-6)


def test_an_even_pace_has_no_strength(of_one: OfOne) -> None:
    assert measured(of_one, [2] * 12)["change_point_strength"] == 0


def test_a_year_without_orders_has_no_strength(of_one: OfOne) -> None:
    assert measured(of_one, [0] * 12)["change_point_strength"] == 0


def test_it_is_unknown_in_the_first_year(of_one: OfOne) -> None:
    orders = [{"ordered_at": AS_OF - timedelta(days=days), "amount": 1.0} for days in (10, 359)]
    found = of_one({"orders": orders}, AS_OF)
    names = ["change_point_at", "change_point_ratio", "change_point_strength", "orders_slope"]
    assert [found[name] for name in names] == [None] * 4


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=12, max_size=12))
def test_it_is_the_best_of_all_splits(of_one: OfOne, months: list[int]) -> None:
    def likelihood(counts: list[int]) -> float:
        total = sum(counts)
        return total * log(total / len(counts)) if total else 0.0

    gains = [
        likelihood(months[:split]) + likelihood(months[split:]) - likelihood(months) for split in range(1, 12)
    ]
    found = measured(of_one, months)
    assert found["change_point_strength"] == pytest.approx(max(gains), abs=1e-6)
    split = (AS_OF - found["change_point_at"]).days // 30
    assert gains[split - 1] == pytest.approx(max(gains), abs=2e-6)
