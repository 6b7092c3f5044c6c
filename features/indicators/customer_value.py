"""The comprehensive value of each customer: what they brought, are expected to, recommended, and cost."""

from __future__ import annotations

from math import ceil, isfinite, nan
from typing import Any

import ibis
import pandas as pd

from features.facts import MONEY_UNIT, whole
from features.indicators.book import Tables, has
from features.indicators.lifetime import figure_of
from features.indicators.measure import Measured
from features.indicators.value import SERVICE_COSTS

COLUMNS = (
    "customer_id",
    "contribution",
    "expected",
    "referrals",
    "referral_value",
    "acquisition_cost",
    "cost_to_serve",
    "cost_to_keep",
    "churn_probability",
    "value_at_risk",
    "value",
    "place",
)
TIERS = (0.01, 0.1, 0.2, 0.5, 1.0)
"""Upper ends of the tiers of value, as shares of the customers, the most valuable first."""


def customer_value(tables: Tables, measured: Measured, scores: pd.DataFrame | None) -> pd.DataFrame:
    """One row per customer who has ordered, the most valuable first: the columns of `COLUMNS`; money.

    `contribution`: margin of all orders, revenue where the tables have no margin. `expected`: the CLV of
    `scores` times the company's share of margin; 0 for who isn't active, null without scores. `referrals`:
    their recommendations, `referral_value` these at what a new customer costs (CAC of the year, else as
    booked). `acquisition_cost`, `cost_to_serve` (service and maintenance booked to the customer),
    `cost_to_keep` (contacts). Null where the tables don't tell; `value` adds up what is known: contribution +
    expected + referral_value − the costs. `churn_probability`, `value_at_risk` (money that may go, of the
    expected): null for who isn't scored. Equal values stand in the order of the ids. `tables`: cut at the
    day.
    """
    frame = _orders(tables)
    for name, part in _others(tables).items():
        unit = 1 if name == "referrals" else MONEY_UNIT
        frame[name] = _of(frame, part) / unit if part is not None else nan
    price = next((p for n in ("cac", "acquisition_cost") if isfinite(p := figure_of(measured, n))), nan)
    frame["referral_value"] = frame["referrals"] * price
    scored = _scored(scores, frame)
    frame = frame.assign(**scored)
    revenue = float(frame["revenue"].sum())
    frame["expected"] *= float(frame["contribution"].sum()) / revenue if revenue else nan
    frame["value_at_risk"] = frame["churn_probability"] * frame["expected"]
    plus = frame[["contribution", "expected", "referral_value"]].sum(axis=1)
    frame["value"] = plus - frame[["acquisition_cost", "cost_to_serve", "cost_to_keep"]].sum(axis=1)
    told = frame.sort_values(["value", "customer_id"], ascending=[False, True], ignore_index=True)
    return told.assign(place=range(1, len(told) + 1))[list(COLUMNS)]


def tiers(customers: pd.DataFrame) -> pd.DataFrame:
    """One row per tier of value: top, customers, value, expected, value_at_risk, share.

    `customers`: as `customer_value` gives them. `top`: upper end of the tier as a share of the customers,
    rounded up; `share`: of the value of all, null where that isn't above 0.
    """
    ends = [ceil(round(top * len(customers), 9)) for top in TIERS]
    total = float(customers["value"].sum())
    rows = []
    for top, begin, end in zip(TIERS, [0, *ends], ends, strict=False):
        some = customers.iloc[begin:end]
        value = float(some["value"].sum())
        rows.append(
            {
                "top": top,
                "customers": len(some),
                "value": value,
                "expected": float(some["expected"].sum(min_count=1)),
                "value_at_risk": float(some["value_at_risk"].sum(min_count=1)),
                "share": value / total if total > 0 else nan,
            }
        )
    return pd.DataFrame(rows)


def _orders(tables: Tables) -> pd.DataFrame:
    orders = tables["orders"]
    margin = orders.margin.fill_null(0.0) if "margin" in orders.columns else orders.amount
    found = orders.group_by("customer_id").aggregate(
        contribution=whole(margin).sum(), revenue=whole(orders.amount).sum()
    )
    frame = found.to_pandas()
    money = frame[["contribution", "revenue"]].astype(float) / MONEY_UNIT
    return pd.DataFrame({"customer_id": frame["customer_id"].astype(str)}).join(money)


def _others(tables: Tables) -> dict[str, ibis.Table | None]:
    """Per customer, `customer_id` and `n`; none where the tables don't tell. Money in ten-thousandths."""
    return {
        "referrals": _referrals(tables),
        "acquisition_cost": _acquisition(tables),
        "cost_to_serve": _served(tables),
        "cost_to_keep": _kept(tables),
    }


def _referrals(tables: Tables) -> ibis.Table | None:
    if "engagement" not in tables:
        return None
    some = tables["engagement"].filter(lambda t: t.kind == "referral")
    return some.group_by("customer_id").aggregate(n=some.count())


def _acquisition(tables: Tables) -> ibis.Table | None:
    if not has(tables, "customers.acquisition_cost"):
        return None
    customers = tables["customers"]
    return customers.select("customer_id", n=whole(customers.acquisition_cost.fill_null(0.0)))


def _served(tables: Tables) -> ibis.Table | None:
    if not has(tables, "costs.customer_id"):
        return None
    costs = tables["costs"]
    some = costs.filter(costs.kind.isin(SERVICE_COSTS), costs.customer_id.notnull())
    return some.group_by("customer_id").aggregate(n=whole(some.amount).sum())


def _kept(tables: Tables) -> ibis.Table | None:
    if not has(tables, "contacts.cost"):
        return None
    contacts = tables["contacts"]
    some = contacts.filter(contacts.arm == "treatment")
    return some.group_by("customer_id").aggregate(n=whole(some.cost.fill_null(0.0)).sum())


def _of(frame: pd.DataFrame, part: ibis.Table) -> pd.Series:
    """The number of each customer, 0 for those who have none."""
    found = part.to_pandas()
    numbers = pd.Series(found["n"].to_numpy(float), index=found["customer_id"].astype(str))
    return frame["customer_id"].map(numbers).fillna(0.0)


def _scored(scores: pd.DataFrame | None, frame: pd.DataFrame) -> dict[str, Any]:
    if scores is None:
        return dict.fromkeys(("expected", "churn_probability"), nan)
    of = scores.set_index(scores["customer_id"].astype(str))
    ids = frame["customer_id"]
    return {
        "expected": ids.map(of["clv"].astype(float)).fillna(0.0),
        "churn_probability": ids.map(of["churn_probability"].astype(float)),
    }
