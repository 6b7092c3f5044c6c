"""The definitions' page, against counts by plain SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import text


def test_each_word_bears_its_meaning_number_and_examples(
    console: Any, read_page: Callable[[str], Any]
) -> None:
    page = read_page(console.get("/pages/definitions").text)
    scoring = console.resources.store.current()
    query = text("SELECT status, count(*) FROM scores WHERE scoring_id = :id GROUP BY status")
    with console.resources.store.engine.connect() as connection:
        counted = dict(connection.execute(query, {"id": scoring.id}).all())
    assert sum(counted.values()) == scoring.customers
    for status, number in counted.items():
        assert (
            f" {status} {number} {100 * number / scoring.customers:.0f} % of the customers scored"
            in page.text
        )
        assert f"/pages/at-risk?status={status}" in page.links
    assert "Silent for 1 to 2 times as long as usual." in page.text
    examples = [link for link in page.links if link.startswith("/pages/customers/")]
    assert len(examples) >= len(counted)
    assert all(console.get(link).status_code == 200 for link in examples[:2])


def test_an_earlier_day_and_none(
    console: Any, make_console: Callable[..., Any], read_page: Callable[[str], Any]
) -> None:
    page = read_page(console.get("/pages/definitions?as_of=2025-05-01").text)
    assert "Scored as of 1 May 2025" in page.text
    assert "/pages/at-risk?scoring=1&status=lost" in page.links
    assert "Nothing has been scored yet" in read_page(make_console().get("/pages/definitions").text).text
    assert console.get("/pages/definitions?as_of=1999-01-01").status_code == 404
