"""The first page: the assessment that was kept last, and the whole report behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving.report import kept
from serving.report.shape import Document, PeriodPart
from tests.serving.house import house

__all__ = ["house"]
REPORT = "<!doctype html><title>Report</title><style>p { color: red; }</style>"


def figure(indicator: str, now: float, before: float, significant: bool) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(PeriodPart.model_fields)
    row |= {"indicator": indicator, "breakdown": "all", "value": "all", "few": False, "months": 12}
    return row | {
        "figure": now,
        "before": before,
        "change": now - before,
        "p": 0.001,
        "significant": significant,
    }


def weak_point(name: str, money: float) -> dict[str, Any]:
    place = {"weak_point": name, "breakdown": "all", "value": "all", "customers": 2}
    return place | {"money": money, "clv": 900.0, "share": 1.0, "customer_ids": None}


ACTION: dict[str, Any] = {
    "weak_point": "service",
    "breakdown": "all",
    "value": "all",
    "since": None,
    "customers": 2,
    "at_risk": 240.0,
    "saved": 120.0,
    "saved_low": 80.0,
    "saved_high": 160.0,
    "begin": None,
    "do": {"en": "Answer faster.", "de": "Schneller antworten."},
    "owner": {"en": "Kim", "de": "Kim aus Köln"},
    "due": "2025-04-01",
    "goal": None,
    "says": "Schneller antworten.",
}
WARNED = ACTION | {
    "weak_point": "product",
    "breakdown": "category",
    "value": "toys",
    "since": "2024-12-01",
    "customers": None,
    "at_risk": None,
}
OUTCOME: dict[str, Any] = {
    "weak_point": "service",
    "do": {"de": "Antworten."},
    "owner": {"de": "Kim"},
    "due": "2024-10-01",
    "indicator": "nps",
    "breakdown": "all",
    "value": "all",
    "then": 30.0,
    "target": 38.0,
    "now": 40.0,
    "verdict": "reached",
    "at_risk": 300.0,
    "at_risk_now": 240.0,
    "says": "Net Promoter Score: damals 30,0 Punkte, Ziel 38,0 Punkte, jetzt 40,0 Punkte.",
}
DOCUMENT: dict[str, Any] = {
    "as_of": "2025-01-01",
    "source": "data/shop",
    "language": "de",
    "currency": "EUR",
    "rules": {"confidence": 0.9},
    "indicators": [],
    "period": [figure("revenue", 660, 250, True), figure("nps", 40, 38, False)],
    "months": [],
    "alarms": [],
    "watched": 7,
    "watched_indicators": ["nps"],
    "revenue": None,
    "gains": None,
    "groups": None,
    "moves": None,
    "concentration": None,
    "scored_as_of": "2025-01-01",
    "ranked": [],
    "weak_points": [weak_point("service", 240.0), weak_point("rhythm", 150.0)],
    "sheets": {},
    "segments": [],
    "plan": [WARNED, ACTION],
    "plan_before": "2024-07-01",
    "followed": [OUTCOME],
    "not_measured": [],
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))


@pytest.fixture
def kept_one() -> None:
    kept.keep(Document.model_validate(DOCUMENT).model_dump(mode="json"), REPORT)


@pytest.mark.usefixtures("kept_one")
def test_it_tells_figures_weak_points_plan_and_what_became_of_the_last(
    house: Any, read_page: Callable[[str], Any]
) -> None:
    html = house.get("/pages/assessment").text
    found = read_page(html)
    assert '<div lang="de">' in html
    assert "Kundenbeziehungen zum 1. Januar 2025" in found.text
    assert "shop · der ganze Bericht" in found.text
    assert "Umsatz 660 EUR +164,0 %, besser" in found.text
    assert "Net Promoter Score 40,0 Punkte +2,0, unverändert" in found.text
    assert "Von 7 beobachteten Vergleichen" in found.text
    assert "Service 2 240 EUR Rhythmus 2 150 EUR" in found.text
    assert "/pages/at-risk?weak_point=service" in found.links
    assert "Produkt (Warengruppe toys) · Kim aus Köln, bis 1. April 2025." in found.text
    assert "Es hat seither 120 EUR (80,00 EUR bis 160 EUR) gekostet." in found.text
    assert "Behebung würde 120 EUR (80,00 EUR bis 160 EUR) retten." in found.text
    assert "jetzt 40,0 Punkte. erreicht" in found.text


def test_weak_points_stand_in_the_order_of_the_report(house: Any, read_page: Callable[[str], Any]) -> None:
    place = {"breakdown": "all", "value": "all", "since": None, "low": None, "high": None, "customers": 2}
    ranked = [{"weak_point": name, "money": 1.0, "says": name, **place} for name in ("rhythm", "service")]
    ordered = Document.model_validate(DOCUMENT | {"ranked": ranked})
    kept.keep(ordered.model_dump(mode="json"), REPORT)
    text = read_page(house.get("/pages/assessment").text).text
    assert "Rhythmus 2 150 EUR Service 2 240 EUR" in text


@pytest.mark.usefixtures("kept_one")
def test_it_is_the_first_page_and_the_report_has_no_script(house: Any) -> None:
    assert house.get("/").headers["location"] == "/pages/assessment"
    reply = house.get("/pages/assessment/report")
    assert (reply.status_code, reply.text) == (200, REPORT)
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy


def test_without_one_it_says_how_to_make_it(house: Any, read_page: Callable[[str], Any]) -> None:
    assert house.get("/").headers["location"] == "/pages/at-risk"
    found = read_page(house.get("/pages/assessment").text)
    assert "amity assess SOURCE --keep" in found.text
    reply = house.get("/pages/assessment/report")
    assert reply.status_code == 404
    assert "No assessment is kept yet" in read_page(reply.text).text


def test_without_scores_the_weak_points_are_not_measured(house: Any, read_page: Callable[[str], Any]) -> None:
    less = {"weak_points": None, "segments": None, "plan": [], "scored_as_of": None, "followed": []}
    kept.keep(Document.model_validate(DOCUMENT | less).model_dump(mode="json"), REPORT)
    text = read_page(house.get("/pages/assessment").text).text
    assert "Nicht gemessen: Kunden müssen zu einem Tag dieses Monats bewertet sein" in text
    assert "Maßnahmenplan" not in text
