"""Cohorts: customers by the month of their first order, and what each month since then brought."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import ibis
import numpy as np
import pandas as pd

from features.facts import MONEY_UNIT, whole
from features.indicators.book import Tables
from features.indicators.calendar import first_day, month_of, number
from features.indicators.cube import whole_from
from features.indicators.rules import Rules

Value = Any  # an Ibis value expression


def cohorts(tables: Tables, day: datetime, rules: Rules) -> pd.DataFrame:
    """One row per month of first order and month since: cohort, months, customers, active, retention,
    revenue, revenue_to_date, contribution, contribution_to_date.

    `active`: those of the cohort's `customers` who ordered in that month, `retention` their share; month 0 is
    that of the first order. Money is of the whole cohort; `contribution` is margin, null where the tables
    have none. Cohorts of the first `active_months` of the orders are left out: those who came before look new
    in them. `tables`: cut at `day`, the first of a month.
    """
    found = cohort_months(tables).to_pandas()
    known = whole_from({"orders": tables["orders"]}, number(day))["orders"] + rules.active_months
    return _told(found[found["cohort"] >= known], number(day))


def cohort_months(tables: Tables, *names: str) -> ibis.Table:
    """One row per cohort and month, as numbers, in which somebody of it ordered: active, revenue, margin.

    And by columns of `customers`, where named. Money in whole ten-thousandths; margin null where there is
    none.
    """
    orders = tables["orders"]
    margin = whole(orders.margin.fill_null(0.0)).sum() if "margin" in orders.columns else ibis.null("int64")
    month = orders.group_by("customer_id", month=month_of(orders.ordered_at)).aggregate(
        revenue=whole(orders.amount).sum(), margin=margin
    )
    if names:
        customers = tables["customers"].select("customer_id", *names).rename(owner="customer_id")
        joined = month.left_join(customers, month.customer_id == customers.owner)
        month = joined.select(month, *names)
    begun = month.mutate(cohort=month.month.min().over(group_by="customer_id"))
    return begun.group_by("cohort", "month", *names).aggregate(
        active=begun.count(), revenue=begun.revenue.sum(), margin=begun.margin.sum()
    )


def _told(found: pd.DataFrame, end: int) -> pd.DataFrame:
    """All months since of every cohort, those without an order among them."""
    pairs = [(c, m) for c in sorted(found["cohort"].unique()) for m in range(int(c), end)]
    index = pd.MultiIndex.from_tuples(pairs, names=["cohort", "month"]) if pairs else None
    table = found.set_index(["cohort", "month"])
    if index is not None:
        table = table.reindex(index)
    frame = table.reset_index()
    active = frame["active"].fillna(0).astype("int64")
    customers = active.groupby(frame["cohort"]).transform("first")
    has_margin = bool(found["margin"].notna().any())
    money = {
        "revenue": frame["revenue"].fillna(0).astype(float) / MONEY_UNIT,
        "contribution": frame["margin"].fillna(0 if has_margin else np.nan).astype(float) / MONEY_UNIT,
    }
    columns: dict[str, Any] = {
        "cohort": [first_day(int(c)) for c in frame["cohort"]],
        "months": frame["month"].astype("int64") - frame["cohort"].astype("int64"),
        "customers": customers,
        "active": active,
        "retention": active / customers,
    }
    for name, values in money.items():
        columns |= {name: values, f"{name}_to_date": values.groupby(frame["cohort"]).cumsum()}
    return pd.DataFrame(columns)
