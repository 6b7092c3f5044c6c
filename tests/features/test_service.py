"""Service by hand and by SQL; what fills in later is read as it was known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from features.build import build
from features.priors import Prior
from features.reference import Reference
from features.service import FEATURES

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
OfOne = Callable[[Any, datetime], dict[str, Any]]


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def ticket(opened: datetime, kind: str = "complaint", **more: Any) -> dict[str, Any]:
    return {"opened_at": opened, "kind": kind, **more}


def tables(*tickets: dict[str, Any], ordered: tuple[float, ...] = (300, 20)) -> dict[str, Any]:
    return {
        "orders": [{"ordered_at": ago(days), "amount": 10.0} for days in ordered],
        "tickets": list(tickets),
    }


def late(response: float | None = None, resolved: float | None = None, reopened: float | None = None) -> Any:
    """The columns that fill in later, in days before `as_of`."""
    times = {"first_response_at": response, "resolved_at": resolved, "reopened_at": reopened}
    return {column: ago(days) for column, days in times.items() if days is not None}


# The last sign of life was 60 − 14 = 46 days ago; the 90 days up to it begin 136 days ago, the 30 days 76.
ORDERED = (300, 280, 250, 100, 60)
TICKETS = [
    ticket(ago(400), channel="phone", topic="delivery", text="Late!", **late(399, 390)),
    ticket(ago(200), channel="email", topic="invoice", **late(198, 190, 180)),
    ticket(ago(130), "question", channel="web", topic="delivery", text="How?", **late(129.5, 128.5)),
    ticket(ago(80), channel="phone", topic="delivery", text="Again late", **late(79.75, 40)),
    ticket(ago(50), channel="social", topic="delivery", text="", **late(45)),
    ticket(ago(45), "request", channel="email", topic="account", text="Please"),
    ticket(ago(10.5), channel="store", text="Bad"),
]
ROWS = tables(*TICKETS, ordered=ORDERED)


def check(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_counts_by_hand(of_one: OfOne) -> None:
    found = of_one(ROWS, AS_OF)
    expected = {
        "tickets_180d": 5,
        "complaints": 5,
        "complaints_30d": 1,
        "complaints_90d": 3,
        "complaints_180d": 3,
        "complaints_365d": 4,
        "complaints_phone_180d": 1,
        "complaints_email_180d": 0,
        "complaints_web_180d": 0,
        "complaints_store_180d": 1,
        "complaints_social_180d": 1,
        "complaint_topics_180d": 1,
        "complaints_repeated_180d": 2,  # delivery again, twice
        "questions_180d": 2,
        "unanswered_180d": 2,
        "reopened_180d": 0,
        "tickets_open": 4,
        "complaints_open": 3,  # never resolved, or reopened since
        "complaint_open_days": 180,  # resolved once, reopened 180 days ago
        "days_since_complaint": 10.5,
        "complaint_after_order": 60 - 10.5,
        "silence_after_complaint": 10.5,
    }
    check(found, expected)
    assert found["last_complaint_at"] == ago(10.5)
    assert found["first_complaint_180d_at"] == ago(80)
    assert found["oldest_open_at"] == ago(180)


def test_hours_by_hand(of_one: OfOne) -> None:
    expected = {
        "response_hours_180d": (12 + 6 + 120) / 3,
        "response_hours_before": (24 + 48) / 2,
        "response_hours_change": 46 - 36,
        "resolution_hours_180d": (36 + 40 * 24) / 2,
        "resolution_hours_before": 240,  # not of the reopened
        "resolution_hours_change": 498 - 240,
        "waiting_hours_longest_180d": 45 * 24,
        "response_hours_at_last_order": (12 + 6) / 2,  # the third was answered a day later
        "response_hours_change_at_last_order": 9 - (24 + 48) / 2,
    }
    check(of_one(ROWS, AS_OF), expected)


def test_the_last_sign_of_life_by_hand(of_one: OfOne) -> None:
    expected = {
        "complaints_at_last_order": 2,
        "complaints_per_order_before_last_order": 2 / 3,
        "unanswered_at_last_order": 1,
        "complaints_open_at_last_order": 3,  # of 200, 80 and 50 days ago
        "complaint_open_days_at_last_order": 180 - 46,
    }
    check(of_one(ROWS, AS_OF), expected)


def test_rates_by_hand(of_one: OfOne) -> None:
    """Without a prior they are events over chances."""
    expected = {
        "complaint_rate_90d": 3 / 1,
        "complaint_rate_365d": 4 / 5,
        "complaint_rate_before": 2 / 3,
        "complaint_rate_change": 3 / 2 - 2 / 3,
        "complaint_rate_at_last_order": 2 / 2,
        "complaint_rate_before_last_order": 2 / 3,
        "complaint_rate_change_at_last_order": 1 - 2 / 3,
        "complaints_per_month": 5 / 10,
        "complaint_follow_share": 1 / 4,  # after 20 days; the newest complaint may yet be followed
        "answered_share_180d": 3 / 5,
        "resolved_share_180d": 2 / 5,
        "reopened_share_180d": 0,
    }
    check(of_one(ROWS, AS_OF), expected)


LEARNT = Reference(
    typical_gap_days=30.0,
    return_share=0.1,
    priors={
        "complaint_rate": Prior(0.4, 2.0),
        "complaint_pace": Prior(1.0, 600.0),
        "complaint_follow_share": Prior(3.0, 4.0),
        "answered_share": Prior(1.8, 2.0),
        "resolved_share": Prior(1.6, 2.0),
        "reopened_share": Prior(0.2, 2.0),
    },
)


@pytest.fixture(scope="module")
def learnt(bench: Any, of_one: OfOne) -> Iterator[OfOne]:
    """As `of_one`, service alone, with the priors of LEARNT."""
    names = [feature.name for feature in FEATURES]
    query = bench.prepare("served", build(bench.tables, bench.snapshots, LEARNT, only=names))

    def learnt(rows: Any, as_of: datetime) -> dict[str, Any]:
        of_one(rows, as_of)
        found: dict[str, Any] = bench.ask(query)["c", as_of]
        return found

    yield learnt
    bench.backend.con.execute("DEALLOCATE served")


def test_rates_lean_toward_all_customers(learnt: OfOne) -> None:
    expected = {
        "complaint_rate_90d": (3 + 0.4) / (1 + 2),
        "complaint_rate_before": (2 + 0.4) / (3 + 2),
        # 3/2 now, 2/3 before: the difference times 2·3 / (2·3 + (2 + 3)·2/2)
        "complaint_rate_change": (3 / 2 - 2 / 3) * 6 / 11,
        "complaint_rate_at_last_order": (2 + 0.4) / (2 + 2),
        "complaint_rate_change_at_last_order": (1 - 2 / 3) * 6 / 11,
        "complaints_per_month": 30 * (5 + 1) / (300 + 600),
        "complaint_follow_share": (1 + 3) / (4 + 4),
        "answered_share_180d": (3 + 1.8) / (5 + 2),
        "resolved_share_180d": (2 + 1.6) / (5 + 2),
        "reopened_share_180d": (0 + 0.2) / (5 + 2),
    }
    check(learnt(ROWS, AS_OF), expected)


def test_a_new_customer_has_the_rates_of_all_customers_and_no_change(learnt: OfOne) -> None:
    found = learnt(tables(ordered=(0.5,)), AS_OF)
    expected = {
        "complaint_rate_90d": 0.4 / 3,
        "complaint_rate_before": 0.2,
        "complaints_per_month": 30 / 600,
        "complaint_follow_share": 0.75,
        "answered_share_180d": 0.9,
        "resolved_share_180d": 0.8,
        "reopened_share_180d": 0.1,
        "complaint_rate_before_last_order": 0.2,
        "complaint_rate_change": 0,
        "complaint_rate_change_at_last_order": 0,
    }
    check(found, expected)
    assert found["complaints_slope"] is None


def test_who_never_wrote_has_zeros_and_no_times(of_one: OfOne) -> None:
    found = of_one(tables(), AS_OF)
    counts = [f.name for f in FEATURES if f.unit in ("complaints", "tickets", "topics")]
    assert len(counts) > 20
    assert {name: found[name] for name in counts} == dict.fromkeys(counts, 0.0)
    times = [f.name for f in FEATURES if f.unit in ("hours", "days", "date")]
    assert {name: found[name] for name in times} == dict.fromkeys(times)


@pytest.mark.parametrize("days", [30, 90, 180, 365])
def test_a_window_begins_at_its_first_instant_and_ends_before_as_of(of_one: OfOne, days: int) -> None:
    times = [ago(days) - MICROSECOND, ago(days), AS_OF - MICROSECOND, AS_OF]
    found = of_one(tables(*map(ticket, times)), AS_OF)
    assert found[f"complaints_{days}d"] == 2
    assert found["complaints"] == 3
    if days == 180:
        assert found["first_complaint_180d_at"] == ago(180)
        assert found["unanswered_180d"] == found["tickets_180d"] == 2


@pytest.mark.parametrize(("resolved", "still_open"), [(AS_OF - MICROSECOND, 0), (AS_OF, 1), (ago(-9), 1)])
def test_a_resolution_counts_from_its_own_time_on(of_one: OfOne, resolved: datetime, still_open: int) -> None:
    found = of_one(tables(ticket(ago(9), resolved_at=resolved)), AS_OF)
    assert found["complaints_open"] == found["tickets_open"] == still_open
    assert found["resolved_share_180d"] == 1 - still_open


@pytest.mark.parametrize(("answered", "unanswered"), [(AS_OF - MICROSECOND, 0), (AS_OF, 1), (ago(-9), 1)])
def test_an_answer_counts_from_its_own_time_on(of_one: OfOne, answered: datetime, unanswered: int) -> None:
    found = of_one(tables(ticket(ago(9), first_response_at=answered)), AS_OF)
    assert found["unanswered_180d"] == unanswered
    assert (found["response_hours_180d"] is None) == bool(unanswered)
    assert found["waiting_hours_longest_180d"] == (9 * 24 if unanswered else None)


@pytest.mark.parametrize(("reopened", "again"), [(AS_OF - MICROSECOND, 1), (AS_OF, 0), (ago(-9), 0)])
def test_a_reopening_counts_from_its_own_time_on(of_one: OfOne, reopened: datetime, again: int) -> None:
    found = of_one(tables(ticket(ago(9), resolved_at=ago(8), reopened_at=reopened)), AS_OF)
    assert found["reopened_180d"] == found["complaints_open"] == again


def test_a_complaint_resolved_after_it_was_reopened_is_closed(of_one: OfOne) -> None:
    closed = ticket(ago(9), reopened_at=ago(7), resolved_at=ago(5))
    assert of_one(tables(closed), AS_OF)["complaints_open"] == 0


def test_who_was_told_the_solution_waits_no_more(of_one: OfOne) -> None:
    solved = ticket(ago(9), resolved_at=ago(8))
    found = of_one(tables(solved), AS_OF)
    assert found["unanswered_180d"] == 1
    assert found["waiting_hours_longest_180d"] is None


LIFE = ago(60 - 14)
"""The last sign of life of an order 60 days ago."""


@pytest.mark.parametrize(
    ("opened", "resolved", "still_open"),
    [
        (LIFE - SECOND, None, 1),
        (LIFE, None, 0),
        (ago(80), LIFE - SECOND, 0),
        (ago(80), LIFE, 1),
        (ago(80), ago(10), 1),
    ],
)
def test_a_complaint_is_open_at_the_last_sign_of_life_as_it_was_then(
    of_one: OfOne, opened: datetime, resolved: datetime | None, still_open: int
) -> None:
    complaint = ticket(opened, **({"resolved_at": resolved} if resolved else {}))
    found = of_one(tables(complaint, ordered=(60,)), AS_OF)
    assert found["complaints_open_at_last_order"] == still_open
    assert (found["complaint_open_days_at_last_order"] is None) == (not still_open)


@pytest.mark.parametrize(("reopened", "again"), [(LIFE - SECOND, 1), (LIFE, 0)])
def test_a_complaint_reopened_after_the_last_sign_of_life_was_resolved_then(
    of_one: OfOne, reopened: datetime, again: int
) -> None:
    complaint = ticket(ago(80), resolved_at=ago(70), reopened_at=reopened)
    found = of_one(tables(complaint, ordered=(60,)), AS_OF)
    assert found["complaints_open_at_last_order"] == again
    assert found["complaints_open"] == 1


def test_the_windows_up_to_the_last_order_end_14_days_after_it(of_one: OfOne) -> None:
    begins = LIFE - timedelta(days=90)
    times = [begins - SECOND, begins, LIFE - SECOND, LIFE]
    found = of_one(tables(*map(ticket, times), ordered=(60,)), AS_OF)
    assert found["complaints_at_last_order"] == 2
    assert found["complaints_per_order_before_last_order"] is None
    found = of_one(tables(*map(ticket, times), ordered=(300, 60)), AS_OF)
    assert found["complaints_per_order_before_last_order"] == 1


@pytest.mark.parametrize(("ordered", "days"), [(9.5, None), (10.0, None), (12.0, 2.0)])
def test_only_a_complaint_after_the_last_order_waits_for_the_next(
    of_one: OfOne, ordered: float, days: float | None
) -> None:
    found = of_one(tables(ticket(ago(10)), ordered=(ordered,)), AS_OF)
    assert found["complaint_after_order"] == days
    assert found["silence_after_complaint"] == (None if days is None else 10.0)


@pytest.mark.parametrize(
    ("complained", "ordered", "share"),
    [
        (ago(60), ago(60) + SECOND, 1.0),
        (ago(60), ago(30) - SECOND, 1.0),
        (ago(60), ago(30), 0.0),
        (ago(60), ago(60), 0.0),
        (ago(30), ago(29), None),
        (ago(30) - SECOND, AS_OF - 2 * SECOND, 1.0),
        (ago(30) - SECOND, AS_OF - SECOND, 0.0),
    ],
)
def test_an_order_follows_a_complaint_within_30_days(
    of_one: OfOne, complained: datetime, ordered: datetime, share: float | None
) -> None:
    rows = tables(ticket(complained), ticket(complained, "question"), ordered=(400,))
    rows["orders"].append({"ordered_at": ordered, "amount": 1.0})
    assert of_one(rows, AS_OF)["complaint_follow_share"] == share


def test_a_topic_is_repeated_by_complaints_alone_and_may_return_after_long(of_one: OfOne) -> None:
    tickets = [
        ticket(ago(300), topic="delivery"),
        ticket(ago(100), "question", topic="invoice"),
        ticket(ago(90), topic="invoice"),
        ticket(ago(20), topic="delivery"),
        ticket(ago(10), topic="delivery"),
        ticket(ago(10), topic="quality"),
        ticket(ago(10), topic="quality"),
    ]
    expected = {
        "complaint_topics_180d": 3,
        "complaints_repeated_180d": 2 + 1,
    }
    check(of_one(tables(*tickets), AS_OF), expected)


def test_the_slope_of_the_complaints_is_a_least_squares_line(of_one: OfOne) -> None:
    times = [ago(15), ago(20), ago(45), ago(345), ago(365)]  # months 0, 0, 1, 11 and outside the twelve
    # Weights 11 − 2·month: (11 + 11 + 9 − 11) / 286
    found = of_one(tables(*map(ticket, times), ticket(ago(5), "question"), ordered=(360,)), AS_OF)
    assert found["complaints_slope"] == pytest.approx(20 / 286, rel=1e-12)
    assert of_one(tables(*map(ticket, times), ordered=(359,)), AS_OF)["complaints_slope"] is None


def test_answers_are_timed_in_whole_seconds(of_one: OfOne) -> None:
    opened, answered = ago(5) + timedelta(seconds=0.9), ago(5) + timedelta(seconds=1.1)
    found = of_one(tables(ticket(opened, first_response_at=answered)), AS_OF)
    assert found["response_hours_180d"] == 1 / 3_600
