"""Events in words, sentence by sentence."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from serving.console.events import LONGEST_QUOTE, Event, events

DAY = "2025-03-01 10:00"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def told(table: str, **row: Any) -> Event:
    given = {"customer_id": "C1"} | {
        name: at(value) if name.endswith("_at") and value else value for name, value in row.items()
    }
    (event,) = events({table: pa.Table.from_pylist([given])}, "EUR")
    return event


SENTENCES: list[tuple[str, dict[str, Any], str]] = [
    ("orders", {"ordered_at": DAY, "amount": 49.9, "discount": None, "channel": None}, "Order of EUR 49.90."),
    (
        "orders",
        {"ordered_at": DAY, "amount": 1204.0, "discount": 5.0, "channel": "web"},
        "Order of EUR 1,204, EUR 5.00 discount, by web.",
    ),
    ("returns", {"returned_at": DAY, "amount": 20.0, "kind": None}, "Return of EUR 20.00."),
    ("returns", {"returned_at": DAY, "amount": 20.0, "kind": "exchange"}, "Exchange of EUR 20.00."),
    (
        "tickets",
        {"opened_at": DAY, "kind": "complaint", "topic": "delivery", "channel": "phone"},
        "Complaint about delivery, by phone; not answered yet; still open.",
    ),
    (
        "tickets",
        {
            "opened_at": DAY,
            "kind": "complaint",
            "first_response_at": "2025-03-03 12:00",
            "resolved_at": "2025-03-04",
        },
        "Complaint; first answer after 50 hours; solved on 4 March 2025.",
    ),
    (
        "tickets",
        {
            "opened_at": DAY,
            "kind": "question",
            "first_response_at": "2025-03-05",
            "resolved_at": "2025-03-06",
            "reopened_at": "2025-03-07",
            "text": "Where?",
        },
        "Question; first answer after 4 days; solved on 6 March 2025; opened again on 7 March 2025; "
        "still open. “Where?”",
    ),
    (
        "surveys",
        {"responded_at": DAY, "metric": "nps", "score": 3.0, "touchpoint": "store", "comment": "Meh"},
        "NPS about store: 3, on a scale from 0 to 10. “Meh”",
    ),
    ("engagement", {"occurred_at": DAY, "kind": "visit", "channel": "web"}, "Visit, by web."),
    (
        "contacts",
        {"sent_at": DAY, "campaign_id": "K1", "arm": "treatment", "channel": "post", "coupon_value": 5.0},
        "Campaign K1, by post; coupon of EUR 5.00; not redeemed.",
    ),
    (
        "contacts",
        {
            "sent_at": DAY,
            "campaign_id": "K1",
            "arm": "treatment",
            "coupon_value": 5.0,
            "redeemed_at": "2025-03-09",
        },
        "Campaign K1; coupon of EUR 5.00; redeemed on 9 March 2025.",
    ),
    (
        "contacts",
        {"sent_at": DAY, "campaign_id": "K1", "arm": "control"},
        "In the control group of campaign K1: not contacted.",
    ),
    (
        "subscriptions",
        {"started_at": DAY, "cancelled_at": None, "plan": "gold", "price": 9.0},
        "Subscription gold, EUR 9.00 a month, still running.",
    ),
    (
        "subscriptions",
        {"started_at": DAY, "cancelled_at": "2025-05-01", "plan": None, "price": None},
        "Subscription, ended on 1 May 2025.",
    ),
]


@pytest.mark.parametrize(("table", "row", "sentence"), SENTENCES)
def test_each_kind_has_its_sentence(table: str, row: dict[str, Any], sentence: str) -> None:
    assert told(table, **row).says == sentence


def test_what_goes_on_is_open_and_what_ended_has_an_end() -> None:
    going = told("tickets", opened_at=DAY, kind="complaint")
    over = told("tickets", opened_at=DAY, kind="complaint", resolved_at="2025-03-04")
    assert (going.lane, going.open, going.until) == ("complaints", True, None)
    assert (over.open, over.until) == (False, at("2025-03-04"))
    assert told("tickets", opened_at=DAY, kind="request").lane == "tickets"


def test_answers_are_a_share_of_their_scale_and_one_without_a_score_is_none() -> None:
    assert told("surveys", responded_at=DAY, metric="csat", score=4.0).size == 0.75
    silent = {"customer_id": "C1", "responded_at": at(DAY), "metric": "nps", "score": None}
    assert events({"surveys": pa.Table.from_pylist([silent])}, "EUR") == []


def test_long_texts_are_cut_and_the_newest_comes_first() -> None:
    event = told("tickets", opened_at=DAY, kind="complaint", text="x" * 1000)
    assert event.says.endswith("x" * LONGEST_QUOTE + "…”")
    days = [at("2025-03-01"), at("2025-03-03"), at("2025-03-02")]
    rows = [{"customer_id": "C1", "occurred_at": day, "kind": "visit"} for day in days]
    found = events({"engagement": pa.Table.from_pylist(rows), "costs": pa.table({"amount": [1.0]})}, "EUR")
    assert [event.at for event in found] == sorted(days, reverse=True)
