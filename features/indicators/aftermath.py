"""What service does to later churn: customers whom it failed beside those whom it served, alike before.

Of each active customer the first ticket of a year counts; whether they ordered again in the months after the
time for its answer and solution had passed is known for all by the end. Customers are compared with those who
had bought as often in the year before (Mantel–Haenszel risk difference; its variance: Greenland & Robins
1985, Biometrics 41), so a late answer isn't blamed for what rare buyers do anyway. Nobody was given a late
answer by lot: it is a correlation, and says so.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import ibis
import numpy as np
import pandas as pd
from scipy import stats

from features.indicators.book import Tables
from features.indicators.calendar import first_day, number
from features.indicators.rules import YEAR, Rules

Value = Any  # an Ibis value expression

FAILURES = {
    "late_answer": "tickets.first_response_at",
    "late_solution": "tickets.resolved_at",
    "reopened": "tickets.reopened_at",
    "complaint": "tickets.kind",
}
"""What can go wrong with a ticket, and the column without which it isn't known. A complaint is beside other
tickets; the others are beside tickets that were answered and solved in time, or not reopened."""

COLUMNS = (
    "failure",
    "customers",
    "churned",
    "customers_beside",
    "churned_beside",
    "difference",
    "low",
    "high",
)
_MOST_ORDERS = 6
"""Customers who bought as often or more in the year before the ticket are one stratum."""


def aftermath(tables: Tables, day: datetime, rules: Rules) -> pd.DataFrame:
    """One row per failure that is known: failure, customers, churned, customers_beside, churned_beside,
    difference, low, high; none where nobody's ticket is old enough.

    `churned`: shares without an order in the `churn_months` after the ticket's time was up. `difference`: in
    shares, between customers who had bought as often; null, as its ends, where no stratum has both. `tables`:
    cut at `day`.
    """
    known = [name for name, column in FAILURES.items() if column.split(".")[1] in tables["tickets"].columns]
    first = _first_tickets(tables, day, rules)
    counted = first.group_by("stratum", *known).aggregate(
        customers=first.count(), churned=first.churned.ifelse(1, 0).sum()
    )
    cells = counted.to_pandas().astype({"customers": float, "churned": float})
    rows = [_compared(name, cells, rules.confidence) for name in known] if len(cells) else []
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _first_tickets(tables: Tables, day: datetime, rules: Rules) -> ibis.Table:
    """Each active customer's first ticket of the year that ends early enough to know what came of it.

    `stratum`: their orders in the twelve months before. `churned`: whether none followed.
    """
    given = max(rules.answered_within_hours / 24, rules.resolved_within_days + rules.reopened_within_days)
    end = number(day) - rules.churn_months - int(np.ceil(given / 28))
    tickets = tables["tickets"]
    inside = (tickets.opened_at >= first_day(end - YEAR)) & (tickets.opened_at < first_day(end))
    tickets = tickets.filter(inside)
    place = ibis.row_number().over(group_by="customer_id", order_by=[tickets.opened_at, tickets.ticket_id])
    first = tickets.mutate(place=place).filter(lambda t: t["place"] == 0)
    up = first.opened_at + ibis.interval(days=int(np.ceil(given)))
    first = first.select(
        owner="customer_id",
        opened="opened_at",
        up=up,
        **{name: _failed(first, name, rules) for name in FAILURES if _known(first, name)},
    )
    orders = tables["orders"].select("customer_id", "ordered_at")
    joined = first.join(orders, first.owner == orders.customer_id)
    year_before = (joined.ordered_at < joined.opened) & (
        joined.ordered_at >= joined.opened - ibis.interval(months=YEAR)
    )
    later = (joined.ordered_at >= joined.up) & (
        joined.ordered_at < joined.up + ibis.interval(months=rules.churn_months)
    )
    failures = [name for name in FAILURES if name in first.columns]
    bought = joined.group_by("owner", *failures).aggregate(
        before=year_before.ifelse(1, 0).sum(), later=later.ifelse(1, 0).sum()
    )
    active = bought.filter(bought.before > 0)
    return active.mutate(
        stratum=ibis.least(active.before, _MOST_ORDERS).cast("int64"), churned=active.later == 0
    )


def _known(tickets: ibis.Table, failure: str) -> bool:
    return FAILURES[failure].split(".")[1] in tickets.columns


def _failed(t: ibis.Table, failure: str, rules: Rules) -> Value:
    """Null counts as not answered, not solved, not reopened."""
    if failure == "complaint":
        return t.kind == "complaint"
    if failure == "reopened":
        return t.reopened_at.notnull()
    column, given = {
        "late_answer": ("first_response_at", ibis.interval(hours=rules.answered_within_hours)),
        "late_solution": ("resolved_at", ibis.interval(days=rules.resolved_within_days)),
    }[failure]
    return ~(t[column] < t.opened_at + given).fill_null(False)


def _compared(name: str, cells: pd.DataFrame, confidence: float) -> dict[str, Any]:
    strata = cells.groupby([name, "stratum"])[["customers", "churned"]].sum()
    index = pd.MultiIndex.from_product([[True, False], cells["stratum"].unique()], names=[name, "stratum"])
    sides = strata.reindex(index, fill_value=0.0)
    failed, beside = sides.loc[True], sides.loc[False]
    difference, error = risk_difference(failed, beside)
    half = float(stats.norm.isf((1 - confidence) / 2)) * error
    return {
        "failure": name,
        "customers": int(failed["customers"].sum()),
        "churned": _share(failed),
        "customers_beside": int(beside["customers"].sum()),
        "churned_beside": _share(beside),
        "difference": difference,
        "low": difference - half,
        "high": difference + half,
    }


def risk_difference(failed: Any, beside: Any) -> tuple[float, float]:
    """Mantel–Haenszel's difference of shares over strata, and its standard error; null where none has both.

    `failed`, `beside`: `customers` and `churned` of each stratum, in the same order.
    """
    n, m, x, y = (side[c].to_numpy(float) for c in ("customers", "churned") for side in (failed, beside))
    total = n + m
    both = (n > 0) & (m > 0)
    n, m, x, y, total = (part[both] for part in (n, m, x, y, total))
    weight = n * m / total
    if not both.any():
        return float("nan"), float("nan")
    terms = (x * (n - x) * m**3 + y * (m - y) * n**3) / (n * m * total**2)
    difference = float(((x * m - y * n) / total).sum() / weight.sum())
    return difference, float(np.sqrt(terms.sum()) / weight.sum())


def _share(side: Any) -> float:
    customers = side["customers"].sum()
    return float(side["churned"].sum() / customers) if customers else float("nan")
