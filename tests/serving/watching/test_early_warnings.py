"""The early warnings that were kept, over HTTP and for Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving.locks.roles import ROLES
from serving.report import kept

ALARM: dict[str, Any] = {
    "indicator": "complaint_rate",
    "title": "Complaints per 100 orders",
    "breakdown": "segment",
    "value": "student",
    "since": "2025-04-01",
    "figure": 9.5,
    "expected": 5.0,
    "p": 1e-6,
    "limit": None,
    "cause": {"breakdown": "topic", "value": "late", "share": 0.7},
    "money": 1200.0,
    "money_low": 800.0,
    "money_high": 1600.0,
    "says": "Complaints per 100 orders (segment student): 9.5 since April 2025.",
}
DOCUMENT = {
    "as_of": "2025-07-01",
    "source": "shop",
    "currency": "EUR",
    "watched_indicators": ["nps", "complaint_rate"],
    "alarms": [ALARM],
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))
    return tmp_path


def gauges(house: Any) -> dict[tuple[str, str], float]:
    """By name and indicator."""
    return {
        (sample.name, sample.labels.get("indicator", "")): sample.value
        for family in text_string_to_metric_families(house.get("/metrics").text)
        for sample in family.samples
        if "alarm" in sample.name or "assessment" in sample.name
    }


def test_without_an_assessment_there_are_none(house: Any) -> None:
    nothing = {"as_of": None, "currency": None, "watched": [], "alarms": []}
    assert house.get("/alarms").json() == nothing
    assert gauges(house) == {}


def test_the_alarms_that_were_kept_last(house: Any) -> None:
    kept.keep(DOCUMENT | {"as_of": "2025-06-01", "alarms": []}, "")
    kept.keep(DOCUMENT, "")
    told = house.get("/alarms").json()
    assert (told["as_of"], told["watched"]) == ("2025-07-01", ["nps", "complaint_rate"])
    assert told["alarms"] == [ALARM]


def test_every_role_may_see_them(locked: Any) -> None:
    kept.keep(DOCUMENT, "")
    assert {role: locked.get("/alarms", role).status_code for role in ROLES} == dict.fromkeys(ROLES, 200)


def test_prometheus_reads_which_warn_and_which_are_watched(house: Any) -> None:
    passed = ALARM | {"indicator": "lapsed_share", "figure": 0.3, "expected": None, "p": None, "limit": 0.2}
    kept.keep(DOCUMENT | {"alarms": [ALARM, passed]}, "")
    found = gauges(house)
    assert found.pop(("amity_assessment_age_seconds", "")) > 0
    assert found == {
        ("amity_alarms", ""): 2,
        ("amity_alarm", "nps"): 0,
        ("amity_alarm", "complaint_rate"): 1,
        ("amity_alarm", "lapsed_share"): 1,
        ("amity_alarm_figure", "complaint_rate"): 9.5,
        ("amity_alarm_figure", "lapsed_share"): 0.3,
        ("amity_alarm_expected", "complaint_rate"): 5.0,
        ("amity_alarm_expected", "lapsed_share"): 0.2,
    }


def test_one_that_can_not_be_read_is_told_and_the_other_metrics_stay(house: Any, home: Path) -> None:
    kept.keep(DOCUMENT, "")
    (home / "assessments" / "2025-07-01" / "assessment.json").write_text("{")
    reply = house.get("/alarms")
    assert reply.status_code == 503
    assert "can't be read" in reply.json()["error"]
    assert gauges(house) == {}
    assert house.get("/metrics").status_code == 200
