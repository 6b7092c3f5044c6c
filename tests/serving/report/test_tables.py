"""The tables of the report: weak points by hand, of the company of seven with three scored customers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from features.indicators.weak_points import findings
from serving.report.findings import Findings
from serving.report.tables import Tables
from tests.serving.report.conftest import ENGLISH


def with_few(found: Findings, few: int) -> Findings:
    """Whose places count from so many customers on."""
    measured = replace(found.told.measured, rules=replace(found.told.measured.rules, few=few))
    return replace(found, told=replace(found.told, measured=measured))


def tables(found: Findings) -> dict[str, Any]:
    return Tables(found, ENGLISH).weak_points()


def test_each_weak_point_with_its_share_of_all_money(found: Findings) -> None:
    """Service 200 + 40 of a and f, rhythm 50 of a and 100 of b."""
    told = tables(found)
    assert told["whole"] == [
        ("service", "2", "EUR 240", "62 %", "amity at-risk --weak-point service --top 2"),
        ("rhythm", "2", "EUR 150", "38 %", "amity at-risk --weak-point rhythm --top 2"),
    ]
    assert told["total"] == "EUR 390"
    assert [name for name, _ in told["about"]] == ["service", "rhythm"]
    assert told["symptom"] == ""


def test_a_place_of_few_customers_is_not_told(found: Findings) -> None:
    assert tables(found)["single"] == []
    one = tables(with_few(found, 1))["single"]
    of_segment = next(row for row in one if row[1] == "segment young")
    assert of_segment[:1] + of_segment[2:4] == ("service", "1", "EUR 40.00")
    assert of_segment[-1] == "amity at-risk --weak-point service --segment young --top 1"


@pytest.mark.parametrize(("service", "says"), [(40.0, True), (30.0, False), (200.0, False)])
def test_the_symptom_is_named_where_a_smaller_cause_stands_before_it(
    found: Findings, service: float, says: bool
) -> None:
    """Rhythm holds 150: a quarter of it is 37.5; below that rhythm itself is first."""
    sums = found.sums.copy()
    sums.loc[(sums.weak_point == "service") & (sums.breakdown == "all"), "money"] = service
    sums = sums[sums.breakdown == "all"].sort_values("money", ascending=False)
    ranked = findings(sums).assign(since=pd.NaT)
    told = replace(found.told, sheets={**found.told.sheets, "weak_points": sums}, weak_points=ranked)
    said = tables(replace(found, told=told))["symptom"]
    assert ("Rhythm, with EUR 150 at risk with 2 customers, is the symptom" in said) is says
