"""The page: whole by itself, all links lead somewhere, nothing is left out, and everybody can read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from features.indicators.alarms import Alarm
from features.indicators.assess import assess
from features.indicators.measure import book
from features.indicators.sheets import SHEETS
from features.sources import source_from_rows
from serving.report.document import document
from serving.report.findings import Findings
from serving.report.followed import followed
from serving.report.page import page
from serving.report.wording import Wording
from tests.features.indicators.conftest import AS_OF, COMPANY
from tests.serving.report.conftest import ENGLISH

SINCE = datetime.fromisoformat("2024-10-01")
ALARM = Alarm(book()["nps"], "all", "all", SINCE, 3.0, 9.0, 1e-6, cause=("touchpoint", "mail", 0.7))

NAMES = {"a": "customer-of-old-0001", "b": "customer-of-old-0002", "f": "customer-young-0006"}


class Tags(HTMLParser):
    """All tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data.replace("\N{NO-BREAK SPACE}", " ")

    def all(self, attribute: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(attribute))]


@pytest.fixture(scope="module")
def whole(found: Findings) -> Findings:
    """With an alarm, and with a plan before that is the same."""
    warned = replace(found, told=replace(found.told, alarms=[ALARM]))
    before = document(found, ENGLISH) | {"as_of": "2024-07-01"}
    sums = found.sums.assign(example=[NAMES[one] for one in found.sums.example])
    told = replace(warned.told, sheets={**warned.told.sheets, "weak_points": sums})
    return replace(warned, told=told, before=before, followed=followed(before, told))


@pytest.fixture(scope="module")
def html(whole: Findings) -> str:
    return page(whole, ENGLISH)


def test_it_needs_no_other_file(html: str) -> None:
    found = Tags(html)
    assert not [tag for tag, _ in found.tags if tag in ("script", "link", "img", "iframe")]
    assert set(re.findall(r"https?://[^\s\"'<)]+", html)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert all(href.startswith("#") for tag, attrs in found.tags if tag == "a" and (href := attrs["href"]))
    assert len(html) < 5_000_000


def test_every_link_leads_somewhere_and_names_are_given_once(html: str) -> None:
    found = Tags(html)
    names = found.all("id")
    assert len(names) == len(set(names))
    links = [href[1:] for tag, attrs in found.tags if tag == "a" and (href := attrs["href"])]
    assert set(links) <= set(names)


def test_every_figure_stands_there_with_its_definition_and_the_way_to_its_rows(
    html: str, whole: Findings
) -> None:
    text = Tags(html).text
    for indicator in whole.told.measured.measured:
        assert text.count(indicator.title) >= 2
        assert f'href="#def-{indicator.name}"' in html
        assert f"amity rows 'shops/<of> seven' {indicator.name} --as-of 2025-01-01 --out rows.csv" in text
    assert "EUR 660" in text
    assert "40.0 points" in text
    assert not re.search(r"\b(nan|None|inf)\b", text)


def test_weak_points_plan_alarms_and_what_became_of_the_last_plan(html: str) -> None:
    text = " ".join(Tags(html).text.split())
    assert "service: EUR 240 at risk with 2 customers." in text
    assert "EUR 120 (" in text
    assert "Head of customer service" in text
    assert "Net Promoter Score: 3.0 points since October 2024, where 9.0 points was to be expected." in text
    assert "Likely cause: 70 % of the excess is of touchpoint mail." in text
    assert "The plan of 1 July 2024." in text
    assert "amity at-risk --weak-point service --top 2" in text


def test_it_names_no_customer(html: str, whole: Findings) -> None:
    assert {*whole.sums.example} <= {*NAMES.values()}
    assert len(whole.sums) > 2
    assert not any(name in html for name in NAMES.values())


def test_pictures_say_what_they_show(html: str) -> None:
    pictures = [attrs for _, attrs in Tags(html).tags if attrs.get("role") == "img"]
    assert len(pictures) > 40
    assert all(attrs["aria-label"] for attrs in pictures)
    assert html.count("<svg") == len(pictures)


def test_what_comes_from_outside_is_escaped(html: str) -> None:
    assert "&lt;of&gt; seven" in html
    assert "<of>" not in html


def test_what_is_not_measured_is_listed_with_what_to_collect(found: Findings) -> None:
    measured = found.told.measured
    some = [one for one in measured.measured if one.group != "satisfaction"]
    gone = [one for one in book() if one.group == "satisfaction"]
    gone_sheets = [sheet for sheet in SHEETS if sheet.group == "satisfaction"]
    less = replace(
        found.told,
        measured=replace(measured, measured=some, missing=gone),
        buying=None,
        sheets={},
        lacking=gone_sheets,
    )
    text = Tags(page(Findings(less, "shop", "shop"), ENGLISH)).text
    assert all(one.title in text and one.collect in text for one in (*gone, *gone_sheets))
    assert "Why revenue changed" not in text
    assert "amity score shop --out scores.csv" in text


def test_with_a_year_nothing_is_compared() -> None:
    orders = [
        {
            "order_id": f"{at} {month}",
            "customer_id": str(at),
            "ordered_at": f"2024-{month:02}-02",
            "amount": 9.0,
        }
        for at in range(9)
        for month in range(1, 13)
    ]
    told = assess(source_from_rows({"orders": orders}).tables, AS_OF)
    assert told.buying is not None
    assert not told.buying.compared
    text = Tags(page(Findings(told, "shop", "shop"), ENGLISH)).text
    assert "No early warning can be told" in text
    assert "No change can be told yet: there is no year before to compare with." in text
    assert "The orders don't reach back far enough to compare revenue with a year before." in text
    assert "New customers (of 1 month, few cases)" in text
    assert "Gains and losses" not in text
    assert "The largest moves" not in text


@pytest.mark.parametrize(
    "rows",
    [
        {"subscriptions": COMPANY["subscriptions"]},
        {"orders": [{"order_id": "1", "customer_id": "a", "ordered_at": "2024-12-31", "amount": 0}]},
    ],
)
def test_hardly_anything_is_told_as_that(rows: dict[str, list[dict[str, Any]]]) -> None:
    told = assess(source_from_rows(rows).tables, AS_OF)
    text = Tags(page(Findings(told, "shop", "shop"), ENGLISH)).text
    assert told.alarms == []
    assert "early warning" in text
    assert not re.search(r"\b(nan|inf)\b", text)


ENGLISH_WORDS = r"\b(the|were|customers|with|from|better|worse|steady|year|before|figure|rows)\b"


@pytest.fixture(scope="module", params=["de", "zh"])
def translated(request: pytest.FixtureRequest, whole: Findings) -> tuple[str, str]:
    """The language and the page in it."""
    return request.param, page(whole, Wording(request.param, "EUR"))


def test_in_other_languages_no_english_is_left(translated: tuple[str, str]) -> None:
    """But for commands and what the company itself names."""
    code, html = translated
    assert f'<html lang="{code}">' in html
    text = Tags(re.sub(r"(?s)<(style|code).*?</\1>|<td>amity .*?</td>", "", html)).text
    assert set(re.findall(ENGLISH_WORDS, text)) == set()


@pytest.fixture(scope="module")
def browse() -> Any:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browse: Any, html: str, tmp_path: Path) -> Any:
    file = tmp_path / "report.html"
    file.write_text(html, encoding="utf-8")
    sheet = browse.new_page(viewport={"width": 400, "height": 800})
    sheet.goto(file.as_uri())
    return sheet


def test_no_serious_finding_of_axe_and_no_label_on_another(
    html: str, browse: Any, tmp_path: Path, overlaps: Callable[[Any], list[str]]
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    sheet = opened(browse, html, tmp_path)
    found = Axe().run(sheet).response["violations"]
    wide = sheet.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert wide <= 0
    assert overlaps(sheet) == []


def test_no_label_on_another_in_other_languages(
    translated: tuple[str, str], browse: Any, tmp_path: Path, overlaps: Callable[[Any], list[str]]
) -> None:
    assert overlaps(opened(browse, translated[1], tmp_path)) == []


def test_labels_on_another_and_cut_ones_are_found(
    browse: Any, tmp_path: Path, overlaps: Callable[[Any], list[str]]
) -> None:
    texts = (
        '<text x="5" y="20">one</text><text x="8" y="22">two</text><text x="90" y="50">far too long</text>'
    )
    drawn = f'<div class="picture"><svg viewBox="0 0 100 60" width="100">{texts}</svg></div>'
    assert overlaps(opened(browse, drawn, tmp_path)) == ["one on two", "far too long is cut"]
