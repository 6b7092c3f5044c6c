"""The page of the indicators and the book hold together."""

from __future__ import annotations

import json
from pathlib import Path

from features.indicators.listing import documents, page, sheet_documents
from features.indicators.measure import book
from features.indicators.rules import Rules
from features.indicators.sheets import SHEETS

PAGE = Path(__file__).parents[3] / "docs" / "indicators.md"


def test_the_page_is_the_book() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs` and read what changed"


def test_every_indicator_is_listed_once_in_words_without_braces() -> None:
    assert all(page().count(f"| `{indicator.name}` |") == 1 for indicator in book())
    assert "{" not in page()
    assert all(page().count(f"| `{sheet.name}` |") == 1 for sheet in SHEETS)


def test_the_documents_are_valid_json() -> None:
    found = documents(Rules(active_months=6))
    tables = sheet_documents(Rules(active_months=6))
    assert json.loads(json.dumps([found, tables], allow_nan=False)) == [found, tables]
    told = {document["name"]: document["definition"] for document in found}
    assert "in the 6 months" in str(told["active_customers"])
