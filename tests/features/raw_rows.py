"""Rows as a source brings them, and the one problem of a report that a test is about."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from features.check.problems import Problem
from features.check.report import Report


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def order(key: str | None, amount: float | None = 5.0, **more: object) -> dict[str, object]:
    return {
        "order_id": key,
        "customer_id": "c1",
        "ordered_at": at("2024-01-05 10:00"),
        "amount": amount,
        **more,
    }


def ticket(key: int, resolved: datetime | None = None, kind: str = "complaint") -> dict[str, object]:
    opened = datetime(2024, 2, 1, 12, tzinfo=UTC)
    return {"ticket_id": key, "customer_id": "c1", "opened_at": opened, "kind": kind, "resolved_at": resolved}


def answer(key: int, metric: str, score: float) -> dict[str, object]:
    return {
        "response_id": key,
        "customer_id": "c1",
        "responded_at": date(2024, 1, 1),
        "metric": metric,
        "score": score,
    }


def plan(key: str, cancelled: datetime | None) -> dict[str, object]:
    started = at("2024-01-01 00:00")
    return {"subscription_id": key, "customer_id": "c1", "started_at": started, "cancelled_at": cancelled}


def person(key: str, ticket_id: int) -> dict[str, object]:
    return ticket(ticket_id) | {"customer_id": key}


def find(report: Report, level: str, place: str, says: str) -> Problem:
    found = [p for p in report.problems if (p.level, p.place) == (level, place) and re.search(says, p.says)]
    assert len(found) == 1, [problem.sentence for problem in report.problems]
    return found[0]
