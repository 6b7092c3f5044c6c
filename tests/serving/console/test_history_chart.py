"""The drawing of the risk so far, against hand arithmetic."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from serving.console.history_chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, history_chart


def past(day: str, risk: float) -> dict[str, Any]:
    return {"as_of": datetime.fromisoformat(day), "churn_probability": risk}


def test_days_and_risks_stand_in_proportion() -> None:
    days = [past("2025-01-01", 0.0), past("2025-01-04", 0.2), past("2025-01-11", 0.4)]
    chart = history_chart(days, 0.1, 460.0 + RIGHT - 16)
    assert chart is not None
    low, high = HEIGHT - BOTTOM, TOP
    assert [(x, y) for x, y, _ in chart.dots] == [(44, low), (164, (low + high) / 2), (444, high)]
    assert chart.line == f"44.0,{low} 164.0,{(low + high) / 2} 444.0,{high}"
    assert chart.usual == low - (low - high) / 4
    assert [label for _, label in chart.levels] == ["0 %", "10 %", "20 %", "30 %", "40 %"]
    assert [(x, label) for x, _, label in chart.ends] == [
        (LEFT, "1 January 2025"),
        (444, "11 January 2025"),
    ]
    assert chart.dots[1][2] == "20 % as of 4 January 2025"
    assert not chart.usual_at_start


def test_one_day_is_no_line() -> None:
    assert history_chart([past("2025-01-01", 0.4)], 0.3, 340.0) is None
    assert history_chart([], 0.3, 340.0) is None
