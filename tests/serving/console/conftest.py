"""The shop scored on two days from a source that is there, and what pages hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from serving.resources import Resources
from serving.store import Store

EARLIER = datetime(2025, 5, 1)  # noqa: DTZ001
ODD_IDS = ("a/b", "..", ".", "~x", "?q=1#y", "<script>alert(1)</script>", "'\"&amp;🦊", "%2e%2e", "L" * 200)


WITHIN_WORDS = {"a", "abbr", "b", "code", "small", "span", "time", "tspan"}


@dataclass
class Page(HTMLParser):
    """What a page holds. `words`: all its text. `tags`: each with its attributes."""

    words: str = field(default="", repr=False)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.words += "" if tag in WITHIN_WORDS else " "

    def handle_data(self, data: str) -> None:
        self.words += data

    @property
    def text(self) -> str:
        return " ".join(self.words.replace("\N{NO-BREAK SPACE}", " ").split())

    @property
    def links(self) -> list[str]:
        return [values.get("href") or "" for tag, values in self.tags if tag == "a"]


def page_of(html: str) -> Page:
    found = Page()
    found.feed(html)
    return found


@pytest.fixture(scope="session")
def read_page() -> Callable[[str], Page]:
    return page_of


@pytest.fixture(scope="session")
def odd_ids() -> Sequence[str]:
    return ODD_IDS


@pytest.fixture(scope="session")
def console(
    client: Any, shop: Any, put: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """Scored as of EARLIER and then as of the shop's day, which is the list; nobody writes to it."""
    source = put("parquet", shop.rows)
    definitions = shop.bundle.manifest.definitions
    store = Store.open(f"sqlite:///{tmp_path_factory.mktemp('console')}/store.db")
    scores = shop.scored.scores
    before = scores.assign(as_of=EARLIER, churn_probability=scores["churn_probability"] / 2)
    store.save(replace(shop.scored, scores=before), source=source, definitions=definitions)
    store.save(shop.scored, source=source, definitions=definitions)
    yield type(client)(replace(client.resources, store=store))
    store.close()


@pytest.fixture
def make_console(client: Any, shop: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """A console over these scores alone, or over nothing; its source is away."""
    store = Store.open(f"sqlite:///{tmp_path}/store.db")

    def make(scored: Any = None) -> Any:
        if scored is not None:
            store.save(scored, source=str(tmp_path / "gone"), definitions=shop.bundle.manifest.definitions)
        return type(client)(Resources(shop.bundle, store, client.resources.playbook))

    yield make
    store.close()


@pytest.fixture
def odd(make_console: Callable[..., Any], make_scored: Any, odd_ids: Sequence[str]) -> Any:
    """A console whose customers bear odd ids, and whose texts are HTML."""
    scored = make_scored(rows=len(odd_ids))
    scored.scores["customer_id"] = list(odd_ids)
    scored.scores["weak_point_1"] = "service"
    scored.scores["weak_point_1_says"] = "<img src=x onerror=alert(1)>"
    scored.scores["action"] = "</td><script>alert(2)</script>"
    scored.features["segment"] = "<b>&gold</b>"
    return make_console(scored)
