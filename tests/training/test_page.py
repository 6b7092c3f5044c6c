"""Pages that need no other file, whatever the words."""

from __future__ import annotations

from html.parser import HTMLParser

from matplotlib.figure import Figure

from training.page import bullets, page, paragraph, picture, table


class Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.sources: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [f"{tag} {value}" for name, value in attrs if name in ("src", "href")]


def test_words_stay_words() -> None:
    read = Words()
    read.feed(page("A & B", paragraph("1 < 2"), bullets(["<b>"]), table(["x"], [["<script>"]])))
    assert {"A & B", "1 < 2", "<b>", "<script>"} <= set(read.words)


def test_a_picture_is_within_the_page() -> None:
    read = Words()
    read.feed(page("a", picture(Figure(), 'what "it" shows')))
    (source,) = read.sources
    assert source.startswith("img data:image/png;base64,")
