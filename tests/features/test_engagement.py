"""Engagement by hand and by SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)
OfOne = Callable[[Any, datetime], dict[str, Any]]


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def activity(time: datetime, kind: str = "visit") -> dict[str, Any]:
    return {"occurred_at": time, "kind": kind}


def contact(sent: datetime, arm: str = "treatment", redeemed: datetime | None = None) -> dict[str, Any]:
    return {"campaign_id": "spring", "sent_at": sent, "arm": arm, "redeemed_at": redeemed}


def test_by_hand(of_one: OfOne) -> None:
    happened = {
        "visit": (400, 150, 70, 20, 5.5),
        "open": (160, 60, 50, 10),
        "click": (120, 40, 8),
        "post": (300,),
        "review": (366, 45),
        "referral": (100,),
    }
    found = of_one(
        {
            "engagement": [
                activity(ago(days), kind) for kind, all_days in happened.items() for days in all_days
            ],
            "orders": [{"ordered_at": ago(days), "amount": 1.0} for days in (100, 60, 30)],
            "contacts": [
                contact(ago(400), redeemed=ago(390)),
                contact(ago(300), redeemed=ago(290)),
                contact(ago(100)),
                contact(ago(50)),
                contact(ago(40), "control", redeemed=ago(35)),
                contact(ago(20), redeemed=ago(-5)),
            ],
        },
        AS_OF,
    )
    expected = {
        "activities": 16,
        "activities_30d": 4,
        "activities_90d": 9,
        "activities_365d": 14,
        "activities_30_to_90d": 5,
        "activities_90_to_180d": 4,
        "activity_change": (4 / 30) / (5 / 60),
        "days_since_activity": 5.5,
        "visits_30d": 2,
        "visits_90d": 3,
        "visits_90_to_180d": 1,
        "opens_30d": 1,
        "opens_90d": 3,
        "opens_90_to_180d": 1,
        "clicks_30d": 1,
        "clicks_90d": 2,
        "clicks_90_to_180d": 1,
        "visits_per_order_90d": 3 / 2,
        "posts_365d": 3,
        "contacts_180d": 3,
        "redeemed_share_365d": 1 / 4,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert found["last_activity_at"] == ago(5.5)


def test_who_was_never_seen_has_zeros_and_no_last_activity(of_one: OfOne) -> None:
    found = of_one({"orders": [{"ordered_at": ago(100), "amount": 1.0}]}, AS_OF)
    zeros = ["activities", "activities_365d", "visits_90d", "opens_30d", "posts_365d", "contacts_180d"]
    assert [found[name] for name in zeros] == [0.0] * 6
    nulls = ["activity_change", "visits_per_order_90d", "redeemed_share_365d", "days_since_activity"]
    assert [found[name] for name in nulls] == [None] * 4
    assert found["last_activity_at"] is None


@pytest.mark.parametrize("days", [30, 90, 365])
def test_a_window_begins_at_its_first_instant_and_ends_before_as_of(of_one: OfOne, days: int) -> None:
    times = [ago(days) - MICROSECOND, ago(days), AS_OF - MICROSECOND, AS_OF]
    found = of_one({"engagement": list(map(activity, times))}, AS_OF)
    assert found[f"activities_{days}d"] == 2
    assert found["activities"] == 3
    if days < 365:
        assert found[f"visits_{days}d"] == 2


@pytest.mark.parametrize(
    ("names", "oldest", "newest"),
    [(("activities_30_to_90d",), 90, 30), (("activities_90_to_180d", "visits_90_to_180d"), 180, 90)],
)
def test_the_windows_before_meet_without_a_gap(
    of_one: OfOne, names: tuple[str, ...], oldest: int, newest: int
) -> None:
    times = [ago(oldest) - MICROSECOND, ago(oldest), ago(newest) - MICROSECOND, ago(newest)]
    found = of_one({"engagement": list(map(activity, times))}, AS_OF)
    assert [found[name] for name in names] == [2] * len(names)


def test_contacts_count_in_their_window_and_for_the_treated_only(of_one: OfOne) -> None:
    times = [ago(180) - MICROSECOND, ago(180), AS_OF - MICROSECOND, AS_OF]
    found = of_one({"contacts": [*map(contact, times), contact(ago(5), "control")]}, AS_OF)
    assert found["contacts_180d"] == 2
    year = [
        contact(ago(365) - MICROSECOND, redeemed=ago(5)),
        contact(ago(365), redeemed=ago(5)),
        contact(ago(9)),
    ]
    assert of_one({"contacts": year}, AS_OF)["redeemed_share_365d"] == 1 / 2


@pytest.mark.parametrize(("redeemed", "share"), [(AS_OF - MICROSECOND, 1.0), (AS_OF, 0.0), (ago(-9), 0.0)])
def test_a_redemption_counts_from_its_own_time_on(of_one: OfOne, redeemed: datetime, share: float) -> None:
    found = of_one({"contacts": [contact(ago(5), redeemed=redeemed)]}, AS_OF)
    assert found["redeemed_share_365d"] == share


def test_activities_agree_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        WITH seen AS (
            SELECT *, coalesce(occurred_at < as_of, false) AS known, as_of - occurred_at AS age
            FROM snap LEFT JOIN engagement USING (customer_id)
        )
        SELECT customer_id, as_of, count(*) FILTER (known) AS activities,
            count(*) FILTER (known AND age <= INTERVAL 30 DAY) AS activities_30d,
            count(*) FILTER (known AND age <= INTERVAL 365 DAY) AS activities_365d,
            count(*) FILTER (age > INTERVAL 90 DAY AND age <= INTERVAL 180 DAY) AS activities_90_to_180d,
            2 * count(*) FILTER (known AND age <= INTERVAL 30 DAY)
                / nullif(count(*) FILTER (age > INTERVAL 30 DAY AND age <= INTERVAL 90 DAY), 0)
                AS activity_change,
            count(*) FILTER (known AND kind = 'visit' AND age <= INTERVAL 90 DAY) AS visits_90d,
            count(*) FILTER (known AND kind = 'open' AND age <= INTERVAL 30 DAY) AS opens_30d,
            count(*) FILTER (kind = 'click' AND age > INTERVAL 90 DAY AND age <= INTERVAL 180 DAY)
                AS clicks_90_to_180d,
            count(*) FILTER (known AND kind IN ('post', 'review', 'referral') AND age <= INTERVAL 365 DAY)
                AS posts_365d,
            max(occurred_at) FILTER (known) AS last_activity_at
        FROM seen GROUP BY customer_id, as_of
    """)


def test_contacts_agree_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        WITH seen AS (
            SELECT *, coalesce(arm = 'treatment' AND sent_at < as_of, false) AS reached,
                reached AND sent_at >= as_of - INTERVAL 365 DAY AS this_year
            FROM snap LEFT JOIN contacts USING (customer_id)
        )
        SELECT customer_id, as_of,
            count(*) FILTER (reached AND sent_at >= as_of - INTERVAL 180 DAY) AS contacts_180d,
            count(*) FILTER (this_year AND redeemed_at < as_of) / nullif(count(*) FILTER (this_year), 0)
                AS redeemed_share_365d
        FROM seen GROUP BY customer_id, as_of
    """)
