"""What customers are worth over their time beside what they cost: CLV to date and to come, CAC, payback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from features.facts import MONEY_UNIT
from features.indicators.book import Tables
from features.indicators.calendar import number
from features.indicators.cells import ALL
from features.indicators.cohorts import cohort_months
from features.indicators.measure import Measured
from features.indicators.owners import UNKNOWN

BREAKDOWNS = ("segment", "country", "acquisition_channel")
COLUMNS = (
    "breakdown",
    "value",
    "customers",
    "to_date",
    "expected",
    "clv",
    "acquisition_cost",
    "clv_over_cac",
    "payback_months",
)


def lifetime(tables: Tables, measured: Measured, scores: pd.DataFrame | None) -> pd.DataFrame:
    """One row for the company, per year of first order, and per segment, country and acquisition channel.

    breakdown, value, customers, to_date, expected, clv, acquisition_cost, clv_over_cac, payback_months; money
    per customer. `to_date`: margin of all orders, revenue where the tables have no margin. `expected`: the
    CLV of `scores`, which is revenue, times the margin share of the same customers' orders; 0 for who isn't
    active, null without scores. `clv`: both together. `acquisition_cost`:
    by channel its CAC of the year, else that booked to the customers; null where neither is known.
    `payback_months`: the months from the first order after which the mean customer, of those known for as
    long, has brought in their acquisition cost; null where that hasn't come yet. `tables`: cut at the day.
    """
    names = [n for n in BREAKDOWNS if "customers" in tables and n in tables["customers"].columns]
    found = cohort_months(tables, *names).to_pandas()
    found[names] = found[names].fillna(UNKNOWN)
    found["year"] = (found["cohort"].astype("int64") // 12).astype(str)
    expected = _expected(tables, scores, names)
    parts = [_rows(found, name, measured, expected) for name in (None, "year", *names)]
    return pd.DataFrame([row for part in parts for row in part], columns=list(COLUMNS))


def _rows(
    found: pd.DataFrame, by: str | None, measured: Measured, expected: pd.DataFrame | None
) -> Iterator[dict[str, Any]]:
    for value, some in [(ALL, found)] if by is None else found.groupby(by):
        first = some["month"] == some["cohort"]
        customers = int(some.loc[first, "active"].sum())
        to_date = float(contribution(some).sum()) / customers
        revenue = float(some["revenue"].sum()) / MONEY_UNIT
        share = float(contribution(some).sum()) / revenue if revenue else np.nan
        coming = _coming(expected, by, str(value), customers) * share
        cost = _cost(measured, by or ALL, str(value))
        clv = to_date + coming
        yield {
            "breakdown": by or ALL,
            "value": str(value),
            "customers": customers,
            "to_date": to_date,
            "expected": coming,
            "clv": clv,
            "acquisition_cost": cost,
            "clv_over_cac": clv / cost if cost > 0 else np.nan,
            "payback_months": payback(some, cost, number(measured.day)),
        }


def contribution(some: pd.DataFrame) -> pd.Series:
    """Margin, or revenue where there is none, as money."""
    column = "margin" if some["margin"].notna().any() else "revenue"
    return some[column].fillna(0).astype(float) / MONEY_UNIT


def payback(some: pd.DataFrame, cost: float, end: int) -> float:
    """Months until the mean customer has brought in `cost`; null where they haven't, or it isn't known.

    Each month since the first order is told by the cohorts that are as old by `end`. `some`: as
    `cohort_months` gives them.
    """
    if not cost > 0:
        return float("nan")
    since = (some["month"] - some["cohort"]).to_numpy(np.int64)
    cohort, money = some["cohort"].to_numpy(np.int64), contribution(some).to_numpy()
    first = since == 0
    brought = 0.0
    for months in range(end - int(cohort.min())):
        old_enough = cohort < end - months
        customers = some["active"].to_numpy(float)[first & old_enough].sum()
        if customers == 0:
            break
        brought += money[(since == months) & old_enough].sum() / customers
        if brought >= cost:
            return float(months + 1)
    return float("nan")


def _expected(tables: Tables, scores: pd.DataFrame | None, names: list[str]) -> pd.DataFrame | None:
    """Of each scored customer: clv, the year of their first order, and what the customers table says."""
    if scores is None:
        return None
    told = pd.DataFrame(
        {"customer_id": scores["customer_id"].astype(str), "clv": scores["clv"].astype(float)}
    )
    orders = tables["orders"]
    first = orders.group_by("customer_id").aggregate(year=orders.ordered_at.min().year().cast("string"))
    told = told.merge(first.to_pandas(), on="customer_id", how="inner")
    if names:
        owners = tables["customers"].select("customer_id", *names).to_pandas()
        told = told.merge(owners, on="customer_id", how="left")
        told[names] = told[names].fillna(UNKNOWN)
    return told


def _coming(expected: pd.DataFrame | None, by: str | None, value: str, customers: int) -> float:
    if expected is None:
        return float("nan")
    some = expected if by is None else expected[expected[by] == value]
    return float(some["clv"].sum()) / customers


def _cost(measured: Measured, by: str, value: str) -> float:
    """CAC of the channel or company over the year; else as booked to customers; null where unknown."""
    cac = figure_of(measured, "cac", by, value)
    return cac if np.isfinite(cac) else figure_of(measured, "acquisition_cost", by, value)


def figure_of(measured: Measured, name: str, by: str = ALL, value: str = ALL) -> float:
    """An indicator's figure of the period; null where it isn't measured or known."""
    period = measured.period
    row = period[(period["indicator"] == name) & (period["breakdown"] == by) & (period["value"] == value)]
    return float(row["figure"].iloc[0]) if len(row) else float("nan")
