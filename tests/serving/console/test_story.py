"""The story's sentences."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from features.catalog import DIMENSIONS
from serving.console import story


def past(*risks: float) -> list[dict[str, Any]]:
    return [
        {"as_of": datetime(2025, month, 1), "churn_probability": risk}  # noqa: DTZ001
        for month, risk in enumerate(risks, start=1)
    ]


@pytest.mark.parametrize(
    ("risks", "sentence"),
    [
        ((0.5,), "This is the first day on which they were scored."),
        ((0.2, 0.25), "That is up from 20 % on 1 January 2025."),
        ((0.2, 0.1), "That is down from 20 % on 1 January 2025."),
        ((0.2, 0.35), "That is up from 20 % on 1 January 2025, and now above the usual."),
        ((0.2, 0.35, 0.36), "That is the same as 35 % on 1 February 2025, and has been above the usual since "
         "1 February 2025."),
        ((0.5, 0.4), "That is down from 50 % on 1 January 2025, and has been above the usual ever since the "
         "first scoring."),
        ((0.5, 0.2, 0.4, 0.5), "That is up from 40 % on 1 March 2025, and has been above the usual since "
         "1 March 2025."),
    ],
)  # fmt: skip
def test_since_when_the_risk_is_high(risks: tuple[float, ...], sentence: str) -> None:
    assert story.since(past(*risks), 0.3) == sentence


def test_weak_points_and_sides_are_those_of_the_row(client: Any, shop: Any) -> None:
    for customer_id in shop.scored.scores["customer_id"][::60]:
        row = client.resources.store.row(customer_id)
        named = [weak["dimension"] for weak in story.weak_points(row)]
        assert named == [row[f"weak_point_{place}"] for place in (1, 2, 3) if row[f"weak_point_{place}"]]
        sides = story.sides(row)
        assert {name for name, _ in sides} == set(DIMENSIONS)
        assert [points for _, points in sides] == sorted((points for _, points in sides), reverse=True)
