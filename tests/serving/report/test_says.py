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

NEWEST = datetime.fromisoformat("2025-06-01")
SINCE = datetime.fromisoformat("2025-04-01")
ALARM = Alarm(
    book()["first_response_hours"], "ticket_channel", "phone", SINCE, 60.04, 20.0, 1e-7,
)  # fmt: skip


@pytest.mark.parametrize(
    ("alarm", "text"),
    [
        (
            ALARM,
            "Hours to the first answer (channel of the ticket phone): 60.0 hours since April 2025, "
            "where 20.0 hours was to be expected.",
        ),
        (
            replace(ALARM, breakdown="all", value="all", since=NEWEST, cause=("topic", "delivery", 0.614)),
            "Hours to the first answer: 60.0 hours in June 2025, where 20.0 hours was to be expected. "
            "61 % of the excess is of topic delivery.",
        ),
        (
            replace(ALARM, breakdown="all", value="all", since=NEWEST, expected=None, p=None, limit=48.0),
            "Hours to the first answer: 60.0 hours in June 2025, beyond the limit of 48.0 hours.",
        ),
    ],
)
def test_an_alarm(alarm: Alarm, text: str) -> None:
    assert says.alarm(alarm, NEWEST, "EUR") == text


def test_why_revenue_changed_begins_with_the_largest_cause() -> None:
    branch = Branch(
        "year", "year_before", Sales(900, 9, 5), Sales(1000, 10, 5),
        {"buyers": 0.0, "frequency": -105.36, "basket": 5.36},
    )  # fmt: skip
    assert says.revenue(branch, "EUR") == (
        "The last twelve months brought in EUR 900, the twelve before EUR 1,000: "
        "−EUR 105 from how often each bought, +EUR 5.36 from the basket, "
        "EUR 0 from the number of customers who bought."
    )
    assert says.revenue(replace(branch, parts={}), "EUR").endswith("EUR 1,000.")


def test_changes_tell_the_worse_first(told: Assessment) -> None:
    """From nobody to three of five with two orders; returned 5 of 250, now 90 of 660; revenue up."""
    some = ["revenue", "repeat_rate", "returned_share"]
    period = told.measured.period.assign(significant=lambda f: f.indicator.isin(some), p=0.001)
    found = list(says.changes(replace(told.measured, period=period), "EUR"))
    assert found[0][0] == "returned_share"
    assert {name: verdict for name, verdict, _ in found} == {
        "returned_share": "worse",
        "repeat_rate": "better",
        "revenue": "better",
    }
    assert (
        next(said for name, _, said in found if name == "revenue")
        == "Revenue: EUR 660, a year before EUR 250."
    )


def test_movement_leaves_out_who_stayed_and_who_never_bought() -> None:
    moves = pd.DataFrame(
        {
            "before": ["loyal", "loyal", "not yet customers"],
            "now": ["loyal", "lost", "newcomers"],
            "customers": [50, 1200, 90],
        }
    )
    assert list(says.movement(moves)) == ["1,200 went from loyal to lost."]


def test_every_breakdown_has_words() -> None:
    assert {name for stream in STREAMS for name in stream.breakdowns} == set(says.BREAKDOWNS)
