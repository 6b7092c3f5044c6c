"""What became of a plan, by hand."""

from __future__ import annotations

from dataclasses import replace
from math import isnan
from typing import Any

import pytest

from features.indicators.assess import Assessment
from serving.report.followed import followed

ACTION: dict[str, Any] = {
    "weak_point": "service",
    "do": {"en": "Answer."},
    "owner": {"en": "Kim"},
    "due": "2024-12-31",
    "at_risk": 500.0,
    "goal": {
        "indicator": "nps",
        "breakdown": "all",
        "value": "all",
        "now": 30.0,
        "target": 38.0,
        "of": "year",
    },
}


def kept(**goal: Any) -> dict[str, Any]:
    return {"as_of": "2024-07-01", "plan": [ACTION | {"goal": ACTION["goal"] | goal if goal else None}]}


@pytest.mark.parametrize(
    ("then", "target", "verdict"),
    [
        (30.0, 38.0, "reached"),
        (30.0, 40.0, "reached"),
        (30.0, 45.0, "closer"),
        (40.0, 45.0, "not_closer"),
        (39.6, 45.0, "not_closer"),
        (39.4, 45.0, "closer"),
        (50.0, 60.0, "not_closer"),
        (50.0, 45.0, "reached"),
        (50.0, 35.0, "closer"),
    ],
)
def test_the_verdict_on_a_figure_that_is_40_now(
    told: Assessment, then: float, target: float, verdict: str
) -> None:
    (one,) = followed(kept(now=then, target=target), told)
    assert (one.then, one.target, one.now, one.verdict) == (then, target, 40.0, verdict)


def test_a_goal_of_months_is_followed_in_the_newest_month(told: Assessment) -> None:
    """In December 2024 f alone answers, with 6: −100."""
    (one,) = followed(kept(of="month"), told)
    assert one.now == -100


def test_the_money_at_risk_then_and_now(told: Assessment) -> None:
    (one,) = followed(kept(of="year"), told)
    assert (one.at_risk, one.at_risk_now) == (500.0, 240.0)
    (unknown,) = followed(kept(of="year"), replace(told, sheets={}))
    assert isnan(unknown.at_risk_now)
    sums = told.sheets["weak_points"]
    gone = replace(told, sheets={"weak_points": sums[sums.weak_point != "service"]})
    (nothing_left,) = followed(kept(of="year"), gone)
    assert nothing_left.at_risk_now == 0


def test_what_is_not_measured_any_more_can_not_be_told(told: Assessment) -> None:
    for goal in ({}, {"indicator": "gone"}, {"breakdown": "touchpoint", "value": "gone"}):
        (one,) = followed(kept(**goal), told)
        assert one.verdict == "unknown"


def test_without_a_plan_nothing_is_followed(told: Assessment) -> None:
    assert followed(None, told) == []
    assert followed({"as_of": "2024-07-01", "plan": None}, told) == []
