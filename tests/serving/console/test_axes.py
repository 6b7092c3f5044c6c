"""Places on axes, against hand arithmetic."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.console.axes import Axis, TimeAxis, levels


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_values_stand_in_proportion_and_none_beyond_the_end() -> None:
    axis = Axis(0.0, 0.4, 170.0, 10.0)
    assert [axis(value) for value in (0.0, 0.1, 0.4, 0.9, -1.0)] == [170.0, 130.0, 10.0, 10.0, 170.0]
    assert Axis(5.0, 5.0, 0.0, 100.0)(5.0) == 50.0


def test_times_stand_in_proportion() -> None:
    axis = TimeAxis(at("2025-01-01"), at("2025-01-11"), 0.0, 100.0)
    assert [axis(at(day)) for day in ("2025-01-01", "2025-01-03 12:00", "2025-01-11")] == [0.0, 25.0, 100.0]


@pytest.mark.parametrize(
    ("first", "width", "names"),
    [
        ("2025-03-10", 800.0, ["Apr", "May", "Jun"]),
        ("2024-09-30", 300.0, ["Nov", "2025", "Mar", "May"]),
        ("2023-06-15", 200.0, ["Jul", "2024", "Jul", "2025"]),
    ],
)
def test_firsts_of_months_are_named_as_far_apart_as_asked(first: str, width: float, names: list[str]) -> None:
    axis = TimeAxis(at(first), at("2025-06-20"), 0.0, width)
    assert [name for _, name in axis.months(40.0)] == names


@given(st.integers(60, 730), st.floats(300, 2000))
def test_names_of_months_never_run_into_each_other(days: int, width: float) -> None:
    axis = TimeAxis(at("2025-06-20") - timedelta(days=days), at("2025-06-20"), 0.0, width)
    places = [place for place, _ in axis.months(40.0)]
    assert all(right - left > 34 for left, right in pairwise(places))
    assert all(0 <= place <= width for place in places)


@pytest.mark.parametrize(
    ("high", "marks"),
    [
        (0.03, [0, 0.01, 0.02, 0.03]),
        (0.35, [0, 0.1, 0.2, 0.3, 0.4]),
        (1.0, [0, 0.25, 0.5, 0.75, 1.0]),
        (0.0, [0]),
    ],
)
def test_levels_are_round_and_reach_the_highest(high: float, marks: list[float]) -> None:
    assert levels(high) == pytest.approx(marks)
