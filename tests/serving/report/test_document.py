"""The assessment for programs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from features.indicators.alarms import Alarm
from features.indicators.measure import book
from serving.report.document import document
from serving.report.findings import Findings
from serving.report.shape import Document, schema
from serving.report.wording import Wording
from tests.serving.report.conftest import ENGLISH

SCHEMA = Path(__file__).parents[3] / "docs" / "assessment.schema.json"


def test_the_schema_in_the_docs_is_that_of_the_document() -> None:
    """`make docs` writes it."""
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema()


def test_it_keeps_to_its_schema_and_says_what_the_page_says(found: Findings) -> None:
    told = document(found, ENGLISH)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert Document.model_validate_json(json.dumps(told)).model_dump(mode="json") == told
    assert (told["as_of"], told["source"], told["language"]) == ("2025-01-01", "shops/<of> seven", "en")
    assert {one["name"] for one in told["indicators"]} == {one["indicator"] for one in told["period"]}
    nps = next(one for one in told["period"] if (one["indicator"], one["value"]) == ("nps", "all"))
    assert nps["figure"] == 40
    assert len([one for one in told["months"] if (one["indicator"], one["value"]) == ("nps", "all")]) == 24
    assert sum(one["change"] for one in told["gains"]["all"]) == told["revenue"][0]["change"] == 410
    assert told["watched_indicators"] == ["nps", "complaint_rate"]
    assert told["not_measured"] == []


def test_what_scores_add(found: Findings) -> None:
    told = document(found, ENGLISH)
    points = {(one["weak_point"], one["breakdown"], one["value"]): one for one in told["weak_points"]}
    service = points["service", "all", "all"]
    assert (service["money"], service["customer_ids"]) == (240, ["a", "f"])
    assert points["rhythm", "segment", "old"]["customer_ids"] == ["b", "a"]
    assert "customers" not in told["sheets"]
    assert told["ranked"][0]["weak_point"] == "service"
    assert told["scored_as_of"] == "2025-01-01"
    plan = {action["weak_point"]: action for action in told["plan"]}
    assert plan["service"]["saved"] == pytest.approx(120)
    assert plan["service"]["due"] == "2025-04-01"
    assert plan["service"]["goal"]["indicator"] == "complaint_rate"
    assert told["followed"] == []


def test_what_is_kept_names_no_customer(found: Findings) -> None:
    told = document(found, ENGLISH, with_ids=False)
    assert {one["customer_ids"] for one in told["weak_points"]} == {None}


def test_without_orders_and_scores_these_are_null(found: Findings) -> None:
    plain = Findings(replace(found.told, buying=None, sheets={}), "shop", "shop")
    told = document(plain, ENGLISH)
    absent = ("revenue", "gains", "groups", "moves", "concentration", "weak_points", "segments")
    assert [told[name] for name in absent] == [None] * len(absent)


def test_an_alarm_names_its_indicator_and_cause(found: Findings) -> None:
    since = datetime.fromisoformat("2024-10-01")
    cost = {"money": 80.0, "money_low": 50.0, "money_high": 110.0}
    cause = ("touchpoint", "mail", 0.7)
    alarm = Alarm(book()["nps"], "all", "all", since, 3.0, 9.0, 1e-6, cause=cause, **cost)
    warned = replace(found, told=replace(found.told, alarms=[alarm]))
    (told,) = document(warned, Wording("de", "EUR"))["alarms"]
    assert (told["indicator"], told["since"], told["expected"]) == ("nps", "2024-10-01", 9.0)
    assert told["cause"] == {"breakdown": "touchpoint", "value": "mail", "share": 0.7}
    assert told["says"] == (
        "Net Promoter Score: 3,0 Punkte seit Oktober 2024, wo 9,0 Punkte zu erwarten war. "
        "Wahrscheinliche Ursache: 70 % der Abweichung liegen bei Kontaktpunkt mail. "
        "Es hat seither 80,00 EUR gekostet (50,00 EUR bis 110 EUR)."
    )
