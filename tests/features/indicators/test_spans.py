"""What customers bought in spans of months, and what follows from it: by hand, and in plain SQL.

What they bought in 2024: a 20 and 30, b 40, d 70, e 80 and 90, f 100, 110 and 120; in 2023: a 10, c 50, d 60,
g 130.
"""

from __future__ import annotations

from datetime import datetime
from math import log
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pandas as pd
import pytest

from features.indicators.concentration import concentration
from features.indicators.gains import KINDS, gains, owners
from features.indicators.groups import GROUPS, LOST, NOT_YET, grouped, moves, sizes
from features.indicators.spans import customers
from features.indicators.tree import Branch, tree
from features.snapshots import before
from features.sources import Source, source_from_rows
from tests.features.indicators.conftest import AS_OF, COMPANY

DAY = datetime.fromisoformat("2025-01-01")


@pytest.fixture(scope="module")
def seven() -> ibis.Table:
    return customers(source_from_rows(COMPANY).tables, AS_OF)


@pytest.fixture(scope="module")
def many(shop: Source) -> ibis.Table:
    return customers(before(shop.tables, DAY), DAY)


@pytest.fixture(scope="module")
def orders(folder: Path) -> pd.DataFrame:
    with duckdb.connect() as connection:
        return connection.sql(f"SELECT * FROM '{folder}/orders.parquet' WHERE ordered_at < '{DAY}'").df()


def of_year(orders: pd.DataFrame, year: int) -> pd.DataFrame:
    return orders[orders.ordered_at.dt.year == year]


def test_gains_and_losses_by_hand(seven: ibis.Table) -> None:
    found = gains(seven).set_index("kind")
    assert list(found.index) == list(KINDS)
    assert found.customers.to_dict() == {
        "new": 3,
        "back": 0,
        "grown": 2,
        "shrunk": 0,
        "lost": 2,
        "unchanged": 0,
    }
    assert found.change.to_dict() == {
        "new": 40 + 170 + 330,
        "back": 0,
        "grown": (50 - 10) + (70 - 60),
        "shrunk": 0,
        "lost": -50 - 130,
        "unchanged": 0,
    }
    assert found.change.sum() == 660 - 250


def test_who_comes_back_is_not_new() -> None:
    """z ordered in 2022 and 2024, y alike in both years, x less."""
    rows = [("z", 2022, 5), ("z", 2024, 7), ("y", 2023, 5), ("y", 2024, 5), ("x", 2023, 5.25), ("x", 2024, 5)]
    given = [
        {"order_id": str(at), "customer_id": who, "ordered_at": f"{year}-06-01", "amount": amount}
        for at, (who, year, amount) in enumerate(rows)
    ]
    found = gains(customers(source_from_rows({"orders": given}).tables, AS_OF)).set_index("kind")
    assert found.change[found.customers > 0].to_dict() == {"back": 7, "shrunk": -0.25, "unchanged": 0}


def test_gains_and_losses_add_up_exactly(many: ibis.Table, orders: pd.DataFrame) -> None:
    cents = [round(of_year(orders, year).amount.sum() * 100) for year in (2024, 2023)]
    assert round(gains(many).change.sum() * 100) == cents[0] - cents[1]
    assert owners(many) == ["segment", "country"]
    for breakdown in owners(many):
        parts = gains(many, breakdown).groupby("kind").change.sum()
        assert parts.to_dict() == pytest.approx(gains(many).set_index("kind").change.to_dict(), abs=1e-6)


def test_gains_and_losses_in_sql(many: ibis.Table, orders: pd.DataFrame) -> None:
    revenue = {year: of_year(orders, year).groupby("customer_id").amount.sum() for year in (2023, 2024)}
    both = pd.DataFrame(revenue).dropna()
    found = gains(many).set_index("kind")
    lost = revenue[2023].index.difference(revenue[2024].index)
    assert found.customers["lost"] == len(lost)
    assert found.change["lost"] == pytest.approx(-revenue[2023][lost].sum())
    grown = both[both[2024] > both[2023] + 1e-9]
    assert (found.customers["grown"], found.change["grown"]) == pytest.approx(
        (len(grown), (grown[2024] - grown[2023]).sum())
    )


def branch(branches: list[Branch], span: str) -> Branch:
    return next(one for one in branches if one.span == span)


def test_the_revenue_tree_by_hand(seven: ibis.Table) -> None:
    """5 buyers × 9/5 × 660/9 against 4 buyers × 4/4 × 250/4."""
    year = branch(tree(seven), "year")
    level = (660 - 250) / log(660 / 250)
    assert (year.now.buyers, year.now.orders, year.now.revenue) == (5, 9, 660)
    assert year.parts == pytest.approx(
        {
            "buyers": level * log(5 / 4),
            "frequency": level * log((9 / 5) / 1),
            "basket": level * log((660 / 9) / (250 / 4)),
        }
    )


def test_where_a_side_sold_nothing_no_cause_is_told(seven: ibis.Table) -> None:
    """December against November 2023: nobody bought in December."""
    month = branch(tree(seven), "month")
    assert (month.now.revenue, month.before.revenue) == (70 + 80 + 90, 30)
    assert month.parts == {}


@pytest.mark.parametrize("span", ["year", "quarter", "month"])
def test_the_tree_adds_up(many: ibis.Table, span: str) -> None:
    found = branch(tree(many), span)
    assert sum(found.parts.values()) == pytest.approx(found.change, rel=1e-9)


def test_a_month_like_the_year_before_has_only_its_season() -> None:
    """Every December twice November, in orders; a fifth more of each year's buyers would not be season."""
    given = [
        {
            "order_id": f"{year}{month}{at}",
            "customer_id": str(at),
            "ordered_at": f"{year}-{month}-05",
            "amount": 10,
        }
        for year in (2023, 2024)
        for month, size in (("11", 3), ("12", 6))
        for at in range(size * (year - 2022))
    ]
    month = branch(tree(customers(source_from_rows({"orders": given}).tables, AS_OF)), "month")
    assert month.change == 60
    assert month.parts == pytest.approx({"season": 60, "buyers": 0, "frequency": 0, "basket": 0}, abs=1e-9)


def test_groups_by_hand(seven: ibis.Table) -> None:
    """Of 2023, one order each, last on: a 10 November, c 15 September, d 1 August, g 2 January.

    Silent at its end for 52, 108, 153 and 364 days: two fifths are below 117, three below 144.
    In 2024: a 60 days, 2 orders; b 306, 1; d 8, 1; e 1, 2; f 346, 3; often is more than 1.
    """
    found = grouped(seven, AS_OF).to_pandas().set_index("customer_id")
    assert found.group.to_dict() == {
        "a": "champions",
        "b": "hibernating",
        "c": LOST,
        "d": "newcomers",
        "e": "champions",
        "f": "can't lose them",
        "g": LOST,
    }
    assert found.group_before[["a", "c", "d", "g", "b"]].to_list() == [
        "newcomers",
        "newcomers",
        "hibernating",
        "hibernating",
        NOT_YET,
    ]


def test_moves_and_sizes_count_everyone(many: ibis.Table, orders: pd.DataFrame) -> None:
    moved = moves(grouped(many, DAY))
    assert moved.customers.sum() == orders.customer_id.nunique()
    assert set(moved.now) <= set(GROUPS)
    told = sizes(moved).set_index("group")
    assert told.revenue.sum() == pytest.approx(of_year(orders, 2024).amount.sum())
    this_year = set(of_year(orders, 2024).customer_id)
    assert told.customers[LOST] == len(set(orders.customer_id) - this_year)
    assert told.customers.drop(LOST).sum() == len(this_year)
    assert told.customers_before.drop(LOST).sum() == of_year(orders, 2023).customer_id.nunique()


def test_the_cuts_are_the_quintiles_of_pandas(many: ibis.Table, orders: pd.DataFrame) -> None:
    last = of_year(orders, 2023).groupby("customer_id").ordered_at.max()
    often = of_year(orders, 2023).groupby("customer_id").size().quantile(0.6)
    recent = (datetime.fromisoformat("2024-01-01") - last).quantile(0.4)
    found = grouped(many, DAY).to_pandas().set_index("customer_id")
    now = of_year(orders, 2024).groupby("customer_id").ordered_at.agg(["max", "size"])
    champions = now[(now["size"] > often) & (DAY - now["max"] <= recent)]
    assert set(found.index[found.group == "champions"]) == set(champions.index)


def test_concentration_by_hand(seven: ibis.Table) -> None:
    """The best of five (f: 330 of 660) is the top 1, 10 and 20 %; of four (g: 130 of 250) too."""
    found = concentration(seven)
    assert found.customers.to_list() == [1, 1, 1]
    assert found.share.to_list() == pytest.approx([330 / 660] * 3)
    assert found.share_before.to_list() == pytest.approx([130 / 250] * 3)


@pytest.mark.parametrize(("buyers", "tenth"), [(10, 1), (11, 2), (30, 3), (100, 10)])
def test_tops_are_rounded_up_and_no_further(buyers: int, tenth: int) -> None:
    given: list[dict[str, Any]] = [
        {"order_id": str(at), "customer_id": str(at), "ordered_at": "2024-06-01", "amount": 1 + at}
        for at in range(buyers)
    ]
    found = concentration(customers(source_from_rows({"orders": given}).tables, AS_OF))
    assert found.customers[1] == tenth
    assert found.share_before.isna().all()


def test_concentration_in_pandas(many: ibis.Table, orders: pd.DataFrame) -> None:
    revenue = of_year(orders, 2024).groupby("customer_id").amount.sum().sort_values(ascending=False)
    tenth = -(-len(revenue) // 10)
    assert concentration(many).share[1] == pytest.approx(revenue.iloc[:tenth].sum() / revenue.sum())
