"""Every indicator of a company of seven customers, worked by hand as of New Year 2025.

In 2024 they ordered nine times (a 2, b 1, d 1, e 2, f 3); orders 2 to 13 of the list are numbered by
customer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import nan, sqrt
from typing import Any

import pytest
from scipy import stats

from features.indicators.measure import Measured

Find = Callable[..., Mapping[str, Any]]

# orders by number: a 1 2 3, b 4, c 5, d 6 7, e 8 9, f 10 11 12, g 13; in 2024 all but 1, 5, 6 and 13
REVENUE_2024 = 10.0 * (2 + 3 + 4 + 7 + 8 + 9 + 10 + 11 + 12)
ORDERS_2024 = 9

WORKED = {
    # active: an order in 2024: a b d e f
    "active_customers": 5,
    "new_customers": 3,  # b e f
    # active on 1 October: an order from October 2023 to September 2024: a b f; since then only a
    "retention_rate": 1 / 3,
    "churn_rate": 2 / 3,
    "repeat_rate": 3 / 5,  # a e f
    # two orders ever: a d e f; f bought every 10 days and has been silent for 346
    "lapsed_share": 1 / 4,
    # on 1 October without an order for a year: c d g; d came back
    "winback_rate": 1 / 3,
    "referral_rate": 100 * 1 / 5,
    # holding: a in 12 months, b and c in 11 and 10 (from the month after they began); b left, c changed plan
    "subscription_churn": 1 / (12 + 11 + 10),
    "nps": 100 * (3 - 1) / 5,
    "csat": 3 / 4,
    "csat_mean": (5 + 4 + 4 + 2) / 4,
    "csi_mean": (8 + 6) / 2,
    "ces_mean": (7 + 3 + 5) / 3,
    # nps × 1; csat (4 3 3 1) × 2.5; csi (7 5) × 10/9; ces (6 2 4) × 10/6; to a thousandth
    "mood": (42 + 27.5 + 7.778 + 5.556 + 10 + 3.333 + 6.667) / 14,
    "revenue": REVENUE_2024,
    "order_count": ORDERS_2024,
    "basket": REVENUE_2024 / ORDERS_2024,
    "purchase_frequency": ORDERS_2024 / 5,
    "discount_share": 3 / (REVENUE_2024 + 3),
    "conversion": 100 * 9 / 11,
    # 15 activities over the active at the ends of the twelve months: see test_the_active_of_each_month
    "return_rate": 100 * 2 / 9,
    "returned_share": 90 / REVENUE_2024,
    "exchange_share": 1 / 2,
    "lines_returned": 2
    / 3,  # of 1 and 11 January, which 30 days later lie in 2024; that of the 1st came later
    "return_amount": (30 + 60) / 2,
    # lines of 2024: tea on 1 and 11 January, wine on 11 January and 31 December; the 11th came back as both
    "line_return_rate": 100 * 3 / 4,
    "line_return_cost": (30 + 30 + 60) / 4,
    "complaint_rate": 100 * 2 / 9,
    "first_response_hours": (2 + 60) / 2,
    "typical_response_hours": sqrt(2 * 60),
    "answered_in_time": 1 / 3,  # the third since it was open for a whole day on 31 December
    "resolution_hours": (48 + 12.5 * 24) / 2,
    "resolved_in_time": 1 / 2,
    "reopened_share": 1 / 2,
    "margin_share": 0.4,
    "revenue_per_customer": REVENUE_2024 / 5,
    "margin_per_customer": 0.4 * REVENUE_2024 / 5,
    "acquisition_cost": (12 + 18) / 2,
    "cac": (60 + 30) / 3,
    "acquisition_spend": (60 + 30 + 15) / 3,
    "cost_to_serve": (20 + 5) / 5,
    "cost_to_keep": (0.5 + 1.5 + 1) / 5,
    "redemption_rate": 1 / 2,  # the third has until January
    "contact_frequency": 3 / 5,
    "clicks_per_open": 100 * 1 / 2,
    "answers_per_order": 100
    * 14
    / 6,  # the answers begin in February: f's three orders in January don't count
}


@pytest.mark.parametrize("name", WORKED)
def test_the_period(find: Find, name: str) -> None:
    assert find(name)["figure"] == pytest.approx(WORKED[name], rel=1e-9)


def test_every_indicator_is_worked_by_hand(company: Measured) -> None:
    assert {i.name for i in company.measured} - set(WORKED) == {"interaction_frequency", "order_rate"}
    assert company.missing == []


def test_the_active_of_each_month(find: Find) -> None:
    """Active at the ends of 2024's months: an order in the twelve months before."""
    active = [find("active_customers", month=f"2024-{month:02}-01")["figure"] for month in range(1, 13)]
    # g fell out in January; a c d f, with b from March; d out in August, c in September; d e back in December
    assert active == [4, 4, 5, 5, 5, 5, 5, 4, 3, 3, 3, 5]
    assert find("interaction_frequency")["figure"] == pytest.approx(15 / sum(active))
    assert find("order_rate")["figure"] == pytest.approx(100 * 9 / sum(active))


@pytest.mark.parametrize(
    ("name", "breakdown", "value", "figure"),
    [
        ("nps", "touchpoint", "mail", 100 * 3 / 4),
        ("nps", "segment", "young", -100),
        ("churn_rate", "segment", "old", 1 / 2),
        ("churn_rate", "segment", "young", 1),
        ("complaint_rate", "ticket_channel", "phone", 100 * 1 / 9),  # of all orders: none has this channel
        ("complaint_rate", "topic", "late", 100 * 2 / 9),
        ("complaint_rate", "segment", "old", 100 * 1 / 3),
        ("lines_returned", "category", "wine", 1),
        ("lines_returned", "category", "tea", 1 / 2),
        ("line_return_rate", "category", "tea", 100 * 2 / 2),
        ("line_return_cost", "category", "wine", 30 / 2),
        ("cac", "acquisition_channel", "search", 60 / 2),
        ("basket", "order_channel", "store", 10 * (10 + 11 + 12) / 3),
        ("redemption_rate", "campaign", "spring", 1 / 2),
        (
            "interaction_frequency",
            "activity_channel",
            "app",
            10 / 51,
        ),  # the active of the twelve month ends add up to 51
    ],
)
def test_breakdowns(find: Find, name: str, breakdown: str, value: str, figure: float) -> None:
    assert find(name, value, breakdown)["figure"] == pytest.approx(figure, rel=1e-9)


def test_the_interval_of_nps_is_that_of_its_points(find: Find) -> None:
    """Five answers +1 +1 +1 0 −1: mean 0.4, Σx² = 4, s² = (4 − 5 × 0.16) / 4 = 0.8."""
    half = stats.t.ppf(0.975, 4) * sqrt(0.8 / 5) * 100
    row = find("nps")
    assert (row["low"], row["high"]) == pytest.approx((40 - half, 40 + half))
    assert row["cases"] == 5
    assert row["few"]


def test_the_interval_of_a_share_is_wilsons(find: Find) -> None:
    expected = stats.binomtest(3, 4).proportion_ci(method="wilson")
    assert (find("csat")["low"], find("csat")["high"]) == pytest.approx((expected.low, expected.high))


def test_the_year_before_and_the_change(find: Find) -> None:
    """At the end of 2023: active a c d g; of them two orders by nobody."""
    row = find("repeat_rate")
    assert (row["before"], row["change"]) == pytest.approx((0, 3 / 5))
    assert row["change_low"] < 3 / 5 < row["change_high"]
    assert find("revenue")["before"] == 10.0 * (1 + 5 + 6 + 13)


def test_a_month_is_told_by_itself(find: Find) -> None:
    december = "2024-12-01"
    assert find("revenue", month=december)["figure"] == 10.0 * (7 + 8 + 9)
    assert find("new_customers", month=december)["figure"] == 1
    assert find("nps", month=december)["figure"] == -100
    assert find("subscription_churn", month=december)["figure"] == pytest.approx(1 / 3)


def test_a_month_without_a_case_has_no_figure(find: Find) -> None:
    row = find("nps", month="2024-11-01")
    assert row["cases"] == 0
    assert row["figure"] == pytest.approx(nan, nan_ok=True)


def test_nothing_is_told_of_what_was_not_known_yet(find: Find) -> None:
    """The orders begin in January 2023: a churn rate looks back on fifteen months."""
    assert find("churn_rate", month="2024-02-01")["figure"] == pytest.approx(nan, nan_ok=True)
    # active on 1 January 2024: a c d g; nobody ordered from then to the end of March
    assert find("churn_rate", month="2024-03-01")["figure"] == 1
    assert find("complaint_rate", month="2023-01-01")["figure"] == 0
    assert find("redemption_rate", month="2024-01-01")["figure"] == pytest.approx(nan, nan_ok=True)


def test_the_table_of_oracles_says_equal_of_all(company: Measured) -> None:
    from tests.features.indicators.oracles import table

    rows = list(table(company))
    assert [row[0] for row in rows] == [i.name for i in company.measured]
    assert {row[-1] for row in rows} == {"yes"}
    changed = company.period.assign(figure=lambda f: f.figure.where(f.indicator != "nps", 41.0))
    wrong = [row for row in table(replace(company, period=changed)) if row[-1] != "yes"]
    assert [(row[0], row[3], row[4]) for row in wrong] == [("nps", "40", "41")]
