"""Paths of pages: every id comes back as it was, and none is a step in the path."""

from __future__ import annotations

from urllib.parse import unquote, urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.console.links import CUSTOMERS, customer_id_of, customer_path, own_page, with_query

IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@given(IDS | st.sampled_from([".", "..", "~", "~.", "~~x", "a/../b", "?q=1#x", "🦊", "%2e%2e", "'\"<&>"]))
def test_every_id_comes_back_from_its_path(customer_id: str) -> None:
    path = customer_path(customer_id)
    assert path.isascii()
    # as a browser resolves it: RFC 3986, and %2e counts as a dot
    resolved = urljoin("http://amity/pages/at-risk", path.replace("%2e", ".").replace("%2E", "."))
    assert resolved.startswith(f"http://amity{CUSTOMERS}/")
    assert customer_id_of(unquote(path.removeprefix(f"{CUSTOMERS}/"))) == customer_id


def test_a_query_leaves_out_what_is_empty() -> None:
    assert with_query("/p", {"segment": "A & B", "country": "", "cursor": None, "min_clv": 0}) == (
        "/p?segment=A+%26+B&min_clv=0"
    )
    assert with_query("/p", {}) == "/p"


@pytest.mark.parametrize(
    "path", ["", "http://evil/pages/", "//evil", "/docs", "\\\\evil", "javascript:alert(1)"]
)
def test_only_own_pages_are_led_to(path: str) -> None:
    assert own_page(path) == "/pages/at-risk"
    assert own_page("/pages/customers/a%2Fb?scoring=1") == "/pages/customers/a%2Fb?scoring=1"
