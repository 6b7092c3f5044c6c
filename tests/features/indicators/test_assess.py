"""What is told of a company as of a day reaches as far back as its orders do."""

from __future__ import annotations

from datetime import datetime

import pytest

from features.indicators.alarms import Watch, alarms
from features.indicators.assess import assess
from features.indicators.rules import Rules
from features.indicators.sheets import SHEETS
from features.sources import source_from_rows
from tests.features.indicators.conftest import AS_OF, COMPANY


def test_all_of_it_is_told() -> None:
    tables = source_from_rows({name: COMPANY[name] for name in ("orders", "customers")}).tables
    said: list[str] = []
    told = assess(tables, AS_OF, Rules(), Watch(), said.append)
    assert told.measured.day == AS_OF
    assert told.alarms == alarms(told.measured, Watch()) == []
    assert said == [
        "Counting",
        "Looking for early warnings",
        "Comparing the customers of two years",
        "Following customers",
    ]
    assert told.buying is not None
    assert told.buying.compared
    assert [branch.span for branch in told.buying.tree] == ["year", "quarter", "month"]
    assert list(told.buying.gains) == ["all", "segment"]
    assert list(told.sheets) == ["cohorts", "lifetime", "customers", "tiers"]
    assert {sheet.name for sheet in told.lacking} == {sheet.name for sheet in SHEETS} - set(told.sheets)


@pytest.mark.parametrize(
    ("day", "spans"),
    [
        ("2024-03-01", ["month"]),
        ("2024-12-01", ["quarter", "month"]),
    ],
)
def test_nothing_is_compared_with_what_is_not_known(day: str, spans: list[str]) -> None:
    """The orders begin in January 2023: the year and the one before end in December 2024."""
    tables = source_from_rows({"orders": COMPANY["orders"]}).tables
    buying = assess(tables, datetime.fromisoformat(day)).buying
    assert buying is not None
    assert [branch.span for branch in buying.tree] == spans
    assert not buying.compared
    assert buying.gains == {}
