"""Planted causes: they show in their own tables, they make customers leave, and decoys only look alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Number = Callable[[str], float]
END = "timestamp '2025-01-01'"

SYMPTOMS = {
    "spend": ("orders", "ordered_at", "avg(amount)", 0.65),
    "product": ("orders semi join returns using (order_id)", "ordered_at", "count(*)", 3.0),
    "service": ("tickets", "opened_at", "count(*) filter (kind = 'complaint')", 5.0),
    "satisfaction": ("surveys", "responded_at", "avg(score) filter (metric = 'nps')", 0.7),
    "engagement": ("engagement", "occurred_at", "count(*) filter (kind = 'visit')", 0.4),
}


def _in_decline(table: str, moment: str, cause: str, what: str) -> str:
    """SQL for `what` of the ill after the first four weeks, over that of the same ones when they were well.

    Both count events per day where `what` is a count.
    """
    ill = f"{moment} >= decline_started_at + interval 28 day and {moment} < until"
    well = f"{moment} < decline_started_at"
    days = "select sum(epoch({}) - epoch({})) from subjects where {}"
    ill_days = days.format(
        "until", "decline_started_at + interval 28 day", "until > decline_started_at + interval 28 day"
    )
    well_days = days.format("decline_started_at", "greatest(signed_up_at, timestamp '2023-01-01')", "true")
    per_day = f"/ (({ill_days}) / ({well_days}))" if what.startswith("count") else ""
    value = f"select {what} from {table} join subjects using (customer_id) where "
    return f"""
        with subjects as (
            select customer_id, signed_up_at, decline_started_at,
                   least(coalesce(decline_ended_at, {END}), coalesce(left_at, {END})) as until
            from true_customers join customers using (customer_id) where cause = '{cause}' and decoy is null)
        select ({value}{ill}) / ({value}{well}) {per_day}"""


@pytest.mark.parametrize("cause", SYMPTOMS)
def test_symptoms_show_in_their_own_dimension(number: Number, cause: str) -> None:
    table, moment, what, ratio = SYMPTOMS[cause]
    found = number(_in_decline(table, moment, cause, what))
    assert found < ratio if ratio < 1 else found > ratio


@pytest.mark.parametrize("cause", SYMPTOMS)
def test_symptoms_stay_away_from_other_dimensions(number: Number, cause: str) -> None:
    for other, (table, moment, what, _) in SYMPTOMS.items():
        if other != cause:
            fewer_orders = table.startswith("orders") and what.startswith("count")
            ratio = number(_in_decline(table, moment, cause, what))
            assert (0.55 if fewer_orders else 0.7) < ratio < 1.8, (cause, other)


def test_service_in_decline_answers_late_or_never(number: Number) -> None:
    complaint = """
        from tickets join true_customers using (customer_id) where kind = 'complaint' and cause = 'service'
        and opened_at < timestamp '2024-11-01' and """
    ill = (
        f"opened_at >= decline_started_at + interval 28 day and opened_at < coalesce(decline_ended_at, {END})"
    )
    well = "opened_at < decline_started_at"
    hours = "select median(date_diff('minute', opened_at, first_response_at)) / 60 "
    assert number(f"{hours}{complaint}{ill}") > 4 * number(f"{hours}{complaint}{well}")
    unsolved = "select avg((resolved_at is null)::int) "
    assert number(f"{unsolved}{complaint}{ill}") > 0.4 > 0.1 > number(f"{unsolved}{complaint}{well}")


def test_the_range_of_categories_shrinks_with_the_product(number: Number) -> None:
    per_order = """
        select count(distinct category) / count(distinct order_id)
        from order_lines join orders using (order_id) join true_customers using (customer_id)
        where cause = 'product' and {} group by customer_id having count(distinct order_id) >= 4"""
    ill = per_order.format("ordered_at >= decline_started_at + interval 28 day and left_at is not null")
    well = per_order.format("ordered_at < decline_started_at")
    per_line = "select avg(share) from ({}) as found (share)"
    assert number(per_line.format(ill)) < 0.75 * number(per_line.format(well))


def test_discounts_grow_with_a_decline_in_spend(number: Number) -> None:
    share = """
        select sum(discount) / sum(discount + amount) from orders join true_customers using (customer_id)
        where cause = 'spend' and {}"""
    ill = share.format("ordered_at >= decline_started_at + interval 28 day and decline_ended_at is null")
    assert number(ill) > 2 * number(share.format("ordered_at < decline_started_at"))


def test_the_ill_leave_far_more_than_the_decoys(number: Number) -> None:
    """Leavings a year: of the ill from three weeks after the onset, of decoys that nothing is wrong with."""
    ill = number(f"""
        select count(left_at) * 365 * 86400 / sum(epoch(until) - epoch(decline_started_at + interval 21 day))
        from (
            select *, least(coalesce(decline_ended_at, {END}), coalesce(left_at, {END})) as until
            from true_customers where cause is not null)
        where until > decline_started_at + interval 21 day""")
    rate = f"""
        select count(left_at) * 365 * 86400 / sum(epoch(coalesce(left_at, {END}))
            - epoch(greatest(signed_up_at, timestamp '2023-01-01')))
        from true_customers join customers using (customer_id) where cause is null and {{}}"""
    decoys, others = number(rate.format("decoy is not null")), number(rate.format("decoy is null"))
    assert ill > 5 * decoys
    assert decoys == pytest.approx(others, rel=0.25)


DECOYS = {
    "frequent_returner": (
        "count(returns.return_id) / count(*)",
        "orders left join returns using (order_id)",
        4,
    ),
    "small_baskets": ("1 / avg(amount)", "orders", 2),
    "chatty": ("count(*) filter (kind = 'question') / count(distinct customer_id)", "tickets", 3),
    "grumbler": ("avg((score <= 6)::int)", "surveys", 1.5),
    "quiet": ("1000 / count(*) * (select count(*) from true_customers as t where {})", "engagement", 5),
}


@pytest.mark.parametrize("decoy", DECOYS)
def test_decoys_show_a_symptom(number: Number, decoy: str) -> None:
    what, table, times = DECOYS[decoy]
    if decoy == "frequent_returner":
        table = (
            "(select orders.customer_id, return_id from orders left join returns using (order_id)) as returns"
        )
    seen = []
    for kind in (f"t.decoy = '{decoy}'", "t.decoy is null"):
        healthy = f"{kind} and t.cause is null"
        seen.append(
            number(
                f"select {what.format(healthy)} from {table}"
                f" semi join (from true_customers as t where {healthy}) as healthy using (customer_id)"
            )
        )
    assert seen[0] > times * seen[1]
