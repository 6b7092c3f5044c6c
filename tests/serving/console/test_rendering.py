"""How pages are made: figures in their form, everything escaped, nothing but own files allowed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from serving.console import rendering
from serving.console.rendering import bar, signed

PATHS = (
    "/pages/at-risk",
    "/pages/at-risk?segment=nobody",
    "/pages/customers/nobody",
    "/pages/definitions",
    "/pages/model",
    "/pages/sign-in",
    "/pages/nothing",
)


@pytest.mark.parametrize(
    ("points", "text"), [(21.6, "+22"), (-3.4, "−3"), (0.2, "0"), (-0.2, "0"), (-0.7, "−1"), (10.0, "+10")]
)
def test_points_are_signed_whole_numbers(points: float, text: str) -> None:
    assert signed(points) == text


def test_a_bar_is_full_at_forty_points() -> None:
    assert [bar(points) for points in (0, 10, -10, 40, 90)] == [0, 25, 25, 100, 100]


@pytest.mark.parametrize("path", PATHS)
def test_every_page_allows_own_files_only_and_is_kept_by_no_cache(console: Any, path: str) -> None:
    reply = console.get(path)
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", PATHS)
def test_no_page_holds_script_or_style_or_another_host(
    console: Any, read_page: Callable[[str], Any], path: str
) -> None:
    html = console.get(path).text
    page = read_page(html)
    for tag, values in page.tags:
        assert tag != "style"
        assert tag != "script" or values.get("src") == "/pages/assets/console.js"
        assert not [name for name in values if name == "style" or name.startswith("on")]
    assert "http" not in re.sub(r"http-equiv|http://www\.w3\.org/2000/svg", "", html)
    assert [values for tag, values in page.tags if tag == "h1"] != []
    assert ("html", {"lang": "en"}) in page.tags


def test_what_pages_are_made_of_is_served_and_known(console: Any, read_page: Callable[[str], Any]) -> None:
    page = read_page(console.get("/pages/at-risk").text)
    asked = [
        values.get("src") or values.get("href") for tag, values in page.tags if tag in ("script", "link")
    ]
    assert len(asked) == 3
    for path in asked:
        assert console.get(path).status_code == 200
    folder = Path(rendering.__file__).parent
    assert not re.search(r"url\(|@import|@font-face", (folder / "assets/console.css").read_text())
    assert "|safe" not in "".join(file.read_text() for file in (folder / "templates").iterdir()).replace(
        " ", ""
    )
