"""The response to campaigns by hand and by SQL."""

from __future__ import annotations

from collections.abc import Callable
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
OfOne = Callable[[Any, datetime], dict[str, Any]]


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def contact(
    sent: datetime, arm: str = "treatment", redeemed: datetime | None = None, **more: Any
) -> dict[str, Any]:
    return {"campaign_id": "spring", "sent_at": sent, "arm": arm, "redeemed_at": redeemed, **more}


def orders(*days: float) -> list[dict[str, Any]]:
    return [{"ordered_at": ago(day), "amount": 1.0} for day in days]


SENT = [
    contact(ago(400), redeemed=ago(390), cost=0.9, coupon_value=5.0),
    contact(ago(300), redeemed=ago(290.5), cost=0.95, coupon_value=10.0),
    contact(ago(100), cost=0.04, coupon_value=10.0),
    contact(ago(50), cost=None, coupon_value=10.0),
    contact(ago(40), "control", redeemed=ago(35), cost=7.0, coupon_value=7.0),
    contact(ago(20), redeemed=ago(-5), cost=0.12, coupon_value=15.0),
]


def test_by_hand(of_one: OfOne) -> None:
    found = of_one({"contacts": SENT, "orders": orders(295, 60)}, AS_OF)
    expected = {
        "contacts_90d": 2,
        "contacts_180d": 3,
        "contacts_365d": 4,
        "redeemed_365d": 1,
        "redeemed_share_365d": 1 / 4,
        "days_since_contact": 20,
        "contacts_without_response": 2,
        "contact_cost_365d": 0.95 + 0.04 + 0.12,
        "coupons_redeemed_365d": 10,
        # The last order was 60 days ago: the windows end 46 days ago, and begin 136 days ago.
        "redeemed_share_at_last_order": 0 / 2,
        "redeemed_share_change_at_last_order": 0 / 2 - 2 / 2,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


def test_who_was_never_contacted_has_zeros(of_one: OfOne) -> None:
    found = of_one({"orders": orders(100), "contacts": [contact(ago(5), "control", redeemed=ago(4))]}, AS_OF)
    zeros = ["contacts_90d", "contacts_365d", "redeemed_365d", "contacts_without_response"]
    money = ["contact_cost_365d", "coupons_redeemed_365d"]
    assert [found[name] for name in [*zeros, *money]] == [0.0] * 6
    nulls = ["redeemed_share_365d", "days_since_contact", "redeemed_share_at_last_order"]
    assert [found[name] for name in nulls] == [None] * 3  # the reference of these tests knows no prior


@pytest.mark.parametrize("days", [90, 180, 365])
def test_contacts_count_in_their_window(of_one: OfOne, days: int) -> None:
    times = [ago(days) - MICROSECOND, ago(days), AS_OF - MICROSECOND, AS_OF]
    sent = [contact(time, redeemed=AS_OF - MICROSECOND) for time in times[:2]]
    found = of_one({"contacts": [*sent, *map(contact, times[2:]), contact(ago(5), "control")]}, AS_OF)
    assert found[f"contacts_{days}d"] == 2
    if days == 365:
        assert found["redeemed_365d"] == 1
        assert found["redeemed_share_365d"] == 1 / 2


@pytest.mark.parametrize(
    ("redeemed", "counts"), [(AS_OF - MICROSECOND, True), (AS_OF, False), (ago(-9), False)]
)
def test_a_redemption_counts_from_its_own_time_on(of_one: OfOne, redeemed: datetime, counts: bool) -> None:
    rows = {"contacts": [contact(ago(5), redeemed=redeemed, coupon_value=5.0)], "orders": orders(30)}
    found = of_one(rows, AS_OF)
    assert found["redeemed_share_365d"] == found["redeemed_365d"] == counts
    assert found["coupons_redeemed_365d"] == 5.0 * counts
    assert found["contacts_without_response"] == 1 - counts


def test_a_contact_is_without_response_only_after_the_last_order(of_one: OfOne) -> None:
    times = [ago(9), ago(9) + timedelta(seconds=1), AS_OF - MICROSECOND, AS_OF]
    found = of_one({"contacts": list(map(contact, times)), "orders": orders(20, 9)}, AS_OF)
    assert found["contacts_without_response"] == 2


def test_shares_lean_on_all_customers() -> None:
    rows = {
        "orders": [{"order_id": "o", "customer_id": "c", **row} for row in orders(60)],
        "contacts": [{"contact_id": f"{i}", "customer_id": "c", **row} for i, row in enumerate(SENT)],
    }
    tables = source_from_rows(rows).tables
    told = Reference(30.0, 0.1, {"redeemed_share": Prior(0.5, 2.0)})
    found = build(tables, population(tables, [AS_OF, ago(397)], None), told).to_pyarrow().to_pylist()
    assert len(found) == 1
    assert found[0]["redeemed_share_at_last_order"] == pytest.approx((0 + 0.5) / (2 + 2))
    assert found[0]["redeemed_share_365d"] == pytest.approx((1 + 0.5) / (4 + 2))
    change = (0 + 0.5) / (2 + 2) - (2 + 0.5) / (2 + 2)
    assert found[0]["redeemed_share_change_at_last_order"] == pytest.approx(change)


def test_without_a_contact_the_share_is_that_of_all_customers() -> None:
    rows = {"orders": [{"order_id": "o", "customer_id": "c", **row} for row in orders(60)], "contacts": []}
    tables = source_from_rows(rows).tables
    told = Reference(30.0, 0.1, {"redeemed_share": Prior(0.5, 2.0)})
    names = ["redeemed_share_365d", "redeemed_share_at_last_order", "redeemed_share_change_at_last_order"]
    (row,) = build(tables, population(tables, [AS_OF], None), told, only=names).to_pyarrow().to_pylist()
    assert [row[name] for name in names] == [0.5 / 2, 0.5 / 2, 0]


def test_contacts_agree_with_sql(agrees: Callable[[str], None], told: Reference) -> None:
    prior = told.priors["redeemed_share"]
    agrees(f"""
        WITH ended AS (
            SELECT customer_id, as_of, max(ordered_at) AS last_order,
                least(last_order + INTERVAL 14 DAY, as_of) AS ending
            FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of GROUP BY customer_id, as_of
        ), seen AS (
            SELECT *, coalesce(arm = 'treatment' AND sent_at < as_of, false) AS reached,
                reached AND coalesce(redeemed_at < as_of, false) AS redeemed,
                sent_at >= as_of - INTERVAL 90 DAY AS lately,
                sent_at >= as_of - INTERVAL 365 DAY AS this_year,
                sent_at < ending AND sent_at >= ending - INTERVAL 90 DAY AS up_to,
                sent_at < ending - INTERVAL 90 DAY AS before
            FROM ended LEFT JOIN contacts USING (customer_id)
        ), counted AS (
            SELECT customer_id, as_of, count(*) FILTER (reached AND lately) AS contacts_90d,
                count(*) FILTER (reached AND sent_at >= as_of - INTERVAL 180 DAY) AS contacts_180d,
                count(*) FILTER (reached AND this_year) AS contacts_365d,
                count(*) FILTER (redeemed AND this_year) AS redeemed_365d,
                count(*) FILTER (reached AND up_to) AS contacts_then,
                count(*) FILTER (redeemed AND up_to) AS redeemed_then,
                count(*) FILTER (reached AND before) AS contacts_before,
                count(*) FILTER (redeemed AND before) AS redeemed_before,
                count(*) FILTER (reached AND NOT redeemed AND sent_at > last_order)
                    AS contacts_without_response,
                coalesce(sum(cost) FILTER (reached AND this_year), 0) AS contact_cost_365d,
                coalesce(sum(coupon_value) FILTER (redeemed AND this_year), 0) AS coupons_redeemed_365d,
                date_diff('second', max(sent_at) FILTER (reached), as_of) / 86400 AS days_since_contact
            FROM seen GROUP BY customer_id, as_of
        )
        SELECT * EXCLUDE (contacts_then, redeemed_then, contacts_before, redeemed_before),
            (redeemed_365d + {prior.events!r}) / (contacts_365d + {prior.chances!r}) AS redeemed_share_365d,
            (redeemed_then + {prior.events!r}) / (contacts_then + {prior.chances!r})
                AS redeemed_share_at_last_order,
            redeemed_share_at_last_order
                - (redeemed_before + {prior.events!r}) / (contacts_before + {prior.chances!r})
                AS redeemed_share_change_at_last_order
        FROM counted
    """)
