"""What the demo knows, and whose home it uses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from demo.stories import STORIES, story, tables
from features.errors import ConfigError


def made(folder: Path) -> None:
    folder.mkdir()
    (folder / "orders.csv").write_text("order_id")


def test_tables_are_made_once(tmp_path: Path) -> None:
    told = replace(STORIES["cdnow"], make=made)
    folder = Path(tables(told, tmp_path))
    assert folder == tmp_path / "data" / "cdnow"
    (folder / "orders.csv").write_text("mine")
    assert tables(told, tmp_path) == folder
    assert (folder / "orders.csv").read_text() == "mine"


def test_a_source_of_ones_own_is_taken_as_it_is(tmp_path: Path) -> None:
    assert tables(story("postgresql://db/shop"), tmp_path) == "postgresql://db/shop"
    assert not list(tmp_path.iterdir())


def test_the_home_of_another_story_is_refused(tmp_path: Path) -> None:
    tables(replace(STORIES["cdnow"], make=made), tmp_path)
    with pytest.raises(ConfigError, match="home of the demo on cdnow, and a home serves one source"):
        tables(story("simulated"), tmp_path)
