"""The company beside its competitors."""

from __future__ import annotations

from typing import Any

import pytest

from features.indicators.calendar import number
from features.indicators.measure import Measured
from features.indicators.rivals import COLUMNS, rivals, span
from features.sources import source_from_rows
from tests.features.indicators.conftest import AS_OF, COMPANY

JANUARY_2024 = number(AS_OF) - 12


@pytest.mark.parametrize(
    ("period", "months"),
    [
        ("2024", (0, 12)),
        ("2024-Q1", (0, 3)),
        ("2024-Q4", (9, 12)),
        ("2024-02", (1, 2)),
        ("2024-13", None),
        ("2024-Q5", None),
        ("2024-Qx", None),
        ("last year", None),
        ("", None),
        ("0000", None),
    ],
)
def test_periods(period: str, months: tuple[int, int] | None) -> None:
    told = span(period)
    assert told == (months and tuple(JANUARY_2024 + month for month in months))


def beside(company: Measured, *rows: tuple[str, str, str, float]) -> list[dict[Any, Any]]:
    names = ("competitor", "metric", "period", "value")
    rivalling = [dict(zip(names, row, strict=True)) for row in rows]
    tables = source_from_rows({"orders": COMPANY["orders"], "benchmarks": rivalling}).tables
    return rivals(tables, company).to_dict("records")


def test_by_hand(company: Measured) -> None:
    """In February 2024 four answers: three promoters; in December one detractor. First quarter: 75."""
    told = beside(
        company,
        ("Velta", "nps", "2024-Q1", 70.0),
        ("Oakhouse", "nps", "2024-Q1", 80.0),
        ("Oakhouse", "nps", "2023-Q1", 90.0),
    )
    assert [(row["competitor"], row["ours"], row["gap"]) for row in told] == [
        ("Velta", 75, 5),
        ("Oakhouse", 75, -5),
    ]
    assert {(row["period"], row["place"], row["of"], row["cases"]) for row in told} == {("2024-Q1", 2, 3, 4)}


def test_less_is_better_where_it_is(company: Measured) -> None:
    """Two returns per nine orders of 2024; a state is told at the period's end."""
    told = beside(company, ("Velta", "return_rate", "2024", 30.0), ("Velta", "repeat_rate", "2024", 0.5))
    assert [row["gap"] for row in told] == pytest.approx([30 - 100 * 2 / 9, 3 / 5 - 0.5])
    assert [row["place"] for row in told] == [1, 1]


def test_the_newest_period_that_both_know(company: Measured) -> None:
    """Nobody answered in November, and 2025 has not begun."""
    told = beside(
        company,
        ("Velta", "nps", "2025-Q1", 1.0),
        ("Velta", "nps", "2024-11", 2.0),
        ("Velta", "nps", "2024-02", 3.0),
        ("Velta", "market share", "2024", 4.0),
        ("Velta", "nps", "some day", 5.0),
    )
    assert [(row["period"], row["theirs"]) for row in told] == [("2024-02", 3.0)]


def test_nothing_to_compare(company: Measured) -> None:
    tables = source_from_rows(
        {
            "orders": COMPANY["orders"],
            "benchmarks": [{"competitor": "Velta", "metric": "fame", "period": "2024", "value": 1.0}],
        }
    ).tables
    assert tuple(rivals(tables, company).columns) == COLUMNS
