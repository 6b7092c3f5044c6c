"""What a peer may know of a customer: raw orders and returns before a day, as about 40 windowed features."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

SPANS = (14, 30, 60, 90, 180, 365)
BASKETS = ("mean", "median", "std", "max", "min", "first", "last")


@dataclass(frozen=True)
class Window:
    """The day to look from in days since 1970, and the windows around it in days."""

    as_of: int
    horizon: int
    lookback: int


def read(orders: Path, returns: Path | None, before: date) -> pd.DataFrame:
    """One row per customer and day with an order or a return before the day: orders, gross, returned.

    `code` numbers the customers by their id; `day` counts from 1970-01-01.
    """
    sold = (
        f"SELECT customer_id, ordered_at AS moment, 1 AS n, amount AS gross, 0.0 AS returned FROM '{orders}'"
    )
    back = f"UNION ALL SELECT customer_id, returned_at, 0, 0, amount FROM '{returns}'" if returns else ""
    events = duckdb.sql(
        f"""
        SELECT CAST(customer_id AS VARCHAR) AS customer_id,
               date_diff('day', DATE '1970-01-01', moment) AS day,
               CAST(sum(n) AS DOUBLE) AS orders, sum(gross) AS gross, sum(returned) AS returned
        FROM ({sold} {back}) WHERE moment < TIMESTAMP '{before}' GROUP BY ALL ORDER BY ALL
        """
    ).df()
    return events.assign(code=events["customer_id"].astype("category").cat.codes.astype(np.int64))


def active(events: pd.DataFrame, as_of: int, lookback: int) -> Codes:
    """The customers with an order in the lookback before the day, in order."""
    inside = (events["day"] < as_of) & (events["day"] >= as_of - lookback) & (events["orders"] > 0)
    return np.unique(events.loc[inside, "code"])


def outcome(events: pd.DataFrame, codes: Codes, window: Window) -> pd.DataFrame:
    inside = events[(events["day"] >= window.as_of) & (events["day"] < window.as_of + window.horizon)]
    totals = inside.groupby("code")[["orders", "gross", "returned"]].sum().reindex(codes, fill_value=0.0)
    net = totals["gross"] - totals["returned"]
    return pd.DataFrame({"churned": (totals["orders"] == 0).astype(float), "revenue": net})


def windowed(past: pd.DataFrame, codes: Codes, as_of: int) -> pd.DataFrame:
    """About 40 features of each customer from the events before the day."""
    mine = past[past["code"].isin(codes)]
    place = np.searchsorted(codes, mine["code"])
    ago = as_of - mine["day"].to_numpy()
    ordered = (mine["orders"] > 0).to_numpy()
    values = {
        "days": ordered.astype(float),
        "orders": mine["orders"].to_numpy(),
        "net": (mine["gross"] - mine["returned"]).to_numpy(),
        "returned": mine["returned"].to_numpy(),
    }

    def total(name: str, newest: int, oldest: int) -> Floats:
        inside = (ago > newest) & (ago <= oldest)
        return np.bincount(place[inside], values[name][inside], len(codes)).astype(float)

    ever = int(ago.max())
    found = {name: total(name, 0, ever) for name in values}
    for days in SPANS:
        found |= {f"{name}_{days}": total(name, 0, days) for name in ("days", "net")}
    for days in (30, 90, 180):
        found |= {f"{name}_{days}_before": total(name, days, 2 * days) for name in ("days", "net")}
    found["returned_90"] = total("returned", 0, 90)
    rows = pd.DataFrame(found, index=codes)
    return (
        rows.join(_gaps(mine[ordered], as_of))
        .join(_baskets(mine[ordered]))
        .assign(
            late=lambda row: row["recency"] / row["gap_mean"],
            latest=lambda row: row["recency"] / row["gap_max"],
            rate=lambda row: row["days"] / row["tenure"],
        )
    )


def _gaps(ordered: pd.DataFrame, as_of: int) -> pd.DataFrame:
    days = ordered.groupby("code")["day"]
    gaps = days.diff().groupby(ordered["code"])
    return pd.DataFrame(
        {
            "recency": as_of - days.max(),
            "tenure": as_of - days.min(),
            "gap_mean": gaps.mean(),
            "gap_median": gaps.median(),
            "gap_std": gaps.std(),
            "gap_max": gaps.max(),
            "gap_last": gaps.last(),
        }
    )


def _baskets(ordered: pd.DataFrame) -> pd.DataFrame:
    gross = ordered.groupby("code")["gross"]
    return pd.DataFrame({f"basket_{name}": gross.agg(name) for name in BASKETS})
