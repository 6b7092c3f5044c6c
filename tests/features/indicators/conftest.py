"""A company of a few customers whose figures are worked by hand in the tests, as of New Year 2025."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from features.indicators.measure import Measured, measure
from features.sources import source_from_rows

AS_OF = datetime.fromisoformat("2025-01-01")
Find = Callable[..., Mapping[str, Any]]

ORDERS = {
    "a": ("2023-11-10", "2024-09-20", "2024-11-02"),
    "b": ("2024-03-01",),
    "c": ("2023-09-15",),
    "d": ("2023-08-01", "2024-12-24"),
    "e": ("2024-12-01", "2024-12-31"),
    "f": ("2024-01-01", "2024-01-11", "2024-01-21"),
    "g": ("2023-01-02",),
}
"""When each bought; each order is of 10, 20, 30 … in their order, and leaves 4 of ten."""


def _orders() -> list[dict[str, Any]]:
    moments = [(customer, day) for customer, days in ORDERS.items() for day in days]
    return [
        {
            "order_id": f"{customer} {day}",
            "customer_id": customer,
            "ordered_at": day,
            "amount": 10.0 * number,
            "margin": 4.0 * number,
            "discount": 1.0 if customer == "f" else 0.0,
            "channel": "store" if customer == "f" else "web",
        }
        for number, (customer, day) in enumerate(moments, start=1)
    ]


def _numbered(key: str, names: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    columns = names.split()
    return [
        {key: str(number), **dict(zip(columns, row, strict=True))} for number, row in enumerate(rows, start=1)
    ]


COMPANY: dict[str, list[dict[str, Any]]] = {
    "orders": _orders(),
    "customers": [
        {
            "customer_id": customer,
            "signed_up_at": days[0],
            "segment": "old" if customer in "abc" else "young",
            "acquisition_channel": "search" if customer in "be" else "friends",
            "acquisition_cost": {"b": 12.0, "e": 18.0}.get(customer),
        }
        for customer, days in ORDERS.items()
    ],
    "order_lines": [
        {"order_id": "f 2024-01-01", "product_id": "p", "category": "tea"},
        {"order_id": "f 2024-01-11", "product_id": "p", "category": "tea"},
        {"order_id": "f 2024-01-11", "product_id": "q", "category": "wine"},
        {"order_id": "e 2024-12-31", "product_id": "q", "category": "wine"},
    ],
    "returns": _numbered(
        "return_id",
        "order_id customer_id returned_at amount kind",
        ("g 2023-01-02", "g", "2023-01-05", 5.0, "return"),
        ("f 2024-01-11", "f", "2024-01-20", 30.0, "return"),
        ("f 2024-01-01", "f", "2024-03-20", 60.0, "exchange"),
    ),
    "tickets": _numbered(
        "ticket_id",
        "customer_id opened_at kind channel topic first_response_at resolved_at reopened_at",
        ("g", "2023-01-03", "question", "web", "size", None, None, None),
        ("a", "2024-05-01", "complaint", "phone", "late", "2024-05-01 02:00", "2024-05-03", None),
        ("f", "2024-06-29 12:00", "complaint", "web", "late", "2024-07-02 00:00", "2024-07-12", "2024-07-20"),
        ("f", "2024-12-30", "question", "web", "size", None, "2025-01-01", None),
    ),
    "surveys": _numbered(
        "response_id",
        "customer_id responded_at metric score touchpoint",
        *(("a", "2024-02-01", "nps", score, "mail") for score in (10, 9, 9, 8)),
        ("f", "2024-12-31", "nps", 6, "shop"),
        *(("b", "2024-04-05", "csat", score, "shop") for score in (5, 4, 4, 2)),
        *(("b", "2024-04-05", "csi", score, None) for score in (8, 6)),
        *(("b", "2024-04-05", "ces", score, None) for score in (7, 3, 5)),
    ),
    "engagement": [
        {"customer_id": customer, "occurred_at": day, "kind": kind, "channel": channel}
        for customer, day, kind, channel in (
            ("f", "2024-01-02", "visit", "web"),
            *(("a", f"2024-09-{day}", "visit", "app") for day in range(10, 20)),
            ("a", "2024-10-01", "referral", "email"),
            ("a", "2024-11-01", "open", "email"),
            ("a", "2024-11-02", "open", "email"),
            ("a", "2024-11-02", "click", "email"),
        )
    ],
    "contacts": _numbered(
        "contact_id",
        "campaign_id customer_id sent_at arm channel cost coupon_value redeemed_at",
        ("spring", "a", "2024-01-03", "treatment", "email", 0.5, 5.0, "2024-01-30"),
        ("spring", "b", "2024-01-03", "treatment", "post", 1.5, 5.0, "2024-03-01"),
        ("spring", "c", "2024-01-03", "control", "post", None, None, None),
        ("autumn", "a", "2024-12-20", "treatment", "post", 1.0, 5.0, "2024-12-24"),
    ),
    "costs": [
        {"occurred_at": day, "kind": kind, "amount": amount, "channel": channel}
        for day, kind, amount, channel in (
            ("2024-01-05", "advertising", 60.0, "search"),
            ("2024-07-05", "advertising", 30.0, "friends"),
            ("2024-12-05", "sales", 15.0, None),
            ("2024-12-06", "service", 20.0, None),
            ("2024-12-06", "maintenance", 5.0, None),
        )
    ],
    "subscriptions": _numbered(
        "subscription_id",
        "customer_id started_at cancelled_at plan",
        ("a", "2023-01-01", None, "basic"),
        ("b", "2024-01-01", "2024-12-10", "basic"),
        ("c", "2024-02-01", "2024-12-15", "basic"),
        ("c", "2024-12-15", None, "plus"),
        ("d", "2024-12-02", "2024-12-20", "plus"),
    ),
}


@pytest.fixture(scope="session")
def company() -> Measured:
    return measure(source_from_rows(COMPANY).tables, AS_OF)


@pytest.fixture(scope="session")
def find(company: Measured) -> Find:
    """The period's row of an indicator; `month`: the row of that month instead."""

    def find(name: str, value: str = "all", breakdown: str = "all", month: str | None = None) -> Any:
        frame = company.months if month else company.period
        frame = frame[(frame.indicator == name) & (frame.breakdown == breakdown) & (frame.value == value)]
        if month:
            frame = frame[frame.month == pd.Timestamp(month)]
        assert len(frame) == 1, f"{name} of {value} stands in {len(frame)} rows"
        return frame.iloc[0]

    return find
