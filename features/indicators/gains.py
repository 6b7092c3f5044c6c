"""Gains and losses: which customers the change in revenue came from, in money; they add up to it exactly."""

from __future__ import annotations

import ibis
import pandas as pd

from features.facts import MONEY_UNIT
from features.indicators.owners import OF_CUSTOMER

KINDS = ("new", "back", "grown", "shrunk", "lost", "unchanged")
"""new: their first order is of this year. back: ordered this year and before, but not last year. grown,
shrunk, unchanged: ordered in both years. lost: ordered last year and not this one."""


def gains(customers: ibis.Table, breakdown: str | None = None) -> pd.DataFrame:
    """One row per kind, and value of the breakdown: kind, customers, before, now, change; money.

    `customers`: as `spans.customers` gives them. All kinds are there, in their order. Of the year against the
    year before; the changes add up to the change in revenue to the ten-thousandth.
    """
    keys = [breakdown] if breakdown else []
    some = with_kind(customers)
    found = some.group_by("kind", *keys).aggregate(
        customers=some.count(), before=some.revenue_year_before.sum(), now=some.revenue_year.sum()
    )
    frame = found.to_pandas().set_index(["kind", *keys]).astype("int64")
    values = sorted(set(frame.index.get_level_values(breakdown))) if breakdown else []
    rows = (
        pd.MultiIndex.from_product([KINDS, values], names=["kind", breakdown]) if breakdown else list(KINDS)
    )
    frame = frame.reindex(rows, fill_value=0).assign(change=lambda f: f["now"] - f["before"])
    amounts = frame[["before", "now", "change"]] / MONEY_UNIT
    told: pd.DataFrame = frame[["customers"]].join(amounts).reset_index()
    return told.rename(columns={"index": "kind"})


def with_kind(customers: ibis.Table) -> ibis.Table:
    """The customers who ordered in one of the two years, with their `kind`."""
    now, before = customers.revenue_year, customers.revenue_year_before
    bought, had_bought = customers.orders_year > 0, customers.orders_year_before > 0
    kind = ibis.cases(
        (bought & ~had_bought & (customers.orders_ever == customers.orders_year), "new"),
        (bought & ~had_bought, "back"),
        (~bought & had_bought, "lost"),
        (bought & (now > before), "grown"),
        (bought & (now < before), "shrunk"),
        (bought, "unchanged"),
    )
    return customers.mutate(kind=kind).filter(bought | had_bought)


def owners(customers: ibis.Table) -> list[str]:
    """By what gains and losses can be broken down."""
    return [name for name in OF_CUSTOMER if name in customers.columns]
