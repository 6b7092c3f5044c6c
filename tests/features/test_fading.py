"""Whether engagement fades, by hand and by SQL."""

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


def orders(*days: float) -> list[dict[str, Any]]:
    return [{"ordered_at": ago(day), "amount": 1.0} for day in days]


def test_against_their_own_past_by_hand(of_one: OfOne) -> None:
    visits, opens = (400, 150, 70, 20, 5.5), (160, 60, 50, 40, 10, 8)
    seen = [activity(ago(day)) for day in visits] + [activity(ago(day), "open") for day in opens]
    found = of_one({"engagement": seen, "orders": orders(100, 30)}, AS_OF)
    # Months back: 5.5, 8, 10 and 20 days ago lie in 0; 40, 50 and 60 in 1; 70 in 2; 150 in 4; 160 in 5.
    slope = (4 * 11 + 3 * 9 + 1 * 7 + 1 * 3 + 1 * 1) / 286
    expected = {
        "activity_change": (4 / 30) / (4 / 60),
        "activities_change_90d": (8 + 1) / (2 + 1),
        "visits_change_90d": (3 + 1) / (1 + 1),
        "activities_trend": slope,
        "visits_since_order": 2,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("days", "known"),
    [
        (89, set()),
        (90, {"activity_change"}),
        (180, {"activity_change", "activities_change_90d", "visits_change_90d"}),
        (360, {"activity_change", "activities_change_90d", "visits_change_90d", "activities_trend"}),
    ],
)
@pytest.mark.parametrize("first", ["orders", "engagement"])
def test_who_is_new_has_no_past_to_compare_with(
    of_one: OfOne, first: str, days: float, known: set[str]
) -> None:
    rows: dict[str, Any] = {"engagement": [activity(ago(40)), activity(ago(3))], "orders": orders(5)}
    rows[first] += orders(days) if first == "orders" else [activity(ago(days))]
    found = of_one(rows, AS_OF)
    names = ("activity_change", "activities_change_90d", "visits_change_90d", "activities_trend")
    assert {name for name in names if found[name] is not None} == known


def test_who_was_never_seen_shows_no_change(of_one: OfOne) -> None:
    found = of_one({"orders": orders(700, 400)}, AS_OF)
    assert found["activity_change"] is None
    assert found["activities_change_90d"] == found["visits_change_90d"] == 1
    assert found["activities_trend"] == found["visits_since_order"] == 0
    assert found["activities_at_last_order"] == found["activities_before_last_order"] == 0
    assert found["activities_change_at_last_order"] == found["visits_change_at_last_order"] == 1


def test_visits_since_the_last_order_come_after_it(of_one: OfOne) -> None:
    times = [ago(9), ago(9) + timedelta(seconds=1), AS_OF - MICROSECOND, AS_OF]
    found = of_one({"engagement": list(map(activity, times)), "orders": orders(20, 9)}, AS_OF)
    assert found["visits_since_order"] == 2


def test_up_to_the_last_order_by_hand(of_one: OfOne) -> None:
    # The last order was 200 days ago: the windows end 186 days ago. 90 days back is 276, 360 is 546.
    visits, opens = (547, 546, 277, 276, 250, 190, 186, 100), (400, 210)
    seen = [activity(ago(day)) for day in visits] + [activity(ago(day), "open") for day in opens]
    found = of_one({"engagement": seen, "orders": orders(700, 200)}, AS_OF)
    before, visits_before = 3 * 90 / 270, 2 * 90 / 270
    expected = {
        "activities_at_last_order": 4,
        "activities_30d_at_last_order": 2,
        "visits_at_last_order": 3,
        "activities_before_last_order": before,
        "activities_change_at_last_order": (4 + 1) / (before + 1),
        "activities_30d_change_at_last_order": (3 * 2 + 1) / (before + 1),
        "visits_change_at_last_order": (3 + 1) / (visits_before + 1),
        "visits_since_order": 3,
        "activities_90d": 0,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("last", [0.5, 14])
def test_after_a_late_order_the_windows_end_at_as_of(of_one: OfOne, last: float) -> None:
    times = [ago(90) - MICROSECOND, ago(90), ago(30) - MICROSECOND, ago(30), AS_OF - MICROSECOND, AS_OF]
    found = of_one({"engagement": list(map(activity, times)), "orders": orders(last)}, AS_OF)
    assert found["activities_at_last_order"] == found["visits_at_last_order"] == found["activities_90d"] == 4
    assert found["activities_30d_at_last_order"] == found["activities_30d"] == 2


@pytest.mark.parametrize(
    ("first", "before"),
    [
        (186 + 180, 2 * 90 / 90),
        (186 + 200, 2 * 90 / 110),
        (186 + 360, 2 * 90 / 270),
        (900, 2 * 90 / 270),
        (365.9, None),
    ],
)
def test_what_was_usual_needs_ninety_days_to_show(of_one: OfOne, first: float, before: float | None) -> None:
    seen = [activity(ago(day)) for day in (300, 290, 190)]
    found = of_one({"engagement": seen, "orders": orders(first, 200)}, AS_OF)
    assert found["activities_before_last_order"] == (before and pytest.approx(before, rel=1e-12))
    changes = ("activities_change_at_last_order", "activities_30d_change_at_last_order")
    for name in (*changes, "visits_change_at_last_order"):
        assert (found[name] is None) == (before is None)


def test_who_is_known_by_a_visit_before_the_first_order_has_a_past(of_one: OfOne) -> None:
    found = of_one({"engagement": [activity(ago(186 + 270))], "orders": orders(200)}, AS_OF)
    assert found["activities_before_last_order"] == pytest.approx(1 * 90 / 180)


def test_changes_agree_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        WITH started AS (
            SELECT customer_id, as_of, min(ordered_at) AS first_order, max(ordered_at) AS last_order
            FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of GROUP BY customer_id, as_of
        ), seen AS (
            SELECT *, as_of - occurred_at AS age,
                date_diff('second', occurred_at, as_of) / 86400 AS days, occurred_at < as_of AS known,
                12 - ceil(days / 30) AS month
            FROM started LEFT JOIN engagement USING (customer_id)
        ), counted AS (
            SELECT customer_id, as_of, last_order,
                least(first_order, coalesce(min(occurred_at) FILTER (known), first_order)) AS first_seen,
                count(*) FILTER (known AND age <= INTERVAL 30 DAY) AS n30,
                count(*) FILTER (known AND age <= INTERVAL 90 DAY) AS n90,
                count(*) FILTER (known AND age <= INTERVAL 180 DAY) AS n180,
                count(*) FILTER (known AND kind = 'visit' AND age <= INTERVAL 90 DAY) AS v90,
                count(*) FILTER (known AND kind = 'visit' AND age <= INTERVAL 180 DAY) AS v180,
                coalesce(sum((month - 5.5)) FILTER (known AND days <= 360), 0) / 143 AS slope,
                count(*) FILTER (known AND kind = 'visit' AND occurred_at > last_order) AS visits_since_order
            FROM seen GROUP BY customer_id, as_of, first_order, last_order
        )
        SELECT customer_id, as_of, visits_since_order,
            if(first_seen <= as_of - INTERVAL 90 DAY, 2 * n30 / nullif(n90 - n30, 0), NULL)
                AS activity_change,
            if(first_seen <= as_of - INTERVAL 180 DAY, (n90 + 1) / (n180 - n90 + 1), NULL)
                AS activities_change_90d,
            if(first_seen <= as_of - INTERVAL 180 DAY, (v90 + 1) / (v180 - v90 + 1), NULL)
                AS visits_change_90d,
            if(first_seen <= as_of - INTERVAL 360 DAY, slope, NULL) AS activities_trend
        FROM counted
    """)


def test_the_state_at_the_last_order_agrees_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        WITH ended AS (
            SELECT customer_id, as_of, min(ordered_at) AS first_order,
                least(max(ordered_at) + INTERVAL 14 DAY, as_of) AS ending
            FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of GROUP BY customer_id, as_of
        ), seen AS (
            SELECT *, occurred_at < as_of AS known, occurred_at < ending AS up_to,
                up_to AND occurred_at >= ending - INTERVAL 90 DAY AS recent,
                occurred_at < ending - INTERVAL 90 DAY AND occurred_at >= ending - INTERVAL 360 DAY AS before
            FROM ended LEFT JOIN engagement USING (customer_id)
        ), counted AS (
            SELECT customer_id, as_of,
                coalesce(min(occurred_at) FILTER (known), first_order) AS first_activity,
                date_diff('second', least(first_order, first_activity), ending) / 86400 AS days,
                count(*) FILTER (recent) AS activities_at_last_order,
                count(*) FILTER (up_to AND occurred_at >= ending - INTERVAL 30 DAY)
                    AS activities_30d_at_last_order,
                count(*) FILTER (recent AND kind = 'visit') AS visits_at_last_order,
                if(days >= 180, 90 * count(*) FILTER (before) / (least(days, 360) - 90), NULL)
                    AS activities_before_last_order,
                if(days >= 180, 90 * count(*) FILTER (before AND kind = 'visit') / (least(days, 360) - 90),
                    NULL) AS visits_before_last_order
            FROM seen GROUP BY customer_id, as_of, first_order, ending
        )
        SELECT * EXCLUDE (days, first_activity, visits_before_last_order),
            (activities_at_last_order + 1) / (activities_before_last_order + 1)
                AS activities_change_at_last_order,
            (3 * activities_30d_at_last_order + 1) / (activities_before_last_order + 1)
                AS activities_30d_change_at_last_order,
            (visits_at_last_order + 1) / (visits_before_last_order + 1) AS visits_change_at_last_order
        FROM counted
    """)
