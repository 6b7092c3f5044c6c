"""Numbers as people write them."""

from __future__ import annotations

from math import nan

import pytest

from features.indicators.measure import book
from serving.report.figures import change, figure, interval, judgement, money

INDEX = book()


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("csat", 0.73444, "73.4 %"),
        ("revenue", 1364248.66, "EUR 1,364,249"),
        ("basket", 12.5, "EUR 12.50"),
        ("revenue", 0.0, "EUR 0"),
        ("nps", -4.04, "−4.0 points"),
        ("csi_mean", 7.319, "7.32 points of 10"),
        ("active_customers", 1577.0, "1,577 customers"),
        ("complaint_rate", nan, "–"),
        ("complaint_rate", None, "–"),
    ],
)
def test_a_figure_with_its_unit(name: str, value: float | None, text: str) -> None:
    assert figure(value, INDEX[name], "EUR") == text


@pytest.mark.parametrize(
    ("name", "ends", "text"),
    [
        ("csat", (0.7, 0.76), "70.0 to 76.0"),
        ("basket", (108.2, 114.4), "108 to 114"),
        ("nps", (-1.0, 7.46), "−1.0 to 7.5"),
        ("revenue", (nan, nan), ""),
    ],
)
def test_an_interval_without_its_unit(name: str, ends: tuple[float, float], text: str) -> None:
    assert interval(*ends, INDEX[name]) == text


@pytest.mark.parametrize(
    ("name", "value", "before", "text"),
    [
        ("csat", -0.0285, 0.76, "−2.9 points"),
        ("revenue", 387139.0, 977109.0, "+39.6 %"),
        ("new_customers", -5.0, 50.0, "−10.0 %"),
        ("nps", 0.272, 3.75, "+0.3"),
        ("first_response_hours", -4.0, 20.0, "−4.0"),
        ("nps", nan, nan, "–"),
    ],
)
def test_a_change(name: str, value: float, before: float, text: str) -> None:
    assert change(value, before, INDEX[name]) == text


@pytest.mark.parametrize(
    ("name", "value", "p", "significant", "text"),
    [
        ("complaint_rate", -1.0, 0.001, True, "better"),
        ("complaint_rate", 1.0, 0.001, True, "worse"),
        ("nps", -1.0, 0.001, True, "worse"),
        ("nps", -1.0, 0.3, False, "steady"),
        ("contact_frequency", 1.0, 0.001, True, "changed"),
        ("active_customers", 457.0, nan, False, ""),
        ("nps", nan, nan, False, ""),
    ],
)
def test_a_judgement(name: str, value: float, p: float, significant: bool, text: str) -> None:
    assert judgement(value, p, significant, INDEX[name]) == text


@pytest.mark.parametrize(("value", "text"), [(0, "EUR 0"), (-12.5, "−EUR 12.50"), (1204.4, "EUR 1,204")])
def test_money(value: float, text: str) -> None:
    assert money(value, "EUR") == text
