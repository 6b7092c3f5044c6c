"""How much of the revenue the best customers bring in."""

from __future__ import annotations

import ibis
import pandas as pd

from features.facts import MONEY_UNIT

TOPS = (1, 10, 20)
"""Per cent of the buyers."""


def concentration(customers: ibis.Table) -> pd.DataFrame:
    """One row per share of the buyers of a year, the best first: top, customers, revenue, share,
    share_before.

    `customers`: as `spans.customers` gives them. The top tenth of 25 buyers are 3: rounded up. Null where
    nobody bought in the year.
    """
    now, before = (_tops(customers, span) for span in ("year", "year_before"))
    return now.assign(share_before=before["share"])


def _tops(customers: ibis.Table, span: str) -> pd.DataFrame:
    orders, revenue = customers[f"orders_{span}"], customers[f"revenue_{span}"]
    bought = customers.filter(orders > 0).select("customer_id", revenue=revenue)
    order = [bought.revenue.desc(), bought.customer_id]
    ranked = bought.mutate(rank=ibis.row_number().over(order_by=order) + 1, buyers=bought.count().over())
    columns = {"buyers": ranked.buyers.max(), "revenue": ranked.revenue.sum()}
    for top in TOPS:
        inside = (ranked["rank"] - 1) * 100 < ranked.buyers * top
        columns[f"customers_{top}"] = inside.ifelse(1, 0).sum()
        columns[f"revenue_{top}"] = inside.ifelse(ranked.revenue, 0).sum()
    found = ranked.aggregate(**columns).to_pyarrow().to_pylist()[0]
    row = {name: int(value or 0) for name, value in found.items()}
    return pd.DataFrame(
        {
            "top": [top / 100 for top in TOPS],
            "customers": [row[f"customers_{top}"] for top in TOPS],
            "revenue": [row[f"revenue_{top}"] / MONEY_UNIT for top in TOPS],
            "share": [row[f"revenue_{top}"] / row["revenue"] if row["revenue"] else None for top in TOPS],
        }
    )
