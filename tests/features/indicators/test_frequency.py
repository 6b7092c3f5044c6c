"""How a trend bends: parabolas with a season, and chance."""

from __future__ import annotations

import numpy as np
import pytest

from features.indicators.frequency import COLUMNS, bend, frequency
from features.indicators.measure import Measured

MONTHS = np.arange(24)
SEASON = np.tile(np.random.default_rng(3).normal(0, 10, 12), 2)


def noise(seed: int, size: float = 0.3) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, size, 24)


def test_a_parabola_is_found_through_the_season() -> None:
    """100 + 0.5 t + 0.05 t², so it grows by 0.5 a month at first and by 0.5 + 0.1 × 23 at last."""
    course = 100 + 0.5 * MONTHS + 0.05 * MONTHS**2
    found = bend(course + SEASON - SEASON.mean() + noise(1, 1e-9), 0.05)
    assert found["slope_first"] == pytest.approx(0.5)
    assert found["slope_last"] == pytest.approx(0.5 + 0.1 * 23)
    assert found["last"] - found["first"] == pytest.approx(course[-1] - course[0])
    assert found["course"] == "rising faster"


@pytest.mark.parametrize(
    ("course", "told"),
    [
        (0.0 * MONTHS, "steady"),
        (1.0 * MONTHS, "rising"),
        (-1.0 * MONTHS, "falling"),
        (2.0 * MONTHS - 0.04 * MONTHS**2, "rising slower"),
        (-0.5 * MONTHS - 0.04 * MONTHS**2, "falling faster"),
        (-2.0 * MONTHS + 0.04 * MONTHS**2, "falling slower"),
        (0.1 * (MONTHS - 10.0) ** 2, "turned up"),
        (-0.1 * (MONTHS - 10.0) ** 2, "turned down"),
    ],
)
def test_the_course(course: np.ndarray, told: str) -> None:
    assert bend(100 + course + SEASON + noise(2), 0.05)["course"] == told


def test_chance_bends_as_often_as_said() -> None:
    courses = [bend(100 + SEASON + noise(seed, 5), 0.05) for seed in range(300)]
    for name in ("p_slope", "p_bend"):
        assert np.mean([float(found[name]) < 0.05 for found in courses]) == pytest.approx(0.05, abs=0.03)


def test_nothing_is_told_with_less_than_two_years(company: Measured) -> None:
    """The company's orders begin two years ago, and one of these tells who was active."""
    assert frequency(company).empty
    assert tuple(frequency(company).columns) == COLUMNS
