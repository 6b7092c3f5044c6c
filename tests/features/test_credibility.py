"""The weight of a customer's own orders, by hand, from drawn customers, and by the textbook in plain SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import ibis
import numpy as np
import pytest

from features.credibility import learn_ratios
from features.priors import Prior
from features.reference import Reference

MONEY = ("amount", "discount", "margin")
AS_OF = datetime.fromisoformat("2024-03-01")
"""The day of the reference `told`."""


def orders(*rows: Sequence[Any], columns: Sequence[str] = MONEY) -> ibis.Table:
    """Orders as (customer, amount, discount, margin); what is left out is null."""
    given = [dict(zip(("customer_id", *columns), row, strict=False)) for row in rows]
    schema = {"customer_id": "string", **dict.fromkeys(columns, "float64")}
    return ibis.memtable([{name: row.get(name) for name in schema} for row in given], schema=schema)


def test_by_hand() -> None:
    # a spends 80 on average and b 120; the squares around these means are 4 × 30² for each
    found = learn_ratios(orders(*[("a", 50), ("a", 110), ("b", 90), ("b", 150)] * 2))
    within = 2 * 4 * 30**2 / (8 - 2)
    between = (2 * 4 * 20**2 - (2 - 1) * within) / (8 - (4**2 + 4**2) / 8)
    weight = within / between
    assert weight == pytest.approx(2.4)
    assert set(found) == {"basket", "discount_share"}
    assert (found["basket"].events, found["basket"].chances) == pytest.approx((100 * weight, weight))


def test_shares_weigh_in_money() -> None:
    # of list prices of 100, a gets 0 or 40 off and b 20 or 60; the mean order is of 70
    rows = [("a", 100, 0), ("a", 60, 40), ("b", 80, 20), ("b", 40, 60)] * 3
    found = learn_ratios(orders(*rows))["discount_share"]
    within = 100 * 12 * 0.2**2 / (12 - 2)
    between = (100 * 12 * 0.1**2 - within) / (1200 - 2 * 600**2 / 1200)
    assert found.events / found.chances == pytest.approx(0.3)
    assert found.chances == pytest.approx(within / between, rel=0.01)


def test_margins_are_learnt_from_the_orders_that_bear_one() -> None:
    rows = [("a", 100, None, 40), ("a", 100, None, -20), ("b", 100, None, 40), ("b", 500, None, None)]
    found = learn_ratios(orders(*rows))["margin_share"]
    assert found.events / found.chances == pytest.approx(60 / 300)
    assert "margin_share" not in learn_ratios(orders(("a", 100)))


def test_customers_who_are_alike_lean_on_all_orders() -> None:
    alike = [(customer, amount) for customer in "abc" for amount in (50, 150)]
    assert learn_ratios(orders(*alike))["basket"] == Prior(100.0 * 6, 6.0)


def test_without_a_second_order_nothing_says_that_customers_differ() -> None:
    assert learn_ratios(orders(("a", 10), ("b", 30)))["basket"] == Prior(20.0 * 2, 2.0)


def test_customers_who_never_vary_lean_on_one_order() -> None:
    steady = [("a", 50), ("b", 150)] * 5
    assert learn_ratios(orders(*steady))["basket"] == Prior(100.0, 1.0)


@pytest.mark.parametrize("rows", [[], [("a", 0, 0, 0)]])
def test_where_nothing_was_paid_nothing_is_learnt(rows: list[Any]) -> None:
    assert learn_ratios(orders(*rows)) == {}


def test_without_its_column_a_ratio_is_not_learnt() -> None:
    assert set(learn_ratios(orders(("a", 1), ("a", 2), columns=["amount"]))) == {"basket"}


def test_one_enormous_order_does_not_break_the_sums() -> None:
    usual = [(customer, 20.0 + number) for number in range(30) for customer in "abcdefgh"]
    found = learn_ratios(orders(*usual, ("a", 1e12, 1e12, -1e12)))
    assert all(np.isfinite([prior.events, prior.chances]).all() for prior in found.values())


def test_the_weight_of_drawn_customers_is_found_again() -> None:
    dice = np.random.default_rng(5)
    usual = dice.normal(100, 10, 4000)
    count = dice.integers(1, 9, 4000)
    drawn = [(f"c{n}", value) for n in range(4000) for value in dice.normal(usual[n], 20, count[n])]
    found = learn_ratios(orders(*drawn))["basket"]
    assert found.chances == pytest.approx(20**2 / 10**2, rel=0.1)
    assert found.events / found.chances == pytest.approx(100, rel=0.01)


@pytest.mark.parametrize(
    ("name", "part", "whole", "rel"),
    [
        ("basket", "amount", "1", 2e-3),
        ("discount_share", "discount", "amount + discount", 2e-2),
        ("margin_share", "margin", "amount", 2e-2),
    ],
)
def test_agrees_with_sql(told: Reference, folder: Path, name: str, part: str, whole: str, rel: float) -> None:
    """The textbook's sums in floats; what is learnt is measured in thousandths of the mean order."""
    ((share, weight),) = duckdb.sql(f"""
        WITH known AS (
            SELECT customer_id, ({part})::DOUBLE AS part, ({whole})::DOUBLE AS base
            FROM '{folder}/orders.parquet' WHERE ordered_at < '{AS_OF}' AND {whole} > 0
        ), own AS (
            SELECT customer_id, count(*) AS n, sum(base) AS base, sum(part) AS part,
                sum(part * part / base) - sum(part) ** 2 / sum(base) AS inside
            FROM known GROUP BY customer_id
        ), sums AS (
            SELECT sum(part) / sum(base) AS mean, sum(inside) / (sum(n) - count(*)) AS within,
                count(*) - 1 AS others, sum(base) - sum(base ** 2) / sum(base) AS effective FROM own
        )
        SELECT any_value(mean), any_value(within) / ((sum(base * (part / base - mean) ** 2)
            - any_value(others) * any_value(within)) / any_value(effective))
        FROM own, sums
    """).fetchall()
    found = told.priors[name]
    assert found.events / found.chances == pytest.approx(share, rel=1e-9)
    assert found.chances == pytest.approx(weight, rel=rel)
