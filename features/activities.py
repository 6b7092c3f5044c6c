"""Visits, opens, clicks, posts, reviews and referrals: how many, when last, on which channel, per chance."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from features.catalog import Aggregate, Feature, Rate, Row
from features.facts import Facts

WINDOWS = (30, 90, 180, 365)
CHANNELS = ("web", "app", "email", "social", "forum", "store")

_ALL = "visits, opens, clicks and posts"
_KIND = {
    "visits": "visit",
    "opens": "open",
    "clicks": "click",
    "posts": "post",
    "reviews": "review",
    "referrals": "referral",
}
WORDS = {"activities": _ALL} | {name: name for name in _KIND} | {"opens": "opened messages"}
_FREQUENT = ("activities", "visits", "opens", "clicks")
_RARE = ("posts", "reviews", "referrals")
_COUNTED = (*((name, days) for name in _FREQUENT for days in WINDOWS), *((name, 365) for name in _RARE))
_ONLY_BEFORE = {("opens", 180), ("clicks", 180)}
"""Counted to tell the 90 days before the last 90, and no features themselves."""

RATES = (
    Rate("orders_per_visit", "orders_365d", "visits_365d"),
    Rate("visits_per_order", "visits_365d", "orders_365d"),
    Rate("opens_per_contact", "opens_365d", "contacts_365d"),
    Rate("clicks_per_open", "clicks_365d", "opens_365d"),
)


def is_of(f: Facts, name: str) -> Any:
    """Whether a row is one of `activities` (all are), `visits`, `opens`, …"""
    return None if name == "activities" else f.kind == _KIND[name]


def counted(f: Facts, name: str, oldest: int, newest: int = 0) -> Any:
    return f.count(oldest, newest, where=is_of(f, name))


def _on_channel(f: Facts, channel: str) -> Any:
    return f.count(90, where=f.channel == channel)


def between(row: Row, name: str, oldest: int, newest: int) -> Any:
    return row.table[f"{name}_{oldest}d"] - row.table[f"{name}_{newest}d"]


def _rate(row: Row, rate: str, events: str, chances: str) -> Any:
    """Events without any chance (orders by telephone, without a visit) say nothing of the rate."""
    had = row.table[chances]
    return row.rate(rate, (had > 0).ifelse(row.table[events], 0), had)


AGGREGATES = (
    Aggregate("activities", "engagement", lambda f: f.count(), empty=0),
    *(
        Aggregate(f"{name}_{days}d", "engagement", partial(counted, name=name, oldest=days), empty=0)
        for name, days in _COUNTED
    ),
    *(
        Aggregate(
            f"activities_{channel}_90d",
            "engagement",
            partial(_on_channel, channel=channel),
            needs=("channel",),
            empty=0,
        )
        for channel in CHANNELS
    ),
    Aggregate("days_since_activity", "engagement", lambda f: f.days_since_last()),
    Aggregate("days_since_visit", "engagement", lambda f: f.days_since_last(where=is_of(f, "visits"))),
    Aggregate("last_activity_at", "engagement", lambda f: f.occurred_at.max()),
)

_NO_ACTIVITY = "no activity yet"


def _per_chance(
    rate: str, days: int, events: str, chances: str, nobody: str, worse: Literal["low"] | None = None
) -> Feature:
    parts = (f"{events}_{days}d", f"{chances}_{days}d")
    return Feature(
        f"{rate}_{days}d",
        "engagement",
        "ratio",
        f"{rate.replace('_', ' ')} in the last {days} days, leaning on those of all customers",
        worse=worse,
        null=f"nobody had {nobody} before the training",
        needs=parts,
        value=partial(_rate, rate=rate, events=parts[0], chances=parts[1]),
    )


FEATURES = (
    Feature("activities", "engagement", "activities", f"{_ALL} ever"),
    *(
        Feature(
            f"{name}_{days}d",
            "engagement",
            "activities",
            f"{WORDS[name]} in the last {days} days",
            worse="low",
        )
        for name, days in _COUNTED
        if (name, days) not in _ONLY_BEFORE
    ),
    *(
        Feature(
            f"{name}_90_to_180d",
            "engagement",
            "activities",
            f"{WORDS[name]} in the 90 days before the last 90",
            needs=(f"{name}_90d", f"{name}_180d"),
            value=partial(between, name=name, oldest=180, newest=90),
        )
        for name in _FREQUENT
    ),
    Feature(
        "activities_30_to_90d",
        "engagement",
        "activities",
        f"{_ALL} between 30 and 90 days ago",
        needs=("activities_30d", "activities_90d"),
        value=partial(between, name="activities", oldest=90, newest=30),
    ),
    *(
        Feature(
            f"activities_{channel}_90d",
            "engagement",
            "activities",
            f"{_ALL} on the channel {channel} in the last 90 days",
            worse="low",
        )
        for channel in CHANNELS
    ),
    Feature(
        "days_since_activity",
        "engagement",
        "days",
        "days since the last visit, open, click or post",
        worse="high",
        null=_NO_ACTIVITY,
    ),
    Feature(
        "days_since_visit",
        "engagement",
        "days",
        "days since the last visit",
        worse="high",
        null="no visit yet",
    ),
    _per_chance("orders_per_visit", 365, "orders", "visits", "a visit"),
    _per_chance("visits_per_order", 90, "visits", "orders", "an order"),
    _per_chance("opens_per_contact", 365, "opens", "contacts", "a contact", worse="low"),
    _per_chance("clicks_per_open", 365, "clicks", "opens", "an open", worse="low"),
    Feature(
        "last_activity_at",
        "engagement",
        "date",
        "time of the last visit, open, click or post",
        null=_NO_ACTIVITY,
        kind="fact",
    ),
)
