"""The places of what was measured and predicted, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from serving.console.effect_chart import HEIGHT, effect_chart, levels


def tenth(name: str, value: float, predicted: float | None = 1.0) -> dict[str, Any]:
    return {
        "name": name,
        "predicted": predicted,
        "effect": {"value": value, "low": value - 2, "high": value + 2, "error": 1.0},
    }


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-2, 6, [-2, 0, 2, 4, 6]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-13, 0, [-15, -10, -5, 0]),
        (0, 0, [0, 0.2]),
        (-120, 340, [-200, -100, 0, 100, 200, 300, 400]),
    ],
)
def test_levels_are_round_and_hold_all(low: float, high: float, expected: list[float]) -> None:
    assert levels(low, high) == pytest.approx(expected)


def test_measured_and_predicted_stand_where_they_should() -> None:
    """From −2 to 6 over 260 − 42 − 14 pixels: 25.5 a unit, and 0 at 218 − 2 × 25.5."""
    chart = effect_chart([tenth("01", 4.0, 3.0), tenth("02", 0.0)], "EUR", 760.0)
    assert chart is not None
    first, last = chart.marks
    assert chart.zero == HEIGHT - 42 - 2 * 25.5
    assert (first.value, first.low, first.high) == (chart.zero - 102, chart.zero - 51, chart.zero - 153)
    assert first.predicted == chart.zero - 76.5
    assert first.x < last.x <= chart.right
    assert (first.label, last.label) == ("1", "2")
    assert first.says == "Tenth 1: EUR 4.00 measured (2.00 to 6.00), EUR 3.00 predicted"
    assert [label for _, label in chart.levels] == ["-2", "0", "2", "4", "6"]


def test_what_is_not_known_is_not_drawn() -> None:
    unknown = tenth("02", 1.0) | {"effect": None}
    assert effect_chart([tenth("01", 1.0), unknown, tenth("03", 1.0, None)], "EUR", 760.0) is None
    assert effect_chart([], "EUR", 760.0) is None
