"""Numbers as people write them."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from models import words


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (0, "no complaint"),
        (1, "1 complaint"),
        (2, "2 complaints"),
        (1234, "1,234 complaints"),
        (3.0, "3 complaints"),
    ],
)
def test_counts(number: float, told: str) -> None:
    assert words.count(number, "complaint") == told


def test_a_plural_of_its_own() -> None:
    assert words.count(2, "category", "categories") == "2 categories"
    assert words.count(1, "category", "categories") == "1 category"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0, "0"),
        (0.234, "0.23"),
        (0.05, "0.05"),
        (0.996, "1.0"),
        (1, "1.0"),
        (4.14, "4.1"),
        (9.94, "9.9"),
        (9.96, "10"),
        (12.3, "12"),
        (1204.4, "1,204"),
        (-3.21, "-3.2"),
        (0.00001, "0.00001"),
    ],
)
def test_numbers(value: float, told: str) -> None:
    assert words.number(value) == told


@pytest.mark.parametrize(
    ("amount", "told"),
    [(0, "EUR 0.00"), (9.5, "EUR 9.50"), (99.99, "EUR 99.99"), (99.999, "EUR 100"), (1204.4, "EUR 1,204")],
)
def test_money(amount: float, told: str) -> None:
    assert words.money(amount, "EUR") == told


@pytest.mark.parametrize(("share", "told"), [(0, "0 %"), (0.126, "13 %"), (1, "100 %")])
def test_percent(share: float, told: str) -> None:
    assert words.percent(share) == told


@pytest.mark.parametrize(
    ("value", "told"), [(0, "less than a day"), (0.4, "less than a day"), (1, "1 day"), (41.6, "42 days")]
)
def test_days(value: float, told: str) -> None:
    assert words.days(value) == told


def test_dates() -> None:
    assert words.date(datetime(2024, 3, 1, 23, 59)) == "1 March 2024"  # noqa: DTZ001
    assert words.date(pd.Timestamp("2024-12-24")) == "24 December 2024"
