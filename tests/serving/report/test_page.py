"""The page: whole by itself, all links lead somewhere, nothing is left out, and everybody can read it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.indicators.assess import Assessment, assess
from features.indicators.measure import book
from features.sources import source_from_rows
from serving.report.page import page
from tests.features.indicators.conftest import AS_OF, COMPANY


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
        self.text += data

    def all(self, attribute: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(attribute))]


@pytest.fixture(scope="module")
def html(told: Assessment, lost: pd.DataFrame) -> str:
    return page(told, "shop <of> seven", "EUR", lost)


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


def test_every_figure_stands_there_with_its_definition(html: str, told: Assessment) -> None:
    text = Tags(html).text
    for indicator in told.measured.measured:
        assert text.count(indicator.title) >= 2
        assert f'href="#def-{indicator.name}"' in html
    assert "EUR 660" in text
    assert "40.0 points" in text
    assert not re.search(r"\b(nan|None|inf)\b", text)


def test_pictures_say_what_they_show(html: str) -> None:
    pictures = [attrs for _, attrs in Tags(html).tags if attrs.get("role") == "img"]
    assert len(pictures) > 40
    assert all(attrs["aria-label"] for attrs in pictures)
    assert html.count("<svg") == len(pictures)


def test_what_comes_from_outside_is_escaped(html: str) -> None:
    assert "shop &lt;of&gt; seven" in html


def test_what_is_not_measured_is_listed_with_what_to_collect(told: Assessment) -> None:
    some = [one for one in told.measured.measured if one.group != "satisfaction"]
    gone = [one for one in book() if one.group == "satisfaction"]
    told_less = replace(told, measured=replace(told.measured, measured=some, missing=gone), buying=None)
    text = Tags(page(told_less, "shop", "EUR")).text
    section = text[text.index("The source lacks") : text.index("Steady: the change")]
    assert all(one.title in section and one.collect in section for one in gone)
    assert "Why revenue changed" not in text


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
    text = Tags(page(told, "shop", "EUR")).text
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
    text = Tags(page(told, "shop", "EUR")).text
    assert told.alarms == []
    assert "early warning" in text
    assert not re.search(r"\b(nan|inf)\b", text)


def test_no_serious_finding_of_axe(html: str, tmp_path: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    file = tmp_path / "report.html"
    file.write_text(html, encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        sheet = browser.new_page(viewport={"width": 400, "height": 800})
        sheet.goto(file.as_uri())
        found = Axe().run(sheet).response["violations"]
        wide = sheet.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        browser.close()
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    assert wide <= 0
