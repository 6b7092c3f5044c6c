"""Tenure, acquisition, segment, country, attributes: context that nobody can repair."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import Any

import ibis
import ibis.expr.datatypes as dt

from features import subscriptions
from features.catalog import Aggregate, Feature, Row
from features.facts import DAY, Facts, seconds
from features.neighbours import attribute_columns

FIRST_DAYS = 30
_NOT_GIVEN = "not given in customers"


def _of_customer(column: str) -> Aggregate:
    return Aggregate(column, "customers", lambda f: f.table[column].max(), (column,))


def _days_since(f: Facts, column: str) -> Any:
    """Days from a time to `as_of`; null where it isn't before `as_of`."""
    time = f.table[column].cast("timestamp(6)")
    return (time < f.as_of).ifelse((f.now - seconds(time)).cast("float64") / DAY, None).max()


def _age(f: Facts) -> Any:
    years = f.as_of.year() - f.birth_year
    return (years >= 0).ifelse(years, None).max()


def _quarter(f: Facts) -> Any:
    return (ibis.literal("Q") + f.signed_up_at.quarter().cast("string")).max()


def _days_to_first_order(row: Row) -> Any:
    return row.days_since_sign_up - row.days_since_first_order


AGGREGATES = (
    Aggregate("days_since_sign_up", "customers", lambda f: _days_since(f, "signed_up_at"), ("signed_up_at",)),
    Aggregate("sign_up_quarter", "customers", _quarter, ("signed_up_at",)),
    Aggregate("age_years", "customers", _age, ("birth_year",)),
    Aggregate(
        "opted_out", "customers", lambda f: f.opted_out_at.notnull().ifelse(1, 0).max(), ("opted_out_at",)
    ),
    *(
        _of_customer(column)
        for column in ("opted_out_at", "acquisition_channel", "acquisition_cost", "segment", "country")
    ),
    *subscriptions.AGGREGATES,
)

_TO_FIRST_ORDER = ("days_since_sign_up", "days_since_first_order")

FEATURES = (
    Feature("days_since_sign_up", "profile", "days", "days since signing up", null=_NOT_GIVEN),
    Feature(
        "days_to_first_order",
        "profile",
        "days",
        "days from signing up to the first order",
        null=_NOT_GIVEN,
        low=-inf,
        needs=_TO_FIRST_ORDER,
        value=_days_to_first_order,
    ),
    Feature(
        "bought_first_30d",
        "profile",
        "yes (1) or no (0)",
        f"first order within {FIRST_DAYS} days of signing up, or before it",
        null=_NOT_GIVEN,
        high=1.0,
        needs=_TO_FIRST_ORDER,
        value=lambda row: (_days_to_first_order(row) <= FIRST_DAYS).cast("int32"),
    ),
    Feature(
        "sign_up_quarter",
        "profile",
        "name",
        "quarter of the year in which they signed up",
        null=_NOT_GIVEN,
        kind="category",
    ),
    Feature("age_years", "profile", "years", "age", null=_NOT_GIVEN),
    Feature(
        "opted_out",
        "profile",
        "yes (1) or no (0)",
        "opted out of marketing",
        null="not in customers",
        high=1.0,
    ),
    Feature(
        "opted_out_at",
        "profile",
        "date",
        "time of opting out of marketing",
        null="has not opted out",
        kind="fact",
    ),
    Feature(
        "acquisition_channel", "profile", "name", "acquisition channel", null=_NOT_GIVEN, kind="category"
    ),
    Feature("acquisition_cost", "profile", "money", "acquisition cost", null=_NOT_GIVEN),
    Feature(
        "acquisition_payback",
        "profile",
        "ratio",
        "revenue to date over the acquisition cost",
        null="acquisition cost nothing or not given in customers",
        needs=("amount_total", "acquisition_cost"),
        value=lambda row: row.amount_total / row.acquisition_cost.nullif(0),
    ),
    Feature("segment", "profile", "name", "segment", null=_NOT_GIVEN, kind="category"),
    Feature("country", "profile", "name", "country", null=_NOT_GIVEN, kind="category"),
    *subscriptions.PROFILE,
)


def attributes(tables: Mapping[str, ibis.Table]) -> tuple[tuple[Aggregate, ...], tuple[Feature, ...]]:
    """One feature for each column of `customers` beyond the contract; the name is prefixed `attribute_`.

    Text is a category, true is 1 and false 0, a date becomes the days since: null where it isn't before
    `as_of`.
    """
    customers = tables.get("customers")
    if customers is None:
        return (), ()
    types = {
        name: (column, customers[column].type()) for name, column in attribute_columns(customers).items()
    }
    return (
        tuple(_attribute_aggregate(name, column, dtype) for name, (column, dtype) in types.items()),
        tuple(_attribute(name, column, dtype) for name, (column, dtype) in types.items()),
    )


def _attribute_aggregate(name: str, column: str, dtype: dt.DataType) -> Aggregate:
    return Aggregate(name, "customers", lambda f: _attribute_value(f, name, dtype), (column,))


def _attribute_value(f: Facts, name: str, dtype: dt.DataType) -> Any:
    if _is_time(dtype):
        return _days_since(f, name)
    column = f.table[name]
    return (column.cast("int32") if dtype.is_boolean() else column).max()


def _attribute(name: str, column: str, dtype: dt.DataType) -> Feature:
    words = column.replace("_", " ").strip() or column
    if _is_time(dtype):
        null = f"{_NOT_GIVEN}, or not past by then"
        return Feature(name, "profile", "days", f"days since {words}", null=null)
    if dtype.is_string():
        return Feature(name, "profile", "name", words, null=_NOT_GIVEN, kind="category")
    return Feature(name, "profile", "number", words, null=_NOT_GIVEN, low=-inf)


def _is_time(dtype: dt.DataType) -> bool:
    return bool(dtype.is_timestamp() or dtype.is_date())
