"""Sentences that say what the figures say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd
import pytest

from features.indicators.alarms import Alarm
from features.indicators.assess import Assessment
from features.indicators.measure import book
from features.indicators.streams import STREAMS
from features.indicators.tree import Branch, Sales
from serving.report import says
from serving.report.plan import Goal
from serving.report.wording import Wording
from tests.serving.report.conftest import ENGLISH

NEWEST = datetime.fromisoformat("2025-06-01")
SINCE = datetime.fromisoformat("2025-04-01")
ALARM = Alarm(
    book()["first_response_hours"], "ticket_channel", "phone", SINCE, 60.04, 20.0, 1e-7,
)  # fmt: skip
GERMAN, CHINESE = Wording("de", "EUR"), Wording("zh", "EUR")


@pytest.mark.parametrize(
    ("alarm", "text"),
    [
        (
            ALARM,
            "Hours to the first answer (channel of the ticket phone): 60.0 since April 2025, "
            "where 20.0 was to be expected.",
        ),
        (
            replace(ALARM, breakdown="all", value="all", since=NEWEST),
            "Hours to the first answer: 60.0 in June 2025, where 20.0 was to be expected.",
        ),
        (
            replace(ALARM, breakdown="all", value="all", since=NEWEST, expected=None, p=None, limit=48.0),
            "Hours to the first answer: 60.0 in June 2025, beyond the limit of 48.0.",
        ),
    ],
)
def test_an_alarm(alarm: Alarm, text: str) -> None:
    assert says.alarm(alarm, NEWEST, ENGLISH) == text


def test_an_alarm_in_other_languages() -> None:
    assert says.alarm(ALARM, NEWEST, GERMAN) == (
        "Stunden bis zur ersten Antwort (Anfragekanal phone): 60,0 seit April 2025, wo 20,0 zu erwarten war."
    )
    assert says.alarm(ALARM, NEWEST, CHINESE) == (
        "首次答复时长（工单渠道：phone）：自2025年4月以来为 60.0 小时，而预期为 20.0 小时。"
    )


def test_the_cause_of_an_alarm() -> None:
    assert says.cause(ALARM, ENGLISH) == ""
    caused = replace(ALARM, cause=("topic", "delivery", 0.614))
    assert says.cause(caused, ENGLISH) == "Likely cause: 61 % of the excess is of topic delivery."
    beyond = replace(ALARM, cause=("topic", "delivery", 1.3))
    assert (
        says.cause(beyond, GERMAN)
        == "Wahrscheinliche Ursache: 100 % der Abweichung liegen bei Thema delivery."
    )


def test_why_revenue_changed_begins_with_the_largest_cause() -> None:
    branch = Branch(
        "year", "year_before", Sales(900, 9, 5), Sales(1000, 10, 5),
        {"buyers": 0.0, "frequency": -105.36, "basket": 5.36},
    )  # fmt: skip
    assert says.revenue(branch, ENGLISH) == (
        "The last twelve months brought in EUR 900, the twelve before EUR 1,000: "
        "−EUR 105 from how often each bought, +EUR 5.36 from the basket."
    )
    assert says.revenue(replace(branch, parts={}), ENGLISH).endswith("EUR 1,000.")
    assert (
        says.revenue(replace(branch, parts={}), CHINESE)
        == "最近十二个月收入 900 欧元，此前十二个月 1,000 欧元。"
    )


def test_changes_tell_the_worse_first(told: Assessment) -> None:
    """From nobody to three of five with two orders; returned 5 of 250, now 90 of 660; revenue up."""
    some = ["revenue", "repeat_rate", "returned_share"]
    period = told.measured.period.assign(significant=lambda f: f.indicator.isin(some), p=0.001)
    found = list(says.changes(replace(told.measured, period=period), ENGLISH))
    assert found[0][0] == "returned_share"
    assert {name: verdict for name, verdict, _ in found} == {
        "returned_share": "worse",
        "repeat_rate": "better",
        "revenue": "better",
    }
    said = next(said for name, _, said in found if name == "revenue")
    assert said == "Revenue: EUR 660, a year before EUR 250."


def test_movement_leaves_out_who_stayed_and_who_never_bought() -> None:
    moves = pd.DataFrame(
        {
            "before": ["loyal", "loyal", "not yet customers"],
            "now": ["loyal", "lost", "newcomers"],
            "customers": [50, 1200, 90],
        }
    )
    assert list(says.movement(moves, ENGLISH)) == ["1,200 customers went from loyal to lost."]
    assert list(says.movement(moves, GERMAN)) == ["1.200 Kunden: von »treu« zu »verloren«."]


def test_a_goal() -> None:
    goal = Goal(book()["nps"], "touchpoint", "shop", 4.0, 8.9, "chance")
    assert says.goal(goal, ENGLISH) == (
        "Net Promoter Score (touchpoint shop): from 4.0 points to 8.9 points, "
        "the smallest change that chance can't make."
    )


@pytest.mark.parametrize("wording", [ENGLISH, GERMAN, CHINESE], ids=lambda one: one.code)
def test_every_breakdown_has_words(wording: Wording) -> None:
    assert all(wording.has("breakdown", name) for stream in STREAMS for name in stream.breakdowns)
