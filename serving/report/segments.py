"""Scored customers by group and status: how many, their worth, and how much is at risk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
import pandas as pd

from features.indicators.groups import GROUPS, grouped
from features.indicators.spans import customers
from features.snapshots import before

STATUS = ("new", "active", "slowing", "lapsed", "lost")


def segments(scores: pd.DataFrame, tables: Mapping[str, ibis.Table], day: datetime) -> pd.DataFrame:
    """One row per segment: kind, name, customers, clv, value_at_risk, churn_probability.

    kind: group or status. `scores`: as `amity score` writes them; customers that the
    tables don't know have no group. The churn probability is the mean, the rest are sums; money.
    """
    scores = scores.assign(customer_id=scores["customer_id"].astype(str))
    parts = [_summed(scores, "status", STATUS)]
    if "orders" in tables:
        of_day = grouped(customers(before(tables, day), day), day)
        members = of_day.select("customer_id", "group").to_pandas()
        told = scores.merge(members, on="customer_id", how="inner")
        parts = [_summed(told, "group", GROUPS), *parts]
    return pd.concat(parts, ignore_index=True)


def _summed(scores: pd.DataFrame, kind: str, order: tuple[str, ...]) -> pd.DataFrame:
    found = scores.groupby(kind).agg(
        customers=("customer_id", "size"),
        clv=("clv", "sum"),
        value_at_risk=("value_at_risk", "sum"),
        churn_probability=("churn_probability", "mean"),
    )
    there = [name for name in order if name in found.index]
    return found.loc[there].rename_axis("name").reset_index().assign(kind=kind)[list(COLUMNS)]


COLUMNS = ("kind", "name", "customers", "clv", "value_at_risk", "churn_probability")
