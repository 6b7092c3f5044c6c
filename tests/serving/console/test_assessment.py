"""The first page: the assessment that was kept last, and the whole report behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from configs.settings import Measures, load
from features.indicators.assess import assess
from features.sources import source_from_rows
from serving.report import kept
from serving.report.document import document
from serving.report.findings import Looked, findings
from serving.report.page import page
from serving.report.wording import Wording
from tests.features.indicators.conftest import AS_OF, COMPANY
from tests.serving.house import house
from tests.serving.report.conftest import SCORES

__all__ = ["house"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A German assessment is kept in it, and one of half a year before."""
    folder = tmp_path_factory.mktemp("assessed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AMITY_HOME", str(folder))
        tables = source_from_rows(COMPANY).tables
        told = assess(tables, AS_OF, scores=SCORES)
        wording, measures = Wording("de", "EUR", told.measured.rules), load(Measures)
        looked = Looked(told, tables, "shop", ("nps",), SCORES)
        earlier = document(findings(looked, measures), wording, with_ids=False) | {"as_of": "2024-07-01"}
        kept.keep(earlier, "")
        before = kept.before(datetime.fromisoformat("2025-01-01"), "shop")
        found = findings(looked, measures, before)
        kept.keep(document(found, wording, with_ids=False), page(found, wording))
        yield folder


@pytest.mark.usefixtures("home")
def test_it_tells_figures_weak_points_plan_and_what_became_of_the_last(
    house: Any, read_page: Callable[[str], Any]
) -> None:
    found = read_page(house.get("/pages/assessment").text)
    assert "Kundenbeziehungen zum 1. Januar 2025" in found.text
    assert "Umsatz 660 EUR" in found.text
    assert "Service 2 240 EUR" in found.text
    assert "/pages/at-risk?weak_point=service" in found.links
    assert "Behebung würde 120 EUR" in found.text
    assert "Was aus dem letzten Plan wurde" in found.text
    assert "/pages/assessment/report" in found.links


@pytest.mark.usefixtures("home")
def test_it_is_the_first_page_and_the_report_has_no_script(house: Any) -> None:
    assert house.get("/").headers["location"] == "/pages/assessment"
    reply = house.get("/pages/assessment/report")
    assert reply.status_code == 200
    assert reply.text == kept.latest_page()
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "<script" not in reply.text


def test_without_one_it_says_how_to_make_it(
    house: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read_page: Callable[[str], Any]
) -> None:
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))
    assert house.get("/").headers["location"] == "/pages/at-risk"
    found = read_page(house.get("/pages/assessment").text)
    assert "amity assess SOURCE --scores scores.csv --keep" in found.text
    reply = house.get("/pages/assessment/report")
    assert reply.status_code == 404
    assert "No assessment is kept yet" in read_page(reply.text).text
