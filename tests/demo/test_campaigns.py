"""Campaigns: arms drawn at random, and a true effect that the orders really show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import duckdb
import numpy as np
import pytest

from demo.retailer import coupons, customers
from demo.retailer.days import Period

Number = Callable[[str], float]


def _window(column: str) -> str:
    return f"""(
        select contacts.*, coupon_effect, true_contacts.probability, true_contacts.orders as true_orders,
               true_contacts.revenue as true_revenue, coalesce(found, 0) as found
        from contacts join true_customers using (customer_id) join true_contacts using (contact_id)
        left join (
            select contact_id, {column} as found from contacts join orders
            on orders.customer_id = contacts.customer_id and ordered_at >= sent_at
                and ordered_at < sent_at + interval 30 day
            group by contact_id) using (contact_id))"""


def _difference(
    tables: duckdb.DuckDBPyConnection, found: str, true: str, where: str
) -> tuple[float, float, float]:
    """Treatment minus control of what is found, its standard error, and the true mean effect."""
    row = tables.sql(f"""
        select avg(found) filter (arm = 'treatment') - avg(found) filter (arm = 'control'),
               sqrt(var_samp(found) filter (arm = 'treatment') / count(*) filter (arm = 'treatment')
                    + var_samp(found) filter (arm = 'control') / count(*) filter (arm = 'control')),
               avg({true})
        from {_window(found)} where {where}""").fetchone()
    assert row is not None
    return row[0], row[1], row[2]


def test_arms_are_drawn_at_random(tables: duckdb.DuckDBPyConnection, number: Number) -> None:
    contacts = number("select count(*) from contacts")
    share = number("select avg((arm = 'treatment')::int) from contacts")
    assert abs(share - 0.7) < 4 * (0.21 / contacts) ** 0.5
    for known in (
        "(select count(*) from orders as o where o.customer_id = k.customer_id and ordered_at < sent_at)",
        "(select epoch(sent_at - signed_up_at) from customers as c where c.customer_id = k.customer_id)",
        "(select (cause is not null)::int from true_customers as c where c.customer_id = k.customer_id)",
    ):
        row = tables.sql(f"""
            with balance as (select arm, {known}::double as known from contacts as k)
            select (avg(known) filter (arm = 'treatment') - avg(known) filter (arm = 'control'))
                / sqrt(var_samp(known) filter (arm = 'treatment') / count(*) filter (arm = 'treatment')
                       + var_samp(known) filter (arm = 'control') / count(*) filter (arm = 'control'))
            from balance""").fetchone()
        assert row is not None
        assert abs(row[0]) < 3.5


@pytest.mark.parametrize("effect", ["sure_thing", "persuadable", "lost_cause", "sleeping_dog"])
@pytest.mark.parametrize(
    ("found", "true"), [("count(*)", "true_orders"), ("1", "probability"), ("sum(amount)", "true_revenue")]
)
def test_the_true_effect_is_recovered(
    tables: duckdb.DuckDBPyConnection, effect: str, found: str, true: str
) -> None:
    difference, error, truth = _difference(tables, found, true, f"coupon_effect = '{effect}'")
    assert abs(difference - truth) < 3 * error
    if effect == "persuadable":
        assert difference > 4 * error
    if effect == "sleeping_dog":
        assert difference < -4 * error
    if effect == "lost_cause":
        assert truth == 0


def test_only_persuadables_and_sure_things_redeem(tables: duckdb.DuckDBPyConnection) -> None:
    rows = tables.sql("""
        select distinct coupon_effect from contacts join true_customers using (customer_id)
        where redeemed_at is not null order by 1""").fetchall()
    assert rows == [("persuadable",), ("sure_thing",)]


def test_a_campaign_s_truth_is_the_mean_of_its_contacts(tables: duckdb.DuckDBPyConnection) -> None:
    rows = tables.sql("""
        select count(*), any_value(k.contacts), avg(c.probability), any_value(k.probability), avg(c.orders),
               any_value(k.orders), avg(c.revenue), any_value(k.revenue)
        from true_contacts as c join contacts using (contact_id) join true_campaigns as k using (campaign_id)
        group by campaign_id""").fetchall()
    assert len(rows) == 11
    for row in rows:
        assert row[::2] == pytest.approx(row[1::2])


def test_a_customer_s_own_effect_has_the_sign_of_its_kind(tables: duckdb.DuckDBPyConnection) -> None:
    rows = tables.sql("""
        select coupon_effect, sign(min(coupon_probability)), sign(max(coupon_probability)),
               sign(min(coupon_money)), max(coupon_money) > 0
        from true_customers group by 1 order by 1""").fetchall()
    assert rows == [
        ("lost_cause", 0, 0, 0, False),
        ("persuadable", 1, 1, 0, True),
        ("sleeping_dog", -1, -1, -1, False),
        ("sure_thing", 0, 0, -1, False),
    ]


def test_kinds_are_drawn_with_the_chances_that_are_told() -> None:
    dice = np.random.default_rng(5)
    people = customers.draw(dice, 1, 20_000, Period(date(2023, 1, 1), date(2024, 1, 1)))
    told, drawn = coupons.chances(people), coupons.draw(dice, people).effect
    assert told.sum(axis=0) == pytest.approx(1)
    for kind in range(len(coupons.EFFECTS)):
        likely = told[kind] > np.quantile(told[kind], 0.8)
        for some in (likely, ~likely):
            assert (drawn[some] == kind).mean() == pytest.approx(told[kind][some].mean(), abs=0.025)
