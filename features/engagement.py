"""Visits, opens, clicks, posts and reviews, and the response to campaigns."""

from __future__ import annotations

from functools import partial
from typing import Any

from features.catalog import Aggregate, Feature
from features.facts import Facts

KINDS = {"visit": "visits", "open": "opened messages", "click": "clicks"}


def _of_kind(f: Facts, kind: str, window: tuple[int, ...]) -> Any:
    return f.count(*window, where=f.kind == kind)


def _reached(f: Facts) -> Any:
    return f.arm == "treatment"


AGGREGATES = (
    Aggregate("activities", "engagement", lambda f: f.count(), empty=0),
    *(
        Aggregate(f"activities_{n}d", "engagement", partial(Facts.count, oldest=n), empty=0)
        for n in (30, 90, 365)
    ),
    Aggregate("activities_30_to_90d", "engagement", lambda f: f.count(90, 30), empty=0),
    Aggregate("activities_90_to_180d", "engagement", lambda f: f.count(180, 90), empty=0),
    Aggregate("days_since_activity", "engagement", lambda f: f.days_since_last()),
    Aggregate("last_activity_at", "engagement", lambda f: f.occurred_at.max()),
    *(
        Aggregate(
            f"{kind}s_{first}",
            "engagement",
            partial(_of_kind, kind=kind, window=window),
            empty=0,
        )
        for kind in KINDS
        for first, window in {"30d": (30,), "90d": (90,), "90_to_180d": (180, 90)}.items()
    ),
    Aggregate(
        "posts_365d",
        "engagement",
        lambda f: f.count(365, where=f.kind.isin(["post", "review", "referral"])),
        empty=0,
    ),
    Aggregate("contacts_180d", "contacts", lambda f: f.count(180, where=_reached(f)), empty=0),
    Aggregate("contacts_365d", "contacts", lambda f: f.count(365, where=_reached(f)), empty=0),
    Aggregate(
        "redeemed_365d",
        "contacts",
        lambda f: f.count(365, where=_reached(f) & f.redeemed_at.notnull()),
        ("redeemed_at",),
        0,
    ),
)

FEATURES = (
    Feature("activities", "engagement", "activities", "visits, opens, clicks and posts ever"),
    *(
        Feature(
            f"activities_{n}d",
            "engagement",
            "activities",
            f"visits, opens, clicks and posts in the last {n} days",
            worse="low",
        )
        for n in (30, 90, 365)
    ),
    Feature(
        "activities_30_to_90d",
        "engagement",
        "activities",
        "visits, opens, clicks and posts between 30 and 90 days ago",
    ),
    Feature(
        "activities_90_to_180d",
        "engagement",
        "activities",
        "visits, opens, clicks and posts in the 90 days before the last 90",
    ),
    Feature(
        "activity_change",
        "engagement",
        "ratio",
        "activity per day in the last 30 days over that of the 60 days before",
        worse="low",
        null="no activity between 30 and 90 days ago",
        needs=("activities_30d", "activities_30_to_90d"),
        value=lambda row: 2 * row.activities_30d / row.activities_30_to_90d.nullif(0),
    ),
    Feature(
        "days_since_activity",
        "engagement",
        "days",
        "days since the last visit, open, click or post",
        worse="high",
        null="no activity yet",
    ),
    *(
        Feature(f"{kind}s_{n}d", "engagement", "activities", f"{words} in the last {n} days", worse="low")
        for kind, words in KINDS.items()
        for n in (30, 90)
    ),
    *(
        Feature(
            f"{kind}s_90_to_180d", "engagement", "activities", f"{words} in the 90 days before the last 90"
        )
        for kind, words in KINDS.items()
    ),
    Feature(
        "visits_per_order_90d",
        "engagement",
        "ratio",
        "visits per order in the last 90 days",
        null="no order in the last 90 days",
        needs=("visits_90d", "orders_90d"),
        value=lambda row: row.visits_90d / row.orders_90d.nullif(0),
    ),
    Feature("posts_365d", "engagement", "activities", "posts, reviews and referrals in the last 365 days"),
    Feature("contacts_180d", "engagement", "contacts", "campaign contacts in the last 180 days"),
    Feature(
        "redeemed_share_365d",
        "engagement",
        "share",
        "share of the campaign contacts of the last 365 days that were redeemed",
        worse="low",
        null="no campaign contact in the last 365 days",
        needs=("redeemed_365d", "contacts_365d"),
        value=lambda row: row.redeemed_365d / row.contacts_365d.nullif(0),
    ),
    Feature(
        "last_activity_at",
        "engagement",
        "date",
        "time of the last visit, open, click or post",
        null="no activity yet",
        kind="fact",
    ),
)
