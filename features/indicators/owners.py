"""What is known of the customer to whom a row belongs."""

from __future__ import annotations

import ibis

from features.indicators.book import Tables

OF_CUSTOMER = {"segment": "customers.segment", "country": "customers.country"}
"""Breakdowns by columns of `customers`."""

UNKNOWN = "not given"
"""The value of a breakdown where the data has none."""


def owner_breakdowns(tables: Tables) -> list[str]:
    """Those of `OF_CUSTOMER` that these tables have."""
    return [name for name in OF_CUSTOMER if "customers" in tables and name in tables["customers"].columns]


def with_owner(rows: ibis.Table, tables: Tables) -> ibis.Table:
    """The rows, one each, with the segment and country of their customer where the tables have them."""
    names = owner_breakdowns(tables)
    if not names:
        return rows
    customers = tables["customers"].select("customer_id", *names).rename(owner="customer_id")
    joined = rows.left_join(customers, rows.customer_id == customers.owner)
    return joined.select(rows, **{name: joined[name].fill_null(UNKNOWN) for name in names})
