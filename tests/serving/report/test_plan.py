"""The plan by hand: which measure fits, where to begin, and what it is measured by."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from math import isnan, sqrt

import pytest

from configs.loading import load
from configs.settings import Measure, Measures
from features.indicators.alarms import Alarm
from features.indicators.assess import Assessment
from features.indicators.measure import book
from features.indicators.weak_points import ranked
from serving.report.plan import plan
from tests.features.indicators.conftest import AS_OF
from tests.serving.report.conftest import SCORES

WORDS = {"en": "Do it."}


def measure(weak_point: str, *measured_by: str, worse: tuple[str, ...] = ()) -> Measure:
    return Measure(
        weak_point=weak_point, worse=worse, days=30, measured_by=measured_by, owner={"en": "Kim"}, do=WORDS
    )


def test_the_plan_of_those_that_amity_brings(told: Assessment) -> None:
    service, rhythm = plan(told, SCORES, load(Measures))
    assert (service.weak_point, rhythm.weak_point) == ("service", "rhythm")
    assert (service.since, service.breakdown) == (None, "all")
    assert (service.customers, service.at_risk) == (2, 240)
    assert service.saved == pytest.approx(120)
    assert service.low < service.saved < service.high
    assert service.due == datetime.fromisoformat("2025-04-01")  # 90 days after New Year
    assert "complaints" in service.measure.do["en"]


ALARM = Alarm(
    book()["nps"], "touchpoint", "mail", AS_OF, 3.0, 9.0, 1e-6, money=80.0, money_low=50.0, money_high=110.0
)


def warned(told: Assessment) -> Assessment:
    """With one early warning, of satisfaction at one touchpoint."""
    points = ranked([ALARM], told.measured, told.sheets["weak_points"])
    return replace(told, alarms=[ALARM], weak_points=points)


def test_the_first_measure_that_fits(told: Assessment) -> None:
    first, second = measure("service", "csat", worse=("returned_share",)), measure("service", "nps")
    measures = Measures(measures=(first, second))
    assert [action.measure for action in plan(told, SCORES, measures)] == [second]
    assert [action.measure for action in plan(worsened(told), SCORES, measures)] == [first]


def test_what_warns_comes_first_with_what_it_has_cost(told: Assessment) -> None:
    measures = Measures(measures=(measure("satisfaction", "csat"), measure("service", "csat")))
    action, _ = plan(warned(told), SCORES, measures)
    assert (action.weak_point, action.breakdown, action.value) == ("satisfaction", "touchpoint", "mail")
    assert (action.since, action.saved, action.low, action.high) == (AS_OF, 80, 50, 110)
    assert action.goal is not None
    assert (action.goal.breakdown, action.goal.value) == ("touchpoint", "mail")
    assert (action.goal.now, action.goal.target, action.goal.reason, action.goal.of) == (
        3,
        9,
        "back",
        "month",
    )
    (alone,) = plan(warned(told), None, measures)
    assert alone == action


def worsened(told: Assessment) -> Assessment:
    """The share returned by more than chance: 90 of 660, a year before 5 of 250."""
    period = told.measured.period.assign(
        significant=lambda f: f.indicator == "returned_share", p=lambda f: f.p.fillna(0.001)
    )
    return replace(told, measured=replace(told.measured, period=period))


def test_a_goal_is_beyond_chance_or_the_least_change(told: Assessment) -> None:
    """Of 5 answers 4 promoters... by the error of the frame; revenue is no sample: 5 % of it."""
    measures = Measures(measures=(measure("service", "nps"), measure("rhythm", "revenue")))
    service, rhythm = plan(told, SCORES, measures)
    row = told.measured.period.set_index(["indicator", "value"]).loc[("nps", "all")]
    assert service.goal is not None
    assert service.goal.target == pytest.approx(40 + 1.959964 * sqrt(2) * row["error"])
    assert service.goal.reason == "chance"
    assert rhythm.goal is not None
    assert (rhythm.goal.now, rhythm.goal.target, rhythm.goal.reason) == (660, pytest.approx(693), "least")


def test_a_goal_goes_back_where_it_got_worse(told: Assessment) -> None:
    (action,) = plan(worsened(told), SCORES, Measures(measures=(measure("service", "returned_share"),)))
    assert action.goal is not None
    assert action.goal.reason == "back"
    assert action.goal.now == pytest.approx(90 / 660)
    assert action.goal.target == pytest.approx(5 / 250)


def test_without_the_indicator_there_is_no_goal_and_without_a_measure_no_action(told: Assessment) -> None:
    less = replace(told, measured=replace(told.measured, measured=[book()["revenue"]]))
    (action,) = plan(less, SCORES, Measures(measures=(measure("service", "nps"),)))
    assert action.goal is None


def test_it_begins_where_more_of_it_lies_than_of_others(told: Assessment) -> None:
    """Of service 40 of 240 lie with the young, of rhythm none: so less than of all for rhythm."""
    sums = told.sheets["weak_points"]
    parts = sums[sums.breakdown == "segment"].set_index(["weak_point", "value"]).money.to_dict()
    assert parts == {("service", "old"): 200, ("rhythm", "old"): 150, ("service", "young"): 40}
    only = replace(told, sheets={"weak_points": sums[sums.breakdown.isin(["all", "segment"])]})
    assert [one.begin for one in plan(only, SCORES, load(Measures))] == [
        None,
        None,
    ]  # of one or two customers
    measured = replace(told.measured, rules=replace(told.measured.rules, few=1))
    service, rhythm = plan(replace(only, measured=measured), SCORES, load(Measures))
    assert service.begin is not None
    assert service.begin[:2] == ("segment", "young")
    assert service.begin[2] == pytest.approx(40 / 240)
    assert rhythm.begin is not None
    assert rhythm.begin == ("segment", "old", 1.0)


def test_what_the_scores_do_not_tell_is_null(told: Assessment) -> None:
    scores = SCORES.drop(columns=[f"weak_point_{at}_repaired" for at in (1, 2, 3)])
    assert all(isnan(action.saved) for action in plan(told, scores, load(Measures)))
