"""The churn rates of product lines: by hand, by SQL, and never from facts of their own quarter."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pytest

from features.catalog import Rate
from features.lines import MOST_QUARTERS, QUARTER_DAYS, Lines, learn_lines
from features.priors import of_groups
from features.snapshots import before
from features.sources import Source, source_from_rows

EPOCH = datetime.fromisoformat("1970-01-01")
NUMBER = 218
START = EPOCH + timedelta(days=NUMBER * QUARTER_DAYS)
MICROSECOND = timedelta(microseconds=1)


def tables(*orders: tuple[str, float, str | None]) -> dict[str, ibis.Table]:
    """Orders of (customer, days before START, category)."""
    rows: dict[str, Any] = {"orders": [], "order_lines": []}
    for number, (customer, days, category) in enumerate(orders):
        time = START - timedelta(days=days)
        rows["orders"].append(
            {"order_id": str(number), "customer_id": customer, "ordered_at": time, "amount": 1.0}
        )
        rows["order_lines"].append({"order_id": str(number), "product_id": "p", "category": category})
    return source_from_rows(rows).tables


def newest(lines: Lines) -> dict[str, int]:
    return {name: churn[-1] for name, churn in lines.churn.items()} | {"overall": lines.overall[-1]}


def split(letter: str, active: bool) -> list[tuple[str, float, str]]:
    """Four buyers of a category, all of them active since or none."""
    bought = [(f"{letter}{number}", 365 - number, letter) for number in range(4)]
    return bought + [(f"{letter}{number}", 100, letter) for number in range(4) if active]


def test_by_hand() -> None:
    """All four buyers of a are gone, none of b: the shares 1 and 0 differ as much as they can.

    Mean 0.5, variance 0.25. Beyond chance: 4 − 0.5 · 4 − 0.25 = 1.75, over 8 − 32 / 8 − 1 = 3: 0.583.
    0.25 / 0.583 − 1 < 1, so the prior is as light as can be: half of one.
    """
    found = learn_lines(tables(*split("a", active=False), *split("b", active=True)), START)
    assert newest(found) == {"a": 900_000, "b": 100_000, "overall": 500_000}
    assert found.first + len(found.overall) - 1 == NUMBER


def test_categories_that_are_alike_have_one_rate() -> None:
    half = [
        ("c0", 300, "a"),
        ("c1", 300, "a"),
        ("c1", 10, "b"),
        ("d0", 200, "b"),
        ("d1", 200, "b"),
        ("d1", 9, "a"),
    ]
    assert newest(learn_lines(tables(*half), START)) == {"a": 500_000, "b": 500_000, "overall": 500_000}


@pytest.mark.parametrize(("bought", "counts"), [(365, True), (365.001, False), (180.001, True), (180, False)])
def test_buyers_are_those_of_365_to_180_days_before(bought: float, counts: bool) -> None:
    """Beside a buyer who is gone there is one who stayed, if days before the quarter tell so."""
    found = learn_lines(tables(("gone", 250, "a"), ("stays", bought, "a"), ("stays", 90, "a")), START)
    assert newest(found)["a"] == (500_000 if counts else 1_000_000)


@pytest.mark.parametrize(("again", "gone"), [(180, False), (0.001, False), (0, True), (180.001, True)])
def test_gone_is_who_ordered_nothing_at_all_in_180_days(again: float, gone: bool) -> None:
    found = learn_lines(tables(("c", 250, "a"), ("c", again, None)), START)
    assert newest(found)["a"] == (1_000_000 if gone else 0)


def test_several_lines_of_a_buyer_count_once() -> None:
    found = learn_lines(
        tables(*[("c", 200 + day, "a") for day in range(9)], ("d", 200, "a"), ("d", 1, "a")), START
    )
    assert newest(found)["a"] == 500_000


@pytest.mark.parametrize("as_of", [START, START + timedelta(days=90.9)])
def test_the_newest_quarter_is_the_one_that_began(as_of: datetime) -> None:
    found = learn_lines(tables(("c", 250, "a")), as_of)
    assert found.first + len(found.overall) - 1 == NUMBER
    earlier = learn_lines(tables(("c", 350, "a")), START - MICROSECOND)
    assert earlier.first + len(earlier.overall) - 1 == NUMBER - 1


def test_a_quarter_without_buyers_keeps_the_rates_before() -> None:
    found = learn_lines(tables(("c", 700, "a")), START)
    assert set(found.overall) == {1_000_000}
    assert found.first + len(found.overall) - 1 == NUMBER
    assert len(found.overall) > 2


def test_no_more_than_twelve_quarters_are_kept() -> None:
    found = learn_lines(tables(*[("c", 90 * number, "a") for number in range(40)]), START)
    assert len(found.overall) == MOST_QUARTERS == len(found.churn["a"])


def test_only_the_categories_with_most_orders_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("features.lines.MOST_LINES", 2)
    orders = [("c", 250, name) for name in ("a", "b", "b", "c", "d", "d")]
    assert list(learn_lines(tables(*orders), START).churn) == ["b", "d"]
    assert list(learn_lines(tables(*orders[3:], *orders[:1]), START).churn) == ["a", "d"]


@pytest.mark.parametrize("orders", [(), (("c", 250, None),), (("c", 90, "a"),)])
def test_without_a_buyer_there_are_no_rates(orders: tuple[tuple[str, float, str | None], ...]) -> None:
    assert learn_lines(tables(*orders), START) == Lines()


def test_without_lines_or_categories_there_are_no_rates(shop: Source) -> None:
    orders = {"orders": shop.tables["orders"]}
    assert learn_lines(orders, START) == Lines()
    lines = shop.tables["order_lines"].drop("category")
    assert learn_lines({**orders, "order_lines": lines}, START) == Lines()


def test_a_rate_knows_nothing_from_its_quarter_on(shop: Source) -> None:
    as_of = datetime.fromisoformat("2024-12-20")
    found = learn_lines(before(shop.tables, as_of), as_of)
    assert len(found.overall) >= 4
    for place in range(1, len(found.overall)):
        start = EPOCH + timedelta(days=(found.first + place) * QUARTER_DAYS)
        known = learn_lines(before(shop.tables, start), start)
        assert known.first == found.first
        assert known.overall == found.overall[: place + 1]
        assert known.churn == {name: rates[: place + 1] for name, rates in found.churn.items()}


def test_the_order_of_rows_changes_nothing(shop: Source) -> None:
    shuffled = {name: shop.tables[name].order_by(ibis.random()) for name in ("orders", "order_lines")}
    assert learn_lines(shuffled, START) == learn_lines(shop.tables, START)


def test_agrees_with_sql(shop: Source, folder: Path) -> None:
    as_of = datetime.fromisoformat("2024-12-20")
    found = learn_lines(before(shop.tables, as_of), as_of)
    for place, overall in enumerate(found.overall):
        start = f"(DATE '1970-01-01' + {(found.first + place) * QUARTER_DAYS}::INTEGER)::TIMESTAMP"
        rows = duckdb.sql(f"""
            WITH orders AS (FROM '{folder}/orders.parquet')
            SELECT category, count(DISTINCT customer_id) FILTER (customer_id NOT IN (
                SELECT customer_id FROM orders
                WHERE ordered_at < {start} AND ordered_at >= {start} - INTERVAL 180 DAY
            )) AS gone, count(DISTINCT customer_id) AS bought
            FROM orders JOIN '{folder}/order_lines.parquet' USING (order_id)
            WHERE ordered_at < {start} - INTERVAL 180 DAY AND ordered_at >= {start} - INTERVAL 365 DAY
            GROUP BY category
        """).fetchall()
        prior = of_groups([(gone, bought) for _, gone, bought in rows], Rate("", "", "", share=True))
        assert prior is not None
        expected = {name: (gone + prior.events) / (bought + prior.chances) for name, gone, bought in rows}
        assert {name: found.churn[name][place] / 1e6 for name in expected} == pytest.approx(
            expected, abs=1e-6
        )
        assert overall / 1e6 == pytest.approx(prior.events / prior.chances, abs=1e-6)
        alone = set(found.churn) - set(expected)
        assert all(found.churn[name][place] == overall for name in alone)


def test_goes_through_json() -> None:
    found = learn_lines(tables(*split("a", active=False), *split("b", active=True)), START)
    written = json.dumps({"first": found.first, "overall": found.overall, "churn": found.churn})
    assert Lines.from_dict(json.loads(written)) == found
