"""Orders → how busy the days of past contacts were, and how busy the days to come will be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis
import numpy as np
import pandas as pd
from ibis import _

from features.facts import DAY, seconds
from models.level import SEASON_FROM_DAYS, WEEK, Observed, forecast
from models.uplift.season import NONE, Season

YEAR_DAYS = 365
FROM_DAYS = SEASON_FROM_DAYS - YEAR_DAYS
LONGEST_DAYS = 6 * YEAR_DAYS
"""What lies further back says nothing of the season any more."""


@dataclass(frozen=True)
class Pace:
    """Windows of a campaign's days, going back from a day. `orders`: in each window, of the `customers` who
    ordered in the year before it; both (windows,), the last window first."""

    orders: np.ndarray
    customers: np.ndarray


def season(orders: ibis.Table, as_of: datetime, contacted: pd.Series, campaign_days: int) -> Season:
    """From orders before `as_of`; `contacted`: when each past contact was sent.

    `NONE` where less than `SEASON_FROM_DAYS` of orders are known. Windows in the first `FROM_DAYS` say
    nothing: everybody known then had just ordered.
    """
    first = orders.ordered_at.min().to_pandas()
    if pd.isna(first):
        return NONE
    known_days = min((as_of - first) / timedelta(days=1), float(LONGEST_DAYS))
    if known_days < SEASON_FROM_DAYS:
        return NONE
    windows = int((known_days - FROM_DAYS) // campaign_days)
    found = pace(orders, as_of, campaign_days, windows)
    since = np.arange(windows, 0, -1)
    told = np.log((found.orders[::-1] + 0.5) / (found.customers[::-1] + 0.5))
    ahead = forecast(
        Observed(known_days - campaign_days * since, told, campaign_days), as_of, known_days, campaign_days
    )
    past = [pd.Timestamp(as_of) - timedelta(days=campaign_days * int(back)) for back in since]
    weeks = [pd.Timestamp(as_of) + timedelta(days=WEEK * week) for week in range(len(ahead.levels))]
    curve = Season((*past, *weeks), (*told.tolist(), *ahead.levels))
    return _beside(curve, contacted)


def _beside(curve: Season, contacted: pd.Series) -> Season:
    """The curve less its mean over the contacts that it knows."""
    within = contacted[(contacted >= curve.days[0]) & (contacted <= curve.days[-1])]
    if within.empty:
        return NONE
    usual = float(np.log(curve.times(within)).mean())
    return Season(curve.days, tuple(level - usual for level in curve.levels))


def pace(orders: ibis.Table, as_of: datetime, campaign_days: int, windows: int) -> Pace:
    """Of the `windows` windows before `as_of`. A year is as many windows as fit into it."""
    year = max(YEAR_DAYS // campaign_days, 1)
    ago = (seconds(ibis.timestamp(as_of)) - seconds(orders.ordered_at) - 1) // (campaign_days * DAY)
    own = orders.mutate(window=ago).group_by("customer_id", "window").agg(placed=_.count())
    next_one = ibis.window(group_by="customer_id", order_by=ibis.desc("window"))
    steps = own.mutate(newer=own.window.lead().over(next_one), newer_placed=own.placed.lead().over(next_one))
    told = steps.group_by("window", "newer").agg(customers=_.count(), orders=_.newer_placed.sum())
    placed, known = np.zeros(windows), np.zeros(windows)
    for window, newer, customers, count in told.to_pandas().astype("float64").itertuples(index=False):
        oldest = int(window) - year
        known[max(oldest, 0 if np.isnan(newer) else int(newer)) : int(window)] += customers
        if max(oldest, 0) <= newer < windows:
            placed[int(newer)] += count
    return Pace(placed, known)
