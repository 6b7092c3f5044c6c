"""Profile by hand and by SQL; further columns of `customers` become attributes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from features.build import build, catalog
from features.reference import Reference
from features.snapshots import population
from features.sources import source_from_rows

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
    found = of_one({"customers": [customer]}, AS_OF)
    expected = {
        "days_since_sign_up": 500.25,
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
    assert [found[name] for name in [*names, "segment", "country"]] == [None] * 7


def test_who_is_there_without_further_words_has_not_opted_out(of_one: OfOne) -> None:
    found = of_one({"customers": [{}]}, AS_OF)
    assert found["opted_out"] == 0
    assert found["days_since_sign_up"] is found["age_years"] is found["segment"] is None


@pytest.mark.parametrize(("time", "known"), [(AS_OF - MICROSECOND, True), (AS_OF, False), (ago(-9), False)])
def test_signing_up_and_opting_out_count_from_their_own_time_on(
    of_one: OfOne, time: datetime, known: bool
) -> None:
    found = of_one({"customers": [{"signed_up_at": time, "opted_out_at": time}]}, AS_OF)
    assert found["opted_out"] == known
    assert (found["days_since_sign_up"] is not None) == known


def test_the_age_is_that_of_the_year_of_the_snapshot(of_one: OfOne) -> None:
    customers = {"customers": [{"birth_year": 2000}]}
    days = ["2023-12-31", "2024-01-01"]
    ages = [of_one(customers, datetime.fromisoformat(day))["age_years"] for day in days]
    assert ages == [23, 24]


def test_further_columns_become_attributes() -> None:
    found = attributes_of(household_size=3, loyalty_tier="b", newsletter=True, income=1.5)
    assert found == {
        "attribute_household_size": 3.0,
        "attribute_income": 1.5,
        "attribute_loyalty_tier": "b",
        "attribute_newsletter": 1.0,
    }


@pytest.mark.parametrize(
    "name", ["owner", "as_of", "orders", "seconds_ago", "customer_id_right", "_", "table"]
)
def test_an_attribute_may_bear_any_name(name: str) -> None:
    assert attributes_of(**{name: "x"}) == {f"attribute_{name}": "x"}


def test_an_attribute_is_told_by_its_column() -> None:
    source = source_from_rows(
        {"orders": [], "customers": [{"customer_id": "c", "loyalty_tier": "b", "income": 1}]}
    )
    book = catalog(source.tables)
    tier, income = book["attribute_loyalty_tier"], book["attribute_income"]
    assert (tier.words, tier.kind, tier.dimension) == ("loyalty tier", "category", "profile")
    assert (income.words, income.kind) == ("income", "number")


def test_agrees_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        SELECT customer_id, as_of, segment, country, acquisition_channel, acquisition_cost,
            CASE WHEN signed_up_at < as_of THEN date_diff('second', signed_up_at, as_of) / 86400 END
                AS days_since_sign_up,
            year(as_of) - birth_year AS age_years, coalesce(opted_out_at < as_of, false)::INT AS opted_out,
            household_size AS attribute_household_size
        FROM snap JOIN customers USING (customer_id)
    """)
