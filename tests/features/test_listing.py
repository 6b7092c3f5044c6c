"""The page of the features and the catalogue hold together."""

from __future__ import annotations

import json
from pathlib import Path

from features.build import catalog
from features.listing import documents, lines, page

PAGE = Path(__file__).parents[2] / "docs" / "features.md"


def test_the_page_is_the_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs` and read what changed"


def test_every_feature_is_listed_once() -> None:
    names = [feature.name for feature in catalog({})]
    assert [line.split()[0] for line in lines()] == names
    assert [document["name"] for document in documents()] == names
    assert all(page().count(f"| `{name}` |") == 1 for name in names)


def test_the_documents_are_valid_json() -> None:
    assert json.loads(json.dumps(documents(), allow_nan=False)) == documents()
