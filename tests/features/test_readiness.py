"""Whether there is enough to learn from, on orders placed by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from features.readiness import Readiness, readiness, silence
from features.sources import source_from_rows
from features.tables import Mode

START = datetime(2023, 1, 1)  # noqa: DTZ001
NOW = datetime(2026, 1, 1)  # noqa: DTZ001


@dataclass(frozen=True)
class Days:
    horizon_days: int = 30
    lookback_days: int = 60
    mode: Mode = "non_contractual"


def judge(orders: dict[str, list[int]], days: Days | None = None, amount: float = 1) -> Readiness:
    """Customer → the days (from 2023-01-01) of their orders, each of the same amount."""
    rows: list[dict[str, Any]] = [
        {
            "order_id": f"{customer}-{day}",
            "customer_id": customer,
            "ordered_at": START + timedelta(days=day, hours=8),
        }
        for customer, on in orders.items()
        for day in on
    ]
    source = source_from_rows({"orders": [row | {"amount": amount} for row in rows]})
    return readiness(source.tables, days or Days(), now=NOW)


def crowd(stayed: int, churned: int, last: int = 119) -> dict[str, list[int]]:
    """Customers active before the last horizon, some of whom order in it; orders from day 0 to `last`."""
    ends = last - 29
    stays = {f"s{number}": [0, ends - 1, last] for number in range(stayed)}
    return stays | {f"c{number}": [ends - 1] for number in range(churned)}


def test_enough_of_all_is_ready() -> None:
    assert judge(crowd(60, 40)) == Readiness((), ())
    assert judge(crowd(60, 40)).ready


def test_too_short_a_history_says_until_when_orders_are_needed() -> None:
    judged = judge(crowd(60, 40, last=69))
    assert judged.missing == (
        "The orders run from 2023-01-01 to 2023-03-11, 70 days; with a horizon of 30 days, training needs 90 "
        "(60 of history and one horizon): orders until 2023-03-31, or a shorter horizon.",
    )


def test_the_shortest_history_is_sixty_days_and_a_horizon_to_the_day() -> None:
    assert judge(crowd(60, 40, last=89)).ready
    assert not judge(crowd(60, 40, last=88)).ready


def test_too_short_to_judge_on_a_later_horizon_is_advice() -> None:
    judged = judge(crowd(60, 40, last=99))
    assert judged.ready
    assert judged.advice == (
        "The orders run from 2023-01-01 to 2023-04-10, 100 days; judging a model on a later horizon than it "
        "learnt from needs 120, orders until 2023-04-30. Until then it is judged on customers held out.",
    )


def test_a_lookback_not_seen_in_full_is_advice() -> None:
    judged = judge(crowd(60, 40, last=129), Days(lookback_days=90))
    assert judged.ready
    assert judged.advice == (
        "The orders run from 2023-01-01 to 2023-05-10, 130 days; a lookback of 90 days is seen in full with "
        "orders until 2023-05-30.",
    )


@pytest.mark.parametrize(
    ("stayed", "churned", "says"),
    [
        (25, 24, "49 customers were active on 2023-04-01, the last day with a complete horizon of 30 days"),
        (60, 19, "19 customers churned on 2023-04-01, .*; training needs 20."),
        (19, 60, "19 customers stayed on 2023-04-01, .*; training needs 20."),
    ],
)
def test_too_few_are_counted_on_the_last_complete_day(stayed: int, churned: int, says: str) -> None:
    missing = judge(crowd(stayed, churned)).missing
    assert len(missing) == 1
    assert re.match(says, missing[0])


def test_amounts_that_are_all_zero_teach_no_value() -> None:
    assert judge(crowd(60, 40), amount=0).missing == (
        "orders.amount is 0 in all 220 orders, so no value can be learnt: fill in the net revenue.",
    )


@pytest.mark.parametrize(("again", "ready"), [(9, False), (10, True)])
def test_too_few_who_ordered_again_on_another_day(again: int, *, ready: bool) -> None:
    stays = {f"s{number}": [89] if number < 60 - again else [89, 119] for number in range(60)}
    told = "Too few customers ordered again: 9; training needs 10."
    assert (told in judge({**stays, "first": [0]}).missing) != ready


def test_fewer_than_a_hundred_is_advice() -> None:
    judged = judge(crowd(25, 25))
    assert judged.ready
    assert judged.advice[0].startswith("50 customers were active on 2023-04-01")


def test_a_date_in_the_future_is_no_history() -> None:
    ahead = crowd(60, 40) | {"typo": [4000]}
    assert judge(ahead) == judge(crowd(60, 40))


def test_no_orders_at_all() -> None:
    assert readiness({}, Days()).missing == ("There are no orders to learn from.",)
    assert judge({"ahead": [4000]}).missing == ("There are no orders before now to learn from.",)


@pytest.mark.parametrize(
    ("order_days", "as_of_day", "missing"),
    [
        ([0, 1, 2], 10, None),
        ([0, 1, 2], 11, 8),
        ([0, 20, 22], 43, None),
        ([0, 20, 22], 44, 21),
        ([], 5, None),
    ],
    ids=["a week", "more than a week", "as long as a pause before", "longer", "no order"],
)
def test_a_silence_longer_than_any_pause_is_told(
    order_days: list[int], as_of_day: int, missing: int | None
) -> None:
    rows = [
        {
            "order_id": str(day),
            "customer_id": "a",
            "ordered_at": START + timedelta(days=day, hours=8),
            "amount": 1,
        }
        for day in order_days
    ]
    told = silence(source_from_rows({"orders": rows}).tables, START + timedelta(days=as_of_day))
    assert (told is None) == (missing is None)
    if missing is not None:
        end = START + timedelta(days=order_days[-1] + 1)
        assert f"end {missing} days before" in str(told)
        assert f"take {end:%Y-%m-%d} as the day" in str(told)


CONTRACT = Days(mode="contractual")


def subscribe(held: dict[str, tuple[int, int | None]], days: Days = CONTRACT, **more: Any) -> Readiness:
    """Customer → the days (from 2023-01-01) on which their subscription started and was cancelled."""

    def moment(day: int | None) -> datetime | None:
        return None if day is None else START + timedelta(days=day, hours=8)

    rows = [
        {
            "subscription_id": customer,
            "customer_id": customer,
            "started_at": moment(started),
            "cancelled_at": moment(cancelled),
            **more,
        }
        for customer, (started, cancelled) in held.items()
    ]
    return readiness(source_from_rows({"subscriptions": rows}).tables, days, now=NOW)


def subscribers(stayed: int, churned: int, days: int) -> dict[str, tuple[int, int | None]]:
    """One who cancels on day 100, and others who stay, or cancel on the last of so many days since."""
    held: dict[str, tuple[int, int | None]] = {"first": (0, 100)}
    held |= {f"s{number}": (0, None) for number in range(stayed)}
    return held | {f"c{number}": (0, 99 + days) for number in range(churned)}


def test_contractual_needs_one_horizon_of_cancellations_and_two_to_be_judged_later() -> None:
    assert subscribe(subscribers(60, 40, days=60), price=5).advice == ()
    assert subscribe(subscribers(60, 40, days=60), price=5).ready
    assert subscribe(subscribers(60, 40, days=59), price=5).advice == (
        "Cancellations are known from 2023-04-11 to 2023-06-08, 59 days; judging a model on a later horizon "
        "than it learnt from needs 60, cancellations until 2023-06-09. Until then it is judged on customers "
        "held out.",
    )
    assert subscribe(subscribers(60, 40, days=30), price=5).ready
    assert subscribe(subscribers(60, 40, days=29), price=5).missing == (
        "Cancellations are known from 2023-04-11 to 2023-05-09, 29 days; training needs a horizon of 30: "
        "cancellations until 2023-05-10, or a shorter horizon.",
    )


def test_contractual_counts_subscribers() -> None:
    told = subscribe(subscribers(25, 19, days=60), price=5).missing
    on = "on 2023-05-11, the last day with a complete horizon of 30 days; training needs"
    assert told == (f"44 customers were active {on} 50.", f"19 customers churned {on} 20.")


def test_contractual_without_price_or_cancellation_says_so() -> None:
    assert subscribe(subscribers(60, 40, days=60)).missing == (
        "subscriptions has no price, so no customer's value is known: fill it in.",
    )
    assert subscribe({"a": (0, None)}, price=5).missing == (
        "No subscription was cancelled before now, so there is no churn to learn from: fill in "
        "subscriptions.cancelled_at.",
    )
    assert readiness({}, CONTRACT).missing == (
        "Contractual churn is learnt from subscriptions, and there is no such table.",
    )
    assert subscribe({"a": (0, 5)}, Days()).missing == (
        "There are no orders to learn from. For churn from subscriptions, take --mode contractual.",
    )


@pytest.mark.parametrize(("as_of_day", "told"), [(113, False), (130, True)])
def test_a_silence_of_subscriptions_is_told(as_of_day: int, *, told: bool) -> None:
    rows = [
        {
            "subscription_id": str(day),
            "customer_id": "a",
            "started_at": START + timedelta(days=day),
            "cancelled_at": START + timedelta(days=day + 5),
        }
        for day in (80, 90, 100)
    ]
    tables = source_from_rows({"subscriptions": rows}).tables
    says = silence(tables, START + timedelta(days=as_of_day), "contractual")
    assert (says is not None) == told
    if says:
        assert says.startswith("The last start or cancellation of a subscription lies 24 days before")
