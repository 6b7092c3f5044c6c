"""Visits, opens, clicks, posts, reviews and referrals by hand and by SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from features.build import build
from features.priors import Prior
from features.reference import Reference
from features.snapshots import population
from features.sources import source_from_rows

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)
KINDS = ("visit", "open", "click", "post", "review", "referral")
COUNTED = (
    ("visit", 180),
    *((kind, days) for kind in ("visit", "open", "click") for days in (30, 90, 365)),
    *((kind, 365) for kind in ("post", "review", "referral")),
)
"""The kinds and windows that have a feature."""
OfOne = Callable[[Any, datetime], dict[str, Any]]


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def activity(time: datetime, kind: str = "visit", **more: str) -> dict[str, Any]:
    return {"occurred_at": time, "kind": kind, **more}


def orders(*days: float) -> list[dict[str, Any]]:
    return [{"ordered_at": ago(day), "amount": 1.0} for day in days]


def contacts(*days: float) -> list[dict[str, Any]]:
    return [{"campaign_id": "spring", "sent_at": ago(day), "arm": "treatment"} for day in days]


HAPPENED = [
    *(activity(ago(days), channel="web") for days in (400, 150, 70, 5.5)),
    activity(ago(20), channel="app"),
    *(activity(ago(days), "open", channel="email") for days in (160, 60, 50, 10)),
    *(activity(ago(days), "click", channel="email") for days in (120, 40, 8)),
    activity(ago(300), "post", channel="forum"),
    activity(ago(366), "review", channel="web"),
    activity(ago(45), "review"),
    activity(ago(100), "referral", channel="social"),
]


def test_by_hand(of_one: OfOne) -> None:
    rows = {"engagement": HAPPENED, "orders": orders(100, 60, 30), "contacts": contacts(300, 100, 50, 20)}
    found = of_one(rows, AS_OF)
    expected = {
        "activities": 16,
        "activities_30d": 4,
        "activities_90d": 9,
        "activities_180d": 13,
        "activities_365d": 14,
        "activities_30_to_90d": 9 - 4,
        "activities_90_to_180d": 13 - 9,
        "visits_30d": 2,
        "visits_90d": 3,
        "visits_180d": 4,
        "visits_365d": 4,
        "visits_90_to_180d": 1,
        "opens_30d": 1,
        "opens_90d": 3,
        "opens_90_to_180d": 1,
        "clicks_30d": 1,
        "opens_365d": 4,
        "clicks_90d": 2,
        "clicks_365d": 3,
        "clicks_90_to_180d": 1,
        "posts_365d": 1,
        "reviews_365d": 1,
        "referrals_365d": 1,
        "activities_web_90d": 2,
        "activities_app_90d": 1,
        "activities_email_90d": 5,
        "activities_social_90d": 0,
        "activities_forum_90d": 0,
        "activities_store_90d": 0,
        "days_since_activity": 5.5,
        "days_since_visit": 5.5,
        "orders_per_visit_365d": 3 / 4,
        "visits_per_order_90d": 3 / 2,
        "opens_per_contact_365d": 4 / 4,
        "clicks_per_open_365d": 3 / 4,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert found["last_activity_at"] == ago(5.5)


def test_who_was_never_seen_has_zeros_and_no_last_activity(of_one: OfOne) -> None:
    found = of_one({"orders": orders(100)}, AS_OF)
    zeros = ["activities", "activities_365d", "visits_90d", "opens_30d", "posts_365d", "activities_web_90d"]
    assert [found[name] for name in zeros] == [0.0] * 6
    nulls = ["days_since_activity", "days_since_visit", "last_activity_at"]
    assert [found[name] for name in nulls] == [None] * 3


def test_a_visit_is_the_last_one_only_among_visits(of_one: OfOne) -> None:
    seen = [activity(ago(3), "open")]
    assert of_one({"engagement": seen}, AS_OF)["days_since_visit"] is None
    found = of_one({"engagement": [*seen, activity(ago(8)), activity(ago(9))]}, AS_OF)
    assert (found["days_since_visit"], found["days_since_activity"]) == (8, 3)


@pytest.mark.parametrize("days", [30, 90, 180, 365])
def test_a_window_begins_at_its_first_instant_and_ends_before_as_of(of_one: OfOne, days: int) -> None:
    times = [ago(days) - MICROSECOND, ago(days), AS_OF - MICROSECOND, AS_OF]
    found = of_one({"engagement": [activity(time, kind) for kind in KINDS for time in times]}, AS_OF)
    names = [f"{kind}s_{days}d" for kind in KINDS if (kind, days) in COUNTED]
    assert [found[name] for name in names] == [2] * len(names)
    assert found[f"activities_{days}d"] == 12
    assert found["activities"] == 18


def test_the_windows_before_meet_without_a_gap(of_one: OfOne) -> None:
    edges = [ago(180) - MICROSECOND, ago(180), ago(90) - MICROSECOND, ago(90), ago(30) - MICROSECOND, ago(30)]
    kinds = ("visit", "open", "click")
    found = of_one({"engagement": [activity(edge, kind) for kind in kinds for edge in edges]}, AS_OF)
    assert [found[f"{kind}s_90_to_180d"] for kind in kinds] == [2] * 3
    assert (found["activities_90_to_180d"], found["activities_30_to_90d"]) == (6, 6)


def test_channels_count_in_their_window(of_one: OfOne) -> None:
    times = [ago(90) - MICROSECOND, ago(90), AS_OF - MICROSECOND, AS_OF]
    found = of_one({"engagement": [activity(time, channel="store") for time in times]}, AS_OF)
    assert (found["activities_store_90d"], found["activities_web_90d"]) == (2, 0)


def test_a_kind_that_has_no_name_here_counts_among_all(of_one: OfOne) -> None:
    found = of_one({"engagement": [activity(ago(3), "webinar")]}, AS_OF)
    assert (found["activities_30d"], found["visits_30d"], found["posts_365d"]) == (1, 0, 0)


def leaning(rows: Mapping[str, Any], priors: Mapping[str, Prior], *names: str) -> dict[str, Any]:
    """Features of the customer «c» whose rates lean on priors."""
    keys = {"orders": "order_id", "contacts": "contact_id"}
    owned = {
        name: [
            {"customer_id": "c", **row, **({keys[name]: f"{i}"} if name in keys else {})}
            for i, row in enumerate(given)
        ]
        for name, given in rows.items()
    }
    tables = source_from_rows(owned).tables
    told = Reference(30.0, 0.1, priors)
    (row,) = build(tables, population(tables, [AS_OF], None), told, only=names).to_pyarrow().to_pylist()
    return dict(row)


def test_rates_lean_on_all_customers() -> None:
    rows = {"engagement": HAPPENED, "orders": orders(100, 60, 30), "contacts": contacts(300, 100, 50, 20)}
    priors = {"orders_per_visit": Prior(1.0, 2.0), "opens_per_contact": Prior(3.0, 1.0)}
    found = leaning(rows, priors, "orders_per_visit_365d", "opens_per_contact_365d", "clicks_per_open_365d")
    assert found["orders_per_visit_365d"] == pytest.approx((3 + 1) / (4 + 2))
    assert found["opens_per_contact_365d"] == pytest.approx((4 + 3) / (4 + 1))
    assert found["clicks_per_open_365d"] == pytest.approx(3 / 4)


def test_without_a_chance_a_rate_is_that_of_all_customers() -> None:
    rows = {"engagement": [activity(ago(5), "open")], "orders": orders(9, 8, 7), "contacts": contacts(400)}
    priors = {"orders_per_visit": Prior(1.0, 2.0), "opens_per_contact": Prior(3.0, 1.0)}
    found = leaning(rows, priors, "orders_per_visit_365d", "opens_per_contact_365d", "clicks_per_open_365d")
    assert found["orders_per_visit_365d"] == 1 / 2
    assert found["opens_per_contact_365d"] == 3 / 1
    assert found["clicks_per_open_365d"] == 0


def test_activities_agree_with_sql(agrees: Callable[[str], None]) -> None:
    counted = ",".join(
        f"count(*) FILTER (known AND age <= INTERVAL {days} DAY AND {where}) AS {name}_{days}d"
        for name, where, days in (
            *(("activities", "true", days) for days in (30, 90, 180, 365)),
            *((f"{kind}s", f"kind = '{kind}'", days) for kind, days in COUNTED),
        )
    )
    before = ",".join(
        f"count(*) FILTER (kind = '{kind}' AND age > INTERVAL 90 DAY AND age <= INTERVAL 180 DAY)"
        f" AS {kind}s_90_to_180d"
        for kind in ("visit", "open", "click")
    )
    channels = ",".join(
        f"count(*) FILTER (known AND age <= INTERVAL 90 DAY AND channel = '{channel}')"
        f" AS activities_{channel}_90d"
        for channel in ("web", "app", "email", "social", "forum", "store")
    )
    agrees(f"""
        WITH seen AS (
            SELECT *, coalesce(occurred_at < as_of, false) AS known, as_of - occurred_at AS age
            FROM snap LEFT JOIN engagement USING (customer_id)
        )
        SELECT customer_id, as_of, count(*) FILTER (known) AS activities, {counted}, {before}, {channels},
            count(*) FILTER (age > INTERVAL 90 DAY AND age <= INTERVAL 180 DAY) AS activities_90_to_180d,
            count(*) FILTER (age > INTERVAL 30 DAY AND age <= INTERVAL 90 DAY) AS activities_30_to_90d,
            date_diff('second', max(occurred_at) FILTER (known), as_of) / 86400 AS days_since_activity,
            date_diff('second', max(occurred_at) FILTER (known AND kind = 'visit'), as_of) / 86400
                AS days_since_visit,
            max(occurred_at) FILTER (known) AS last_activity_at
        FROM seen GROUP BY customer_id, as_of
    """)


@pytest.mark.parametrize(
    ("rate", "events", "chances", "days"),
    [
        ("orders_per_visit", "orders", "visits", 365),
        ("visits_per_order", "visits", "orders", 90),
        ("opens_per_contact", "opens", "contacts", 365),
        ("clicks_per_open", "clicks", "opens", 365),
    ],
)
def test_rates_agree_with_sql(
    agrees: Callable[[str], None], told: Reference, rate: str, events: str, chances: str, days: int
) -> None:
    prior = told.priors[rate]
    assert prior.chances > 0
    tables = {
        "orders": ("orders", "ordered_at", "true"),
        "contacts": ("contacts", "sent_at", "arm = 'treatment'"),
        **{f"{kind}s": ("engagement", "occurred_at", f"kind = '{kind}'") for kind in KINDS},
    }

    def counted(name: str) -> str:
        table, time, where = tables[name]
        return (
            f"(SELECT count(*) FROM {table} WHERE {table}.customer_id = snap.customer_id AND {where}"
            f" AND {time} < as_of AND {time} >= as_of - INTERVAL {days} DAY)"
        )

    agrees(
        f"SELECT customer_id, as_of, (if({counted(chances)} > 0, {counted(events)}, 0) + {prior.events!r})"
        f" / ({counted(chances)} + {prior.chances!r}) AS {rate}_{days}d FROM snap"
    )
