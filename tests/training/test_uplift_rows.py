"""Past contacts as rows: what was known when they were sent, and what followed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from configs.settings import Offer, Winback
from features.errors import HistoryError
from features.reference import reference
from training.uplift_rows import Past, past

SENT = datetime(2025, 1, 10, 8)  # noqa: DTZ001
AS_OF = SENT + timedelta(days=40)
POLICY = Winback(offers=(Offer(name="o", channel="email", coupon_value=5, contact_cost=0),), margin_share=0.5)
Rows = dict[str, list[dict[str, Any]]]


def _rows(customers: int = 400, control: bool = True) -> Rows:
    """Each ordered the day before; every second one is contacted, the others held back; the first three order
    again for 30 after 2 days, the first redeeming a coupon of 5."""
    orders = [_order(number, -1, 10.0) for number in range(customers)]
    orders += [_order(number, 2, 30.0) for number in range(3)]
    contacts = [
        {
            "contact_id": str(number),
            "campaign_id": "k",
            "customer_id": f"C{number:03d}",
            "sent_at": SENT,
            "arm": "treatment" if number % 2 == 0 else "control",
            "channel": "email",
            "coupon_value": 5.0 if number % 2 == 0 else None,
            "redeemed_at": SENT + timedelta(days=2) if number == 0 else None,
        }
        for number in range(customers)
        if control or number % 2 == 0
    ]
    return {"orders": orders, "contacts": contacts}


def _order(customer: int, day: float, amount: float) -> dict[str, Any]:
    order = {"order_id": f"{customer} {day}", "customer_id": f"C{customer:03d}", "amount": amount}
    return {**order, "ordered_at": SENT + timedelta(days=day)}


def _past(
    opened: Callable[[Rows], Any], rows: Rows, policy: Winback = POLICY, as_of: datetime = AS_OF
) -> Past | None:
    tables = opened(rows)
    return past(tables, as_of, policy, reference(tables, as_of), 365)


def test_what_was_known_and_what_followed(opened: Callable[[Rows], Any]) -> None:
    found = _past(opened, _rows())
    assert found is not None
    assert found.held_back
    rows = found.rows.set_index("customer_id")
    assert len(rows) == 400
    assert rows["treated"].sum() == 200
    assert rows["orders_90d"].tolist() == [1.0] * 400
    assert rows.loc[["C000", "C001", "C003"], "orders"].tolist() == [1, 1, 0]
    assert rows.loc["C000", ["revenue", "profit", "redeemed"]].tolist() == [30.0, 15.0, 1]
    assert set(rows["coupon_value"]) == {5.0}


def test_coupons_are_taken_off_where_amounts_are_before_them(opened: Callable[[Rows], Any]) -> None:
    found = _past(opened, _rows(), POLICY.model_copy(update={"amounts_are": "before_coupons"}))
    assert found is not None
    rows = found.rows.set_index("customer_id")
    assert rows.loc[["C000", "C002"], "revenue"].tolist() == [25.0, 30.0]
    assert rows.loc[["C000", "C002"], "profit"].tolist() == [10.0, 15.0]


def test_a_campaign_whose_days_are_not_over_tells_nothing(opened: Callable[[Rows], Any]) -> None:
    assert _past(opened, _rows(), as_of=SENT + timedelta(days=29)) is None
    assert _past(opened, {"orders": _rows()["orders"]}) is None


def test_where_nobody_was_held_back_others_are_compared(opened: Callable[[Rows], Any]) -> None:
    found = _past(opened, _rows(control=False))
    assert found is not None
    assert not found.held_back
    rows = found.rows
    assert (rows["treated"] == 0).sum() == 200
    assert not set(rows[rows["treated"] == 0]["customer_id"]) & set(rows[rows["treated"] == 1]["customer_id"])


def test_too_few_are_told(opened: Callable[[Rows], Any]) -> None:
    with pytest.raises(HistoryError, match="tell of 30 contacted and 30 not; 100 of each"):
        _past(opened, _rows(60))
