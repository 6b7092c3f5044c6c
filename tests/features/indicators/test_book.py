"""The registry refuses what is declared twice, unknown, or without words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from features.indicators.book import Book, Indicator, Stream, Tally
from features.indicators.measure import book

STREAM = Stream("sales", ("orders",), breakdowns={"channel": "orders.channel"})
TALLIES = (Tally("sold", "sales"), Tally("asked", "sales"))
SHARE = Indicator(
    name="sold_share",
    group="behaviour",
    kind="share",
    title="Sold",
    definition="Sold of asked.",
    formula="sold ÷ asked",
    unit="share",
    events="sold",
    chances="asked",
    collect="orders",
)


@pytest.mark.parametrize(
    ("tallies", "indicators", "match"),
    [
        ((*TALLIES, TALLIES[0]), (), "sold is declared twice"),
        (TALLIES, (SHARE, SHARE), "sold_share is declared twice"),
        ((Tally("sold", "nowhere"),), (), "tally sold needs nowhere, which is unknown"),
        ((Tally("sold", "sales", month="due"),), (), "unknown month due"),
        (TALLIES, (replace(SHARE, events="nothing"),), "needs nothing, which is unknown"),
        (TALLIES, (replace(SHARE, breakdowns=("topic",)),), "can't be broken down by topic"),
        (TALLIES, (replace(SHARE, chances=None),), "total or has chances"),
        (TALLIES, (replace(SHARE, kind="mean"),), "has squares"),
        (TALLIES, (replace(SHARE, collect=" "),), "lacks words"),
    ],
)
def test_it_refuses(tallies: tuple[Tally, ...], indicators: tuple[Indicator, ...], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Book((STREAM,), tallies, indicators)


def test_what_is_available_depends_on_tables_and_columns() -> None:
    class Table:
        def __init__(self, *columns: str) -> None:
            self.columns = columns

    def names(tables: dict[str, Any]) -> set[str]:
        return {indicator.name for indicator in book().available(tables)}

    orders = Table("order_id", "customer_id", "ordered_at", "amount")
    assert "return_rate" not in names({"orders": orders})
    assert {"return_rate", "returned_share"} <= names({"orders": orders, "returns": Table("amount")})
    assert "exchange_share" not in names({"orders": orders, "returns": Table("amount")})
    assert "answered_in_time" in names({"orders": orders, "tickets": Table("first_response_at")})


def test_every_indicator_says_which_tables_it_takes() -> None:
    index = book()
    assert index.tables(index["complaint_rate"]) == ("tickets", "orders")
    assert index.tables(index["lines_returned"]) == ("order_lines", "orders", "returns")
