"""Tenure, acquisition channel, segment, country, attributes: context that nobody can repair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis

from features.catalog import Aggregate, Feature
from features.facts import DAY, attribute_columns, seconds

_NOT_GIVEN = "not given in customers"


def _of_customer(column: str) -> Aggregate:
    return Aggregate(column, "customers", lambda f: f.table[column].max(), (column,))


def _truth_as_number(column: Any) -> Any:
    """True as 1, false as 0; other values as they are."""
    return column.cast("int32") if column.type().is_boolean() else column


AGGREGATES = (
    Aggregate(
        "days_since_sign_up",
        "customers",
        lambda f: ((seconds(f.as_of) - seconds(f.signed_up_at)) / DAY).max(),
        ("signed_up_at",),
    ),
    Aggregate("age_years", "customers", lambda f: (f.as_of.year() - f.birth_year).max(), ("birth_year",)),
    Aggregate(
        "opted_out", "customers", lambda f: f.opted_out_at.notnull().ifelse(1, 0).max(), ("opted_out_at",)
    ),
    *(_of_customer(column) for column in ("acquisition_channel", "acquisition_cost", "segment", "country")),
)

FEATURES = (
    Feature("days_since_sign_up", "profile", "days", "days since signing up", null=_NOT_GIVEN),
    Feature("age_years", "profile", "years", "age", null=_NOT_GIVEN),
    Feature("opted_out", "profile", "yes (1) or no (0)", "opted out of marketing", null="not in customers"),
    Feature(
        "acquisition_channel", "profile", "name", "acquisition channel", null=_NOT_GIVEN, kind="category"
    ),
    Feature("acquisition_cost", "profile", "money", "acquisition cost", null=_NOT_GIVEN),
    Feature("segment", "profile", "name", "segment", null=_NOT_GIVEN, kind="category"),
    Feature("country", "profile", "name", "country", null=_NOT_GIVEN, kind="category"),
)


def attributes(tables: Mapping[str, ibis.Table]) -> tuple[tuple[Aggregate, ...], tuple[Feature, ...]]:
    """One feature for each column of `customers` beyond the contract; the name is prefixed `attribute_`."""
    customers = tables.get("customers")
    if customers is None:
        return (), ()
    columns = attribute_columns(customers)
    return tuple(_attribute_aggregate(name, column) for name, column in columns.items()), tuple(
        _attribute(name, column, categorical=customers[column].type().is_string())
        for name, column in columns.items()
    )


def _attribute_aggregate(name: str, column: str) -> Aggregate:
    return Aggregate(name, "customers", lambda f: _truth_as_number(f.table[name]).max(), (column,))


def _attribute(name: str, column: str, *, categorical: bool) -> Feature:
    return Feature(
        name,
        "profile",
        "name" if categorical else "number",
        column.replace("_", " ").strip() or column,
        null=_NOT_GIVEN,
        kind="category" if categorical else "number",
    )
