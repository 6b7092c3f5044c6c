"""The drawing of calibration, against hand arithmetic."""

from __future__ import annotations

from datetime import datetime
from math import sqrt
from typing import Any

import pytest

from serving.console.calibration_chart import EDGE, FLOOR, SIZE, calibration_chart
from serving.replies import Judged


def judged(**more: Any) -> Judged:
    told: dict[str, Any] = {
        "as_of": datetime(2025, 4, 2),  # noqa: DTZ001
        "on_customers_held_out": False,
        "customers": 200,
        "churned": 60,
        "churn": {},
        "baselines": {},
        "calibration": {"predicted": [0.2, 0.8], "churned": [0.4, 0.6]},
    }
    return Judged(**told | more)


def test_dots_stand_where_foretold_and_come_true_meet() -> None:
    chart = calibration_chart(judged())
    assert chart is not None
    width, height = SIZE - 10 - EDGE, SIZE - FLOOR - 10
    first, second = chart.dots
    assert (first.x, first.y) == (round(EDGE + 0.25 * width, 1), round(SIZE - FLOOR - 0.5 * height, 1))
    assert (second.x, second.y) == (chart.right, round(SIZE - FLOOR - 0.75 * height, 1))
    chance = 1.96 * sqrt(0.2 * 0.8 / 100) / 0.8 * height
    assert (first.low - first.high) / 2 == pytest.approx(chance, abs=0.1)
    assert first.says == "20 % foretold, 40 % churned"


def test_a_bundle_that_does_not_tell_has_no_drawing() -> None:
    assert calibration_chart(judged(calibration=None)) is None
    assert calibration_chart(judged(customers=None)) is None
