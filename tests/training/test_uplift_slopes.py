"""Slopes and their errors, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.uplift_slopes import clustered, drawn


def test_rows_of_a_customer_count_as_one_draw() -> None:
    """3 and 1 of one customer, −2 of another: the root of 4² + 2²."""
    assert clustered(np.array([3.0, -2.0, 1.0]), np.array([0, 1, 0])) == pytest.approx(20**0.5)


@pytest.mark.parametrize(
    ("slope", "error", "expected"),
    [(2.0, 1.0, 1.5), (-2.0, 1.0, -1.5), (1.0, 1.0, 0.0), (-0.5, 1.0, 0.0), (0.0, 0.0, 0.0), (0.3, 0.0, 0.3)],
)
def test_a_slope_is_drawn_to_nothing(slope: float, error: float, expected: float) -> None:
    assert drawn(slope, error) == pytest.approx(expected)
