"""Profile by hand and by SQL; further columns of `customers` become attributes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from math import inf
from typing import Any

import pyarrow as pa
import pytest

from features.build import build, catalog
from features.reference import Reference
from features.snapshots import population
from features.sources import Source, source_from_rows

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)
OfOne = Callable[[Any, datetime], dict[str, Any]]


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def attributes_of(**columns: object) -> dict[str, Any]:
    """The attributes of one customer with one order."""
    order = {"order_id": "o", "customer_id": "c", "ordered_at": ago(5), "amount": 1.0}
    source = source_from_rows({"orders": [order], "customers": [{"customer_id": "c", **columns}]})
    rows = build(source.tables, population(source.tables, [AS_OF], 365), Reference(30.0, 0.1)).to_pyarrow()
    return {name: value for name, value in rows.to_pylist()[0].items() if name.startswith("attribute_")}


def test_by_hand(of_one: OfOne) -> None:
    customer = {
        "signed_up_at": ago(500.25),
        "acquisition_channel": "search",
        "acquisition_cost": 12.5,
        "segment": "gold",
        "country": "AT",
        "birth_year": 1980,
        "opted_out_at": ago(3),
    }
    orders = [{"ordered_at": ago(days), "amount": 30.0} for days in (480, 20)]
    found = of_one({"customers": [customer], "orders": orders}, AS_OF)
    expected = {
        "days_since_sign_up": 500.25,
        "days_to_first_order": 500.25 - 480,
        "bought_first_30d": 1,
        "sign_up_quarter": "Q1",  # 500 days before July 2024 is in February 2023
        "acquisition_payback": (30 + 30) / 12.5,
        "opted_out_at": ago(3),
        "age_years": 2024 - 1980,
        "opted_out": 1,
        "acquisition_channel": "search",
        "acquisition_cost": 12.5,
        "segment": "gold",
        "country": "AT",
    }
    assert {name: found[name] for name in expected} == expected


def test_who_is_not_in_customers_has_no_profile(of_one: OfOne) -> None:
    found = of_one({"orders": [{"ordered_at": ago(5), "amount": 1.0}]}, AS_OF)
    names = ["days_since_sign_up", "age_years", "opted_out", "acquisition_channel", "acquisition_cost"]
    more = ["segment", "country", "sign_up_quarter", "acquisition_payback", "bought_first_30d"]
    assert [found[name] for name in [*names, *more, "days_to_first_order", "opted_out_at"]] == [None] * 12


def test_who_is_there_without_further_words_has_not_opted_out(of_one: OfOne) -> None:
    found = of_one({"customers": [{}]}, AS_OF)
    assert found["opted_out"] == 0
    assert found["days_since_sign_up"] is found["age_years"] is found["segment"] is None


@pytest.mark.parametrize(
    ("signed_up", "first_order", "to_first_order", "at_once"),
    [(100, 70, 30, 1), (100, 69.9, 30.1, 0), (100, 130, -30, 1), (5, 2, 3, 1)],
)
def test_how_soon_they_bought_is_counted_from_signing_up(
    of_one: OfOne, signed_up: float, first_order: float, to_first_order: float, at_once: int
) -> None:
    orders = [{"ordered_at": ago(days), "amount": 5.0} for days in (first_order, 1)]
    found = of_one({"customers": [{"signed_up_at": ago(signed_up)}], "orders": orders}, AS_OF)
    assert found["days_to_first_order"] == pytest.approx(to_first_order)
    assert found["bought_first_30d"] == at_once


@pytest.mark.parametrize(
    ("day", "quarter"),
    [("2023-12-31", "Q4"), ("2024-01-01", "Q1"), ("2024-03-31 23:59", "Q1"), ("2024-04-01", "Q2")],
)
def test_the_quarter_of_signing_up(of_one: OfOne, day: str, quarter: str) -> None:
    found = of_one({"customers": [{"signed_up_at": datetime.fromisoformat(day)}]}, AS_OF)
    assert found["sign_up_quarter"] == quarter


@pytest.mark.parametrize("cost", [0.0, None])
def test_what_cost_nothing_is_not_paid_back(of_one: OfOne, cost: float | None) -> None:
    orders = [{"ordered_at": ago(3), "amount": 5.0}]
    found = of_one({"customers": [{"acquisition_cost": cost}], "orders": orders}, AS_OF)
    assert found["acquisition_payback"] is None


@pytest.mark.parametrize(("time", "known"), [(AS_OF - MICROSECOND, True), (AS_OF, False), (ago(-9), False)])
def test_signing_up_and_opting_out_count_from_their_own_time_on(
    of_one: OfOne, time: datetime, known: bool
) -> None:
    found = of_one({"customers": [{"signed_up_at": time, "opted_out_at": time}]}, AS_OF)
    assert found["opted_out"] == known
    names = ["days_since_sign_up", "sign_up_quarter", "opted_out_at"]
    assert [found[name] is not None for name in names] == [known] * 3


def test_the_age_is_that_of_the_year_of_the_snapshot(of_one: OfOne) -> None:
    customers = {"customers": [{"birth_year": 2000}]}
    days = ["2023-12-31", "2024-01-01"]
    ages = [of_one(customers, datetime.fromisoformat(day))["age_years"] for day in days]
    assert ages == [23, 24]


def test_who_is_not_yet_born_has_no_age(of_one: OfOne) -> None:
    ages = [of_one({"customers": [{"birth_year": year}]}, AS_OF)["age_years"] for year in (2024, 2025)]
    assert ages == [0, None]


def test_further_columns_become_attributes() -> None:
    found = attributes_of(household_size=3, loyalty_tier="b", newsletter=True, income=1.5)
    assert found == {
        "attribute_household_size": 3.0,
        "attribute_income": 1.5,
        "attribute_loyalty_tier": "b",
        "attribute_newsletter": 1.0,
    }


@pytest.mark.parametrize(
    ("given", "days"),
    [
        (ago(10).date(), 10),
        (ago(10.5), 10.5),
        (ago(10.5).replace(tzinfo=timezone(timedelta(hours=2))), 10.5 + 2 / 24),
        ("2024-06-21", 10),
        ("2024-06-21T12:00:00Z", 9.5),
        (AS_OF - MICROSECOND, 1 / 86_400),
        (AS_OF, None),
        (ago(-1), None),
    ],
)
def test_a_date_becomes_the_days_since_and_is_not_known_before(given: object, days: float | None) -> None:
    assert attributes_of(member_since=given)["attribute_member_since"] == (days and pytest.approx(days))


@pytest.mark.parametrize("form", ["parquet", "csv", "postgres"])
@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("us"), pa.timestamp("us", "UTC")], ids=str)
def test_a_date_is_read_from_any_source(
    put: Callable[..., str], read: Callable[..., Source], form: str, kind: pa.DataType
) -> None:
    since = pa.array([ago(10), ago(-1), None]).cast("timestamp[us]").cast(kind)
    ids = ["a", "b", "c"]
    times = pa.array([ago(5)] * 3, "timestamp[us]")
    customers = pa.table({"customer_id": ids, "contract_start": since})
    orders = pa.table({"order_id": ids, "customer_id": ids, "ordered_at": times, "amount": [1.0] * 3})
    tables = read(put(form, {"customers": customers, "orders": orders})).tables
    snapshots = population(tables, [AS_OF], 365)
    rows = build(tables, snapshots, Reference(30.0, 0.1), only=["attribute_contract_start"]).to_pyarrow()
    found = {row["customer_id"]: row["attribute_contract_start"] for row in rows.to_pylist()}
    assert found == {"a": 10.0, "b": None, "c": None}


@pytest.mark.parametrize(
    "name", ["owner", "as_of", "orders", "seconds_ago", "customer_id_right", "_", "table"]
)
def test_an_attribute_may_bear_any_name(name: str) -> None:
    assert attributes_of(**{name: "x"}) == {f"attribute_{name}": "x"}


def test_an_attribute_is_told_by_its_column() -> None:
    source = source_from_rows(
        {"orders": [], "customers": [{"customer_id": "c", "loyalty_tier": "b", "income": 1, "start": ago(9)}]}
    )
    book = catalog(source.tables)
    tier, income = book["attribute_loyalty_tier"], book["attribute_income"]
    assert (tier.words, tier.kind, tier.dimension) == ("loyalty tier", "category", "profile")
    assert (income.words, income.kind, income.low) == ("income", "number", -inf)
    start = book["attribute_start"]
    assert (start.words, start.kind, start.unit, start.low) == ("days since start", "number", "days", 0)


def test_agrees_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        SELECT customer_id, as_of, segment, country, acquisition_channel, acquisition_cost,
            CASE WHEN signed_up_at < as_of THEN date_diff('second', signed_up_at, as_of) / 86400 END
                AS days_since_sign_up,
            year(as_of) - birth_year AS age_years, coalesce(opted_out_at < as_of, false)::INT AS opted_out,
            CASE WHEN signed_up_at < as_of THEN 'Q' || quarter(signed_up_at) END AS sign_up_quarter,
            days_since_sign_up - date_diff('second', first_order, as_of) / 86400 AS days_to_first_order,
            (days_to_first_order <= 30)::INT AS bought_first_30d,
            spent / acquisition_cost AS acquisition_payback,
            household_size AS attribute_household_size
        FROM snap JOIN customers USING (customer_id) JOIN (
            SELECT customer_id, as_of, min(ordered_at) AS first_order, sum(amount) AS spent
            FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of GROUP BY customer_id, as_of
        ) USING (customer_id, as_of)
    """)
