"""Where value at risk comes from: the weak points of scored customers, summed in money."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import pandas as pd

from features.indicators.owners import OF_CUSTOMER, UNKNOWN
from models.weakpoints import NAMED


def losses(scores: pd.DataFrame, tables: Mapping[str, ibis.Table]) -> pd.DataFrame:
    """One row per weak point, of everyone and of each value of segment and country: the largest first.

    weak_point, breakdown, value, customers, money, clv, customer_ids: a customer's percentage points of churn
    probability times their CLV, summed over the customers with that weak point; how much CLV these have; and
    who they are, those with most of it first. `scores`: as `amity score` writes them.
    """
    told = _one_a_weak_point(scores)
    customers = tables.get("customers")
    names = [name for name in OF_CUSTOMER if customers is not None and name in customers.columns]
    if customers is not None and names:
        owners = customers.select("customer_id", *names).to_pandas()
        told = told.merge(owners, on="customer_id", how="left").fillna(dict.fromkeys(names, UNKNOWN))
    parts = [_summed(told, None), *(_summed(told, name) for name in names)]
    return pd.concat(parts, ignore_index=True)


def _one_a_weak_point(scores: pd.DataFrame) -> pd.DataFrame:
    places = [
        pd.DataFrame(
            {
                "customer_id": scores["customer_id"].astype(str),
                "clv": scores["clv"].astype(float),
                "weak_point": scores[f"weak_point_{place}"],
                "money": scores[f"weak_point_{place}_points"].astype(float)
                / 100
                * scores["clv"].astype(float),
            }
        )
        for place in range(1, NAMED + 1)
    ]
    told = pd.concat(places, ignore_index=True)
    return told[told["weak_point"].notna()]


def _summed(told: pd.DataFrame, breakdown: str | None) -> pd.DataFrame:
    keys = ["weak_point", *([breakdown] if breakdown else [])]
    order = told.sort_values("money", ascending=False, kind="stable")
    found = order.groupby(keys).agg(
        customers=("customer_id", "nunique"),
        money=("money", "sum"),
        clv=("clv", "sum"),
        customer_ids=("customer_id", tuple),
    )
    frame = found.reset_index().sort_values("money", ascending=False, kind="stable")
    value = frame[breakdown].astype(str) if breakdown else "all"
    told_by = frame.assign(breakdown=breakdown or "all", value=value)
    columns = ["weak_point", "breakdown", "value", "customers", "money", "clv", "customer_ids"]
    return told_by[columns].reset_index(drop=True)
