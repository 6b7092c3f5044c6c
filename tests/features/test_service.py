"""Service by hand and by SQL; what fills in later is read as it was known."""

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


def ticket(opened: datetime, kind: str = "complaint", **late: datetime) -> dict[str, Any]:
    return {"opened_at": opened, "kind": kind, **late}


def tables(*tickets: dict[str, Any], ordered: tuple[float, ...] = (300, 20)) -> dict[str, Any]:
    return {
        "orders": [{"ordered_at": ago(days), "amount": 10.0} for days in ordered],
        "tickets": list(tickets),
    }


def test_by_hand(of_one: OfOne) -> None:
    tickets = [
        ticket(ago(400), first_response_at=ago(400 - 1), resolved_at=ago(390)),
        ticket(ago(200), first_response_at=ago(200 - 2), resolved_at=ago(190), reopened_at=ago(180)),
        ticket(ago(100), "question", first_response_at=ago(100 - 0.5)),
        ticket(ago(80), first_response_at=ago(80 - 0.25), resolved_at=ago(70), reopened_at=ago(60)),
        ticket(ago(50), "request"),
        ticket(ago(10.5), reopened_at=ago(3)),
    ]
    found = of_one(tables(*tickets), AS_OF)
    expected = {
        "complaints": 4,
        "complaints_30d": 1,
        "complaints_90d": 2,
        "complaints_180d": 2,
        "complaints_365d": 3,
        "complaint_rate_365d": 3 / 2,
        "questions_180d": 2,
        "days_since_complaint": 10.5,
        "complaint_after_order": 20 - 10.5,
        "complaints_open": 3,  # never resolved, or reopened since
        "complaint_open_days": 180,  # resolved once, reopened 180 days ago
        "unanswered_180d": 2,
        "response_hours_180d": (12 + 6) / 2,
        "response_hours_before": (24 + 48) / 2,
        "reopened_180d": 2,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert found["last_complaint_at"] == ago(10.5)
    assert found["first_complaint_180d_at"] == ago(80)
    assert found["oldest_open_at"] == ago(180)


def test_who_never_wrote_has_zeros_and_no_times(of_one: OfOne) -> None:
    found = of_one(tables(), AS_OF)
    zeros = ["complaints", "complaints_open", "unanswered_180d", "reopened_180d", "complaint_rate_365d"]
    assert [found[name] for name in zeros] == [0.0] * 5
    nulls = ["days_since_complaint", "complaint_after_order", "complaint_open_days", "response_hours_180d"]
    assert [found[name] for name in nulls] == [None] * 4
    assert found["last_complaint_at"] is found["first_complaint_180d_at"] is found["oldest_open_at"] is None


@pytest.mark.parametrize("days", [30, 90, 180, 365])
def test_a_window_begins_at_its_first_instant_and_ends_before_as_of(of_one: OfOne, days: int) -> None:
    times = [ago(days) - MICROSECOND, ago(days), AS_OF - MICROSECOND, AS_OF]
    found = of_one(tables(*map(ticket, times)), AS_OF)
    assert found[f"complaints_{days}d"] == 2
    assert found["complaints"] == 3
    if days == 180:
        assert found["first_complaint_180d_at"] == ago(180)
        assert found["unanswered_180d"] == 2


@pytest.mark.parametrize(("resolved", "still_open"), [(AS_OF - MICROSECOND, 0), (AS_OF, 1), (ago(-9), 1)])
def test_a_resolution_counts_from_its_own_time_on(of_one: OfOne, resolved: datetime, still_open: int) -> None:
    assert of_one(tables(ticket(ago(9), resolved_at=resolved)), AS_OF)["complaints_open"] == still_open


@pytest.mark.parametrize(("answered", "unanswered"), [(AS_OF - MICROSECOND, 0), (AS_OF, 1), (ago(-9), 1)])
def test_an_answer_counts_from_its_own_time_on(of_one: OfOne, answered: datetime, unanswered: int) -> None:
    found = of_one(tables(ticket(ago(9), first_response_at=answered)), AS_OF)
    assert found["unanswered_180d"] == unanswered
    assert (found["response_hours_180d"] is None) == bool(unanswered)


@pytest.mark.parametrize(("reopened", "again"), [(AS_OF - MICROSECOND, 1), (AS_OF, 0), (ago(-9), 0)])
def test_a_reopening_counts_from_its_own_time_on(of_one: OfOne, reopened: datetime, again: int) -> None:
    found = of_one(tables(ticket(ago(9), resolved_at=ago(8), reopened_at=reopened)), AS_OF)
    assert found["reopened_180d"] == found["complaints_open"] == again


def test_a_complaint_resolved_after_it_was_reopened_is_closed(of_one: OfOne) -> None:
    closed = ticket(ago(9), reopened_at=ago(7), resolved_at=ago(5))
    assert of_one(tables(closed), AS_OF)["complaints_open"] == 0


@pytest.mark.parametrize(("ordered", "days"), [(9.5, None), (10.0, None), (12.0, 2.0)])
def test_only_a_complaint_after_the_last_order_waits_for_the_next(
    of_one: OfOne, ordered: float, days: float | None
) -> None:
    assert of_one(tables(ticket(ago(10)), ordered=(ordered,)), AS_OF)["complaint_after_order"] == days


def test_answers_are_timed_in_whole_seconds(of_one: OfOne) -> None:
    opened, answered = ago(5) + timedelta(seconds=0.9), ago(5) + timedelta(seconds=1.1)
    found = of_one(tables(ticket(opened, first_response_at=answered)), AS_OF)
    assert found["response_hours_180d"] == 1 / 3_600


def test_agrees_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        WITH seen AS (
            SELECT customer_id, as_of, opened_at, kind = 'complaint' AS complaint,
                opened_at >= as_of - INTERVAL 180 DAY AS recent,
                CASE WHEN first_response_at < as_of THEN first_response_at END AS answered,
                CASE WHEN resolved_at < as_of THEN resolved_at END AS resolved,
                CASE WHEN reopened_at < as_of THEN reopened_at END AS reopened,
                complaint AND (resolved IS NULL OR coalesce(reopened > resolved, false)) AS unsolved,
                CASE WHEN resolved IS NULL THEN opened_at ELSE reopened END AS waiting
            FROM snap LEFT JOIN tickets USING (customer_id)
            WHERE opened_at IS NULL OR opened_at < as_of
        )
        SELECT customer_id, as_of, count(*) FILTER (complaint) AS complaints,
            count(*) FILTER (complaint AND recent) AS complaints_180d,
            count(*) FILTER (NOT complaint AND recent) AS questions_180d,
            count(*) FILTER (unsolved) AS complaints_open,
            date_diff('second', min(waiting) FILTER (unsolved), as_of) / 86400 AS complaint_open_days,
            min(opened_at) FILTER (complaint AND recent) AS first_complaint_180d_at,
            count(*) FILTER (recent AND answered IS NULL) AS unanswered_180d,
            avg(date_diff('second', opened_at, answered)) FILTER (recent) / 3600 AS response_hours_180d,
            avg(date_diff('second', opened_at, answered)) FILTER (NOT recent) / 3600 AS response_hours_before,
            count(*) FILTER (recent AND reopened IS NOT NULL) AS reopened_180d
        FROM seen GROUP BY customer_id, as_of
        UNION ALL
        SELECT customer_id, as_of, 0, 0, 0, 0, NULL, NULL, 0, NULL, NULL, 0 FROM snap
        ANTI JOIN seen USING (customer_id, as_of)
    """)
