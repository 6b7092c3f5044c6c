"""A customer's facts as events that people read: when, of which kind, and what in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from features.tables import SURVEY_SCALES
from models import words

LONGEST_QUOTE = 240
Fact = Mapping[str, Any]

LANES = {
    "orders": "Orders",
    "returns": "Returns",
    "complaints": "Complaints",
    "tickets": "Questions and requests",
    "surveys": "Answers to surveys",
    "engagement": "Visits, opens and clicks",
    "contacts": "Our campaigns",
    "subscriptions": "Subscriptions",
}
"""In the order in which they are drawn."""


@dataclass(frozen=True)
class Event:
    """`until`: when it ended; null where it is a moment, or goes on (`open`).

    `size`: of an order its money, of an answer its score as a share of the scale; null elsewhere.
    """

    lane: str
    at: datetime
    says: str
    until: datetime | None = None
    open: bool = False
    size: float | None = None


def events(tables: Mapping[str, pa.Table], currency: str) -> list[Event]:
    """All events, the newest first; times are UTC without a zone."""
    found = [
        told
        for name, tell in TELLERS.items()
        if name in tables
        for row in tables[name].to_pylist()
        for told in tell(row, currency)
    ]
    return sorted(found, key=lambda event: (event.at, event.lane), reverse=True)


def _order(row: Fact, currency: str) -> Iterator[Event]:
    parts = [f"Order of {words.money(row['amount'], currency)}"]
    if row.get("discount"):
        parts.append(f"{words.money(row['discount'], currency)} discount")
    parts += _by(row)
    yield Event("orders", row["ordered_at"], f"{', '.join(parts)}.", size=row["amount"])


def _return(row: Fact, currency: str) -> Iterator[Event]:
    what = "Exchange" if row.get("kind") == "exchange" else "Return"
    yield Event("returns", row["returned_at"], f"{what} of {words.money(row['amount'], currency)}.")


def _ticket(row: Fact, _currency: str) -> Iterator[Event]:
    opened, resolved, reopened = row["opened_at"], row.get("resolved_at"), row.get("reopened_at")
    about = f" about {row['topic']}" if row.get("topic") else ""
    parts = [", ".join([f"{row['kind'].capitalize()}{about}", *_by(row)])]
    answered = row.get("first_response_at")
    parts.append(f"first answer after {_span(opened, answered)}" if answered else "not answered yet")
    if resolved is not None:
        parts.append(f"solved on {words.date(resolved)}")
    if reopened is not None:
        parts.append(f"opened again on {words.date(reopened)}")
    going_on = resolved is None or (reopened is not None and reopened > resolved)
    if going_on:
        parts.append("still open")
    lane = "complaints" if row["kind"] == "complaint" else "tickets"
    says = f"{'; '.join(parts)}.{_quote(row.get('text'))}"
    yield Event(lane, opened, says, None if going_on else resolved, going_on)


def _answer(row: Fact, _currency: str) -> Iterator[Event]:
    low, high = SURVEY_SCALES[row["metric"]]
    if row["score"] is None:
        return
    about = f" about {row['touchpoint']}" if row.get("touchpoint") else ""
    says = f"{row['metric'].upper()}{about}: {row['score']:g}, on a scale from {low:g} to {high:g}."
    share = (row["score"] - low) / (high - low)
    yield Event("surveys", row["responded_at"], says + _quote(row.get("comment")), size=share)


def _activity(row: Fact, _currency: str) -> Iterator[Event]:
    parts = [row["kind"].capitalize(), *_by(row)]
    yield Event("engagement", row["occurred_at"], f"{', '.join(parts)}.{_quote(row.get('text'))}")


def _contact(row: Fact, currency: str) -> Iterator[Event]:
    campaign = row["campaign_id"]
    if row["arm"] == "control":
        yield Event(
            "contacts", row["sent_at"], f"In the control group of campaign {campaign}: not contacted."
        )
        return
    parts = [", ".join([f"Campaign {campaign}", *_by(row)])]
    if row.get("coupon_value"):
        parts.append(f"coupon of {words.money(row['coupon_value'], currency)}")
        redeemed = row.get("redeemed_at")
        parts.append(f"redeemed on {words.date(redeemed)}" if redeemed else "not redeemed")
    yield Event("contacts", row["sent_at"], f"{'; '.join(parts)}.")


def _subscription(row: Fact, currency: str) -> Iterator[Event]:
    ended, plan = row.get("cancelled_at"), row.get("plan")
    parts = [f"Subscription{f' {plan}' if plan else ''}"]
    if row.get("price") is not None:
        parts.append(f"{words.money(row['price'], currency)} a month")
    parts.append(f"ended on {words.date(ended)}" if ended else "still running")
    yield Event("subscriptions", row["started_at"], f"{', '.join(parts)}.", ended, ended is None)


def _by(row: Fact) -> list[str]:
    return [f"by {row['channel']}"] if row.get("channel") else []


def _quote(text: str | None) -> str:
    if not text:
        return ""
    return f" “{text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + '…'}”"


def _span(first: datetime, last: datetime) -> str:
    hours = (last - first).total_seconds() / 3600
    if hours < 1:
        return "less than an hour"
    return words.days(hours / 24) if hours >= 72 else words.count(round(hours), "hour")


TELLERS: dict[str, Callable[[Fact, str], Iterator[Event]]] = {
    "orders": _order,
    "returns": _return,
    "tickets": _ticket,
    "surveys": _answer,
    "engagement": _activity,
    "contacts": _contact,
    "subscriptions": _subscription,
}
