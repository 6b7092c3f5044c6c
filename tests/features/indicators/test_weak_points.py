"""The weak points of the company: sums by hand and in plain SQL, who is behind them, and what comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from features.catalog import DIMENSIONS
from features.indicators.alarms import Alarm
from features.indicators.homes import homes
from features.indicators.measure import Measured, book
from features.indicators.weak_points import (
    COLUMNS,
    RANKED,
    customers_of,
    dimension_of,
    facts,
    findings,
    named,
    placed,
    ranked,
    remarkable,
    summed,
)
from features.snapshots import before
from features.sources import Source, source_from_rows
from tests.features.indicators.conftest import AS_OF, COMPANY

SCORES = pd.DataFrame(
    {
        "customer_id": ["a", "b", "f"],
        "clv": [100.0, 200.0, 50.0],
        "weak_point_1": ["service", "service", "rhythm"],
        "weak_point_1_points": [10.0, 20.0, 40.0],
        "weak_point_2": ["rhythm", None, "service"],
        "weak_point_2_points": [5.0, None, 2.0],
        "weak_point_3": [None, None, None],
        "weak_point_3_points": [None, None, None],
    }
)


@pytest.fixture(scope="module")
def tables() -> Any:
    return before(source_from_rows(COMPANY).tables, AS_OF)


@pytest.fixture(scope="module")
def sums(tables: Any, company: Measured) -> pd.DataFrame:
    few = replace(company, rules=replace(company.rules, few=2))
    return summed(SCORES, tables, few)


def test_points_times_clv(sums: pd.DataFrame) -> None:
    """Service: a 10 % of 100, b 20 % of 200, f 2 % of 50; rhythm: f 40 % of 50, a 5 % of 100."""
    whole = sums[sums.breakdown == "all"].set_index("weak_point")
    assert whole.money.to_dict() == pytest.approx({"service": 10 + 40 + 1, "rhythm": 20 + 5})
    assert whole.customers.to_dict() == {"service": 3, "rhythm": 2}
    assert whole.clv.to_dict() == pytest.approx({"service": 350, "rhythm": 150})
    assert whole.example.to_dict() == {"service": "b", "rhythm": "f"}
    assert tuple(sums.columns) == COLUMNS
    assert sums.money.is_monotonic_decreasing


def test_by_place(sums: pd.DataFrame) -> None:
    """a and b are old, f is young; of late a turned to the service by phone and f by the web."""
    of = sums[sums.weak_point == "service"].set_index(["breakdown", "value"])
    assert of.loc[("segment", "old"), "money"] == pytest.approx(50)
    assert of.loc[("segment", "old"), "share"] == pytest.approx(50 / 51)
    assert of.loc[("ticket_channel", "phone"), "money"] == pytest.approx(10)
    assert ("ticket_channel", "not given") not in of.index


def test_crossed(sums: pd.DataFrame, tables: Any, company: Measured) -> None:
    """Of the old, both bought on the web; one alone is too few to be told."""
    crossed = sums[sums.breakdown == "segment × order_channel"].set_index(["weak_point", "value"])
    assert list(crossed.index) == [("service", "old × web")]
    behind = customers_of(placed(SCORES, tables, company), "service", "segment × order_channel", "old × web")
    assert behind.customer_id.to_list() == ["b", "a"]
    assert behind.money.sum() == pytest.approx(crossed.money.iloc[0])


def test_homes_by_hand(tables: Any) -> None:
    told = homes(tables, AS_OF).set_index("customer_id")
    assert told.loc["f", ["order_channel", "category", "ticket_channel", "topic"]].to_list() == [
        "store",
        "tea",  # two lines of three
        "web",
        "size",
    ]
    assert told.loc["a", "touchpoint"] == "mail"
    assert told.loc["f", "touchpoint"] == "shop"
    assert pd.isna(told.loc["g", "ticket_channel"])  # more than a year ago
    assert told.loc["c", "segment"] == "old"


def test_in_sql(shop: Source, folder: Path, company: Measured) -> None:
    ids = duckdb.sql(f"SELECT customer_id FROM '{folder}/customers.parquet' ORDER BY 1 LIMIT 200").df()
    scores = pd.DataFrame(
        {
            "customer_id": ids.customer_id,
            "clv": range(1, len(ids) + 1),
            "weak_point_1": ["service", "product"] * (len(ids) // 2),
            "weak_point_1_points": 10.0,
        }
    )
    told = summed(scores, before(shop.tables, AS_OF), company)
    query = f"""
        WITH home AS (
            SELECT customer_id, category, count(*) AS n
            FROM '{folder}/orders.parquet' JOIN '{folder}/order_lines.parquet' USING (order_id)
            WHERE ordered_at >= '2024-01-01' AND ordered_at < '2025-01-01'
                AND category IS NOT NULL
            GROUP BY customer_id, category
            QUALIFY row_number() OVER (PARTITION BY customer_id ORDER BY n DESC, category) = 1
        )
        SELECT category, count(*) AS customers, sum(clv * 0.1) AS money
        FROM scores JOIN home USING (customer_id) WHERE weak_point_1 = 'product' GROUP BY 1 ORDER BY 1
    """
    expected = duckdb.sql(query).df().set_index("category")
    ours = (
        told[(told.weak_point == "product") & (told.breakdown == "category")].set_index("value").sort_index()
    )
    assert list(ours.index) == list(expected.index)
    assert list(ours.money) == pytest.approx(list(expected.money), rel=1e-9)
    assert list(ours.customers) == list(expected.customers)


def alarm(name: str, since: str, p: float, money: float | None = None, **more: Any) -> Alarm:
    told = Alarm(book()[name], "ticket_channel", "phone", datetime.fromisoformat(since), 1.0, 2.0, p)
    return replace(told, money=money, money_low=money, money_high=money, **more)


def test_what_warns_stands_first_and_is_one_point(sums: pd.DataFrame, company: Measured) -> None:
    warned = [
        alarm("first_response_hours", "2024-11-01", 1e-9),
        alarm("answered_in_time", "2024-10-01", 1e-6, 5.0),
        alarm("return_rate", "2024-12-01", 1e-5, breakdown="all", value="all", cause=("country", "DE", 0.8)),
    ]
    told = ranked(warned, company, sums)
    assert tuple(told.columns) == RANKED
    first, second = told.iloc[0], told.iloc[1]
    assert (first.weak_point, first.breakdown, first.value) == ("service", "ticket_channel", "phone")
    assert (first.money, first.since, first.p) == (5.0, datetime.fromisoformat("2024-10-01"), 1e-9)
    assert [fact["indicator"] for fact in first.facts] == ["first_response_hours", "answered_in_time"]
    assert (second.weak_point, second.breakdown, second.value) == ("product", "country", "DE")
    assert told.iloc[2:].money.to_list() == findings(sums, company.rules.few).money.to_list()
    assert told.iloc[2:].since.isna().all()


def test_a_place_is_remarkable_for_more_than_its_size(sums: pd.DataFrame) -> None:
    """Of the service's 51, 50 lie with the old; of all 76, 55: 98 % instead of 72 %. Of rhythm's 25, 20 lie
    with the young: 80 % instead of 28 %."""
    told = remarkable(sums)
    of_segments = told[told.breakdown == "segment"]
    assert set(zip(of_segments.weak_point, of_segments.value, strict=True)) == {
        ("service", "old"),
        ("rhythm", "young"),
    }
    assert set(told[told.breakdown == "all"].weak_point) == {"service", "rhythm"}


def whole(**money: float) -> pd.DataFrame:
    """Sums of everyone, the most money first, and each weak point's only place, of two customers."""
    rows = [
        {"weak_point": name, "breakdown": breakdown, "value": breakdown, "customers": 2, "money": euros}
        for name, euros in sorted(money.items(), key=lambda one: -one[1])
        for breakdown in ("all", "country")
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("money", "order"),
    [
        ({"rhythm": 100.0, "spend": 25.0, "service": 24.0}, ["spend", "rhythm", "service"]),
        ({"rhythm": 100.0, "spend": 24.9, "service": 1.2}, ["rhythm", "spend"]),
        ({"rhythm": 10.0, "spend": 20.0, "service": 30.0}, ["service", "spend", "rhythm"]),
        ({"spend": 20.0}, ["spend"]),
    ],
)
def test_a_heavy_cause_goes_before_the_symptom(money: dict[str, float], order: list[str]) -> None:
    """From a quarter of rhythm's money; what holds less than a hundredth of all is no finding."""
    told = findings(whole(**money), few=3)
    assert told.weak_point.to_list() == order
    assert set(told.breakdown) == {"all"}


def test_without_scores_only_what_warns(company: Measured) -> None:
    assert len(ranked([alarm("nps", "2024-12-01", 1e-5)], company)) == 1
    assert ranked([], company).empty


def test_facts_are_what_is_worse_beyond_chance(company: Measured) -> None:
    period = company.period.copy()
    of = (period.indicator == "answered_in_time") & (period.breakdown == "ticket_channel")
    period.loc[of & (period.value == "phone"), ["figure", "error"]] = [0.2, 0.01]
    period.loc[
        (period.indicator == "answered_in_time") & (period.breakdown == "all"), ["figure", "error"]
    ] = [0.6, 0.01]
    told = facts(replace(company, period=period), "service", "ticket_channel", "phone")
    assert [(one["indicator"], one["figure"], one["instead_of"]) for one in told] == [
        ("answered_in_time", 0.2, 0.6)
    ]
    assert facts(company, "product", "category", "wine") == []


def test_every_indicator_speaks_for_a_dimension() -> None:
    assert {dimension_of(indicator) for indicator in book()} <= set(DIMENSIONS) - {"profile"}
    assert dimension_of(book()["line_return_rate"]) == "product"


def test_nobody_has_a_weak_point(tables: Any, company: Measured) -> None:
    nobody = SCORES.assign(**{f"weak_point_{n}": None for n in (1, 2, 3)})
    assert named(nobody).empty
    assert summed(nobody, tables, company).empty
