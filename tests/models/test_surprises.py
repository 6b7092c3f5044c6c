"""Surprises worked by hand, and null where nothing could be expected."""

from __future__ import annotations

import pandas as pd
import pytest

from models.surprises import SURPRISES, available, with_surprises

ROWS = pd.DataFrame(
    {
        "activities_365d": [95, 12, 5],
        "activities_90d": [0, 1, 5],
        "activities_30d": [0, 1, 5],
        "days_since_first_order": [800.0, 180.0, 59.0],
        "activities_before_last_order": [8.0, 0.0, None],
        "activities_at_last_order": [2, 0, 5],
        "activities_30d_at_last_order": [0, 1, 5],
    }
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # 95 in 275 days are 31.0909 in 90; 11 in 90 are 11
        ("activities_90d_surprise", [-31.0909 / 32.0909**0.5, -10 / 12**0.5, None]),
        # 95 in 335 days are 8.5075 in 30; 11 in 150 are 2.2
        ("activities_30d_surprise", [-8.5075 / 9.5075**0.5, -1.2 / 3.2**0.5, None]),
        ("activities_surprise_at_last_order", [-6 / 3, 0.0, None]),
        ("activities_30d_surprise_at_last_order", [-(8 / 3) / (11 / 3) ** 0.5, 1.0, None]),
    ],
)
def test_worked_by_hand(name: str, expected: list[float | None]) -> None:
    told = with_surprises(ROWS)[name].tolist()
    assert told[:2] == pytest.approx(expected[:2], abs=1e-4)
    assert pd.isna(told[2])


def test_none_where_half_a_one_was_expected_is_no_news() -> None:
    frame = ROWS.head(1).assign(activities_before_last_order=0.5, activities_at_last_order=0)
    assert with_surprises(frame)["activities_surprise_at_last_order"][0] == pytest.approx(-0.41, abs=0.01)


def test_only_those_are_told_whose_counts_are_there() -> None:
    assert available(ROWS) == list(SURPRISES)
    assert available(pd.DataFrame({"orders": [1]})) == []
    few = ROWS[["activities_90d", "activities_365d", "days_since_first_order"]]
    assert [s.name for s in available(few)] == ["activities_90d_surprise"]
    assert list(with_surprises(few).columns) == [*few.columns, "activities_90d_surprise"]
