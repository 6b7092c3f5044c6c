"""Files that can't be written are refused before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import RequestError
from features.outputs import require_file

ENDINGS = (".html", ".png")


@pytest.mark.parametrize("name", ["page.html", "picture.PNG", "two.dots.png"])
def test_a_file_that_can_be(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require_file(tmp_path / name, ENDINGS)
    monkeypatch.chdir(tmp_path)
    require_file(Path(name), ENDINGS)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("page.pdf", r"page\.pdf ends in '\.pdf'; write to a file ending in \.html or \.png\."),
        ("page", r"page ends in 'nothing'; write to a file"),
        ("nowhere/page.html", r"There is no folder .*nowhere to write page\.html into; make it first\."),
        ("folder.html", r"folder\.html is a folder; name a file in it\."),
    ],
)
def test_a_file_that_cannot_be_is_refused(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(RequestError, match=says):
        require_file(tmp_path / name, ENDINGS)
