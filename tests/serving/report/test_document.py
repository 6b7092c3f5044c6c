"""The assessment for programs."""

from __future__ import annotations

import json
from datetime import datetime

import pandas as pd

from features.indicators.alarms import Alarm
from features.indicators.assess import Assessment
from features.indicators.measure import book
from serving.report.document import document


def test_it_is_valid_json_and_says_what_the_page_says(told: Assessment, lost: pd.DataFrame) -> None:
    found = document(told, "EUR", lost)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["as_of"] == "2025-01-01"
    assert {one["name"] for one in found["indicators"]} == {one["indicator"] for one in found["period"]}
    nps = next(one for one in found["period"] if (one["indicator"], one["value"]) == ("nps", "all"))
    assert nps["figure"] == 40
    assert len([one for one in found["months"] if (one["indicator"], one["value"]) == ("nps", "all")]) == 24
    assert sum(one["change"] for one in found["gains"]["all"]) == found["revenue"][0]["change"] == 410
    assert found["weak_points"][0]["money"] == 240
    assert found["not_measured"] == []


def test_without_orders_and_scores_these_are_null(told: Assessment) -> None:
    found = document(Assessment(told.measured, [], 0, None), "EUR")
    absent = ("revenue", "gains", "groups", "moves", "concentration", "weak_points")
    assert [found[name] for name in absent] == [None] * len(absent)


def test_an_alarm_names_its_indicator_and_cause(told: Assessment) -> None:
    since = datetime.fromisoformat("2024-10-01")
    alarm = Alarm(book()["nps"], "all", "all", since, 3.0, 9.0, 1e-6, cause=("touchpoint", "mail", 0.7))
    found = document(Assessment(told.measured, [alarm], 1, None), "EUR")["alarms"]
    assert found == [
        {
            "indicator": "nps",
            "breakdown": "all",
            "value": "all",
            "since": "2024-10-01",
            "figure": 3.0,
            "expected": 9.0,
            "p": 1e-6,
            "limit": None,
            "cause": {"breakdown": "touchpoint", "value": "mail", "share": 0.7},
        }
    ]
