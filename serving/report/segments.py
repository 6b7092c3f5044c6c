"""Scored customers by group, value tier and status: how many, their worth, and how much is at risk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import ibis
import numpy as np
import pandas as pd

from features.indicators.groups import GROUPS, grouped
from features.indicators.spans import customers
from features.snapshots import before

TIERS = {"best": 0.1, "middle": 0.5, "others": 1.0}
"""Of the scored customers by CLV, the highest first: a tenth, the four tenths after them, the other half."""
STATUS = ("new", "active", "slowing", "lapsed", "lost")


def segments(scores: pd.DataFrame, tables: Mapping[str, ibis.Table], day: datetime) -> pd.DataFrame:
    """One row per segment: kind, name, customers, clv, value_at_risk, churn_probability.

    kind: group, tier or status. `scores`: as `amity score` writes them; customers that the
    tables don't know have no group. The churn probability is the mean, the rest are sums; money.
    """
    tiered = scores.assign(customer_id=scores["customer_id"].astype(str), tier=_tiers(scores["clv"]))
    parts = [_summed(tiered, "tier", tuple(TIERS)), _summed(tiered, "status", STATUS)]
    if "orders" in tables:
        of_day = grouped(customers(before(tables, day), day), day)
        members = of_day.select("customer_id", "group").to_pandas()
        told = tiered.merge(members, on="customer_id", how="inner")
        parts = [_summed(told, "group", GROUPS), *parts]
    return pd.concat(parts, ignore_index=True)


def _tiers(clv: pd.Series) -> pd.Series:
    """The tenth of 25 customers are 3: rounded up."""
    rank = clv.rank(ascending=False, method="first") - 1
    ends = np.array([np.ceil(share * len(clv)) for share in TIERS.values()])
    return pd.Series(np.array(list(TIERS))[np.searchsorted(ends, rank, side="right")], index=clv.index)


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
