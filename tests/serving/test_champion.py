"""The file that names the bundle that is to answer."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from serving.champion import Champion, pointer, read, write

AT = datetime(2025, 6, 1, 8, 30, 1, 5)  # noqa: DTZ001


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "home" / "champion.json"
    for trouble in (None, "MLflow is away."):
        champion = Champion("champion", tmp_path / "bundles" / "7", AT, trouble)
        write(champion, file)
        assert read(file) == champion
    assert [path.name for path in file.parent.iterdir()] == ["champion.json"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"model": 1}', '{"folder": null, "model": "a"}', "\x00"]
)
def test_a_file_that_says_nothing_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "champion.json").write_text(text, encoding="utf-8")
    assert read(tmp_path / "champion.json") is None
    assert read(tmp_path / "nothing.json") is None


def test_it_lies_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))
    assert pointer() == tmp_path / "champion.json"
