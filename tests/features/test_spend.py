"""Spend by hand and by SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from features.build import build, catalog
from features.catalog import Feature
from features.priors import Prior
from features.reference import Reference
from features.snapshots import population
from features.sources import source_from_rows
from features.subscriptions import SPEND

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)
OfOne = Callable[[Any, datetime], dict[str, Any]]
LEANT = Reference(
    typical_gap_days=30.0,
    return_share=0.1,
    revenue_365d=1000.0,
    priors={
        "basket": Prior(80.0, 2.0),
        "discount_share": Prior(10.0, 100.0),
        "discounted_share": Prior(1.0, 4.0),
        "margin_share": Prior(30.0, 90.0),
    },
)
"""What all customers show: orders of 40, a tenth off, one of four discounted, a third of margin."""


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def order(
    days: float, amount: float, discount: float | None = None, margin: float | None = None
) -> dict[str, Any]:
    return {"ordered_at": ago(days), "amount": amount, "discount": discount, "margin": margin}


def leaning(
    orders: Sequence[Mapping[str, Any]], reference: Reference = LEANT, as_of: datetime = AS_OF, **more: Any
) -> dict[str, Any]:
    """The spend of one customer whose rates lean on a reference."""
    rows = [{"order_id": str(n), "customer_id": "c", **row} for n, row in enumerate(orders)]
    tables = source_from_rows({"orders": rows, **more}).tables
    names = [f.name for f in catalog(tables) if f.dimension == "spend"]
    (row,) = build(tables, population(tables, [as_of], None), reference, names).to_pyarrow().to_pylist()
    return dict(row)


ORDERS = [
    order(400, 100, None, 40),
    order(200, 50, 10, 20),
    order(120, 30, None, 5),
    order(60, 20, 5, 8),
    order(10, 10.1, 0, 2),
]


def test_by_hand(of_one: OfOne) -> None:
    found = of_one({"orders": ORDERS}, AS_OF)
    months = {10.1: 5.5, 20: 4.5, 30: 2.5, 50: -0.5}  # to the middle of twelve months
    margins = {2: 5.5, 8: 4.5, 5: 2.5, 20: -0.5}
    squares = 2 * sum((half + 0.5) ** 2 for half in range(6))
    expected = {
        "amount_total": 100 + 50 + 30 + 20 + 10.1,
        "amount_365d": 50 + 30 + 20 + 10.1,
        "amount_30d": 10.1,
        "amount_90d": 20 + 10.1,
        "amount_180d": 30 + 20 + 10.1,
        "amount_90_to_180d": 30,
        "amount_180_to_365d": 50,
        "amount_slope": sum(amount * month for amount, month in months.items()) / squares,
        "margin_total": 75,
        "margin_90d": 10,
        "margin_365d": 35,
        "margin_slope": sum(margin * month for margin, month in margins.items()) / squares,
        "contribution": 75,
        "contribution_after_returns": 75,
        "biggest_order": 100,
        "last_order_amount": 10.1,
        "basket_mean": 210.1 / 5,
        "basket_median": 30,
        "basket_90d": 30.1 / 2,
        "basket_before": 180 / 3,
        "basket_change": (30.1 / 2) / (180 / 3),
        "basket_at_last_order": 30.1 / 2,
        "basket_before_last_order": 180 / 3,
        "discount_share_90d": 5 / (5 + 30.1),
        "discount_share_before": 10 / (10 + 180),
        "discount_change": 5 / (5 + 30.1) - 10 / (10 + 180),
        "discount_share_at_last_order": 5 / (5 + 30.1),
        "discount_share_before_last_order": 10 / (10 + 180),
        "discounted_orders": 2,
        "margin_share_365d": (20 + 5 + 8 + 2) / 110.1,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


def test_what_models_see_leans_on_all_customers_by_hand() -> None:
    found = leaning(ORDERS)
    usual = (210.1 + 80) / (5 + 2)
    expected = {
        "usual_basket": usual,
        "last_order_ratio": 10.1 / usual,
        "basket_change_at_last_order": (30.1 / 2 - 180 / 3) / (1 + 2 * (1 / 2 + 1 / 3)) / usual,
        "usual_discount_share": (15 + 10) / (225.1 + 100),
        "discount_share_change_at_last_order": (5 / 35.1 - 10 / 190) / (1 + 100 * (1 / 35.1 + 1 / 190)),
        "usual_discounted_share": (2 + 1) / (5 + 4),
        "usual_margin_share": (75 + 30) / (210.1 + 90),
        "margin_share_change_at_last_order": (10 / 30.1 - 65 / 180) / (1 + 90 * (1 / 30.1 + 1 / 180)),
        "revenue_share": 110.1 / 1000,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


def test_one_order_leans_on_all_and_has_changed_nothing() -> None:
    found = leaning([order(10, 100, 100, 90)])
    expected = {
        "usual_basket": (100 + 80) / (1 + 2),
        "usual_discount_share": (100 + 10) / (200 + 100),
        "usual_discounted_share": (1 + 1) / (1 + 4),
        "usual_margin_share": (90 + 30) / (100 + 90),
    }
    expected |= {name: 0 for name in found if name.endswith("_change_at_last_order")}
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert len(expected) == 4 + 3
    missing = [name for name in found if name.endswith("_before_last_order")]
    missing += ["amount_slope", "margin_slope"]
    assert [found[name] for name in missing] == [None] * (2 + 2)


def test_who_went_quiet_shows_what_the_last_order_showed() -> None:
    now = leaning(ORDERS)
    later = leaning(ORDERS, as_of=AS_OF + timedelta(days=300))
    kept = [name for name in now if "last_order" in name or "usual" in name]
    assert len(kept) == 4 + 3 + 4 + 2
    assert {name: later[name] for name in kept} == {name: now[name] for name in kept}
    assert later["basket_90d"] is later["discount_share_90d"] is None


@pytest.mark.parametrize("quiet", [0, 14, 200])
def test_the_days_up_to_the_last_order_end_two_weeks_after_it(of_one: OfOne, quiet: int) -> None:
    edge = ago(max(quiet - 14, 0) + 90)
    times = [edge - MICROSECOND, edge, min(ago(quiet), AS_OF - MICROSECOND)]
    orders = [
        {"ordered_at": time, "amount": amount, "discount": 1.0}
        for time, amount in zip(times, (1, 20, 300), strict=True)
    ]
    found = of_one({"orders": orders}, AS_OF)
    assert found["basket_at_last_order"] == 320 / 2
    assert found["discount_share_at_last_order"] == 2 / (2 + 320)


def test_what_was_given_away_changes_no_share_of_the_money() -> None:
    found = leaning([order(200, 100, 10, 40), order(10, 0, 0, -7)])
    assert found["discount_share_at_last_order"] is None
    assert found["margin_share_change_at_last_order"] == found["discount_share_change_at_last_order"] == 0
    assert found["basket_change_at_last_order"] < 0


def test_of_orders_at_one_second_the_biggest_is_the_last(of_one: OfOne) -> None:
    orders = [order(9, 30), order(9, 50.5), order(9, 40), order(9 + 1 / 86_400, 70)]
    assert of_one({"orders": orders}, AS_OF)["last_order_amount"] == 50.5
    huge = [order(9, 1e12), order(10, 1)]
    assert of_one({"orders": huge}, AS_OF)["last_order_amount"] == 1e12


def test_an_order_at_as_of_is_not_there(of_one: OfOne) -> None:
    assert of_one({"orders": [*ORDERS, order(0, 1e6, 1e6, 1e6)]}, AS_OF) == of_one({"orders": ORDERS}, AS_OF)


def test_the_slope_needs_a_year_of_months(of_one: OfOne) -> None:
    assert of_one({"orders": [order(360, 11)]}, AS_OF)["amount_slope"] == pytest.approx(-11 * 5.5 / 143)
    assert (
        of_one({"orders": [{"ordered_at": ago(360) + timedelta(seconds=1), "amount": 11}]}, AS_OF)[
            "amount_slope"
        ]
        is None
    )


def test_the_contribution_is_the_margin_and_where_it_is_not_known_the_revenue() -> None:
    orders = [order(10, 80, margin=20), order(20, 50, margin=None), order(30, 70, margin=-5)]
    back = [{"return_id": "r", "customer_id": "c", "returned_at": ago(5), "amount": 50.0}]
    found = leaning(orders, returns=back)
    assert found["contribution"] == 20 + 50 - 5
    assert found["contribution_after_returns"] == pytest.approx((20 + 50 - 5) * (1 - 50 / 200))
    assert found["margin_total"] == 15
    without = leaning([{"ordered_at": ago(10), "amount": 80.0}], returns=[{**back[0], "amount": 300.0}])
    assert (without["contribution"], without["contribution_after_returns"]) == (80, 0)
    assert "margin_total" not in without
    gift = leaning([order(10, 0, margin=-5)], returns=[{**back[0], "amount": 0.0}])
    assert (gift["contribution"], gift["contribution_after_returns"]) == (-5, -5)


def test_without_the_revenue_of_the_company_there_is_no_share_of_it() -> None:
    assert leaning(ORDERS, replace(LEANT, revenue_365d=0.0))["revenue_share"] is None


def of_orders() -> list[Feature]:
    """What subscriptions cost has its own file, and its own tests."""
    return [f for f in catalog({}) if f.dimension == "spend" and f not in SPEND]


def test_every_value_is_finite_and_in_its_range(frame: pd.DataFrame) -> None:
    features = of_orders()
    beyond = {
        f.name: (f.low, f.high) for f in features if not frame[f.name].dropna().between(f.low, f.high).all()
    }
    assert beyond == {}
    assert frame[[f.name for f in features]].abs().max().max() < 1e6


def test_models_see_spend_of_nearly_everyone(frame: pd.DataFrame) -> None:
    shown = [f.name for f in of_orders() if f.kind == "number"]
    assert frame[shown].notna().all().all()


@pytest.mark.parametrize("days", [30, 90, 180, 365])
def test_a_window_begins_at_its_first_instant_and_ends_before_as_of(of_one: OfOne, days: int) -> None:
    times = [ago(days) - MICROSECOND, ago(days), AS_OF - MICROSECOND, AS_OF]
    orders = [
        {"ordered_at": time, "amount": amount} for time, amount in zip(times, (1, 20, 300, 4000), strict=True)
    ]
    assert of_one({"orders": orders}, AS_OF)[f"amount_{days}d"] == 320


@pytest.mark.parametrize(("oldest", "newest"), [(180, 90), (365, 180)])
def test_the_windows_before_meet_without_a_gap(of_one: OfOne, oldest: int, newest: int) -> None:
    times = [ago(oldest) - MICROSECOND, ago(oldest), ago(newest) - MICROSECOND, ago(newest)]
    orders = [
        {"ordered_at": time, "amount": amount} for time, amount in zip(times, (1, 20, 300, 4000), strict=True)
    ]
    assert of_one({"orders": orders}, AS_OF)[f"amount_{newest}_to_{oldest}d"] == 320


def test_without_orders_on_one_side_there_is_nothing_to_compare(of_one: OfOne) -> None:
    recent = of_one({"orders": [order(10, 20, 5)]}, AS_OF)
    assert recent["basket_before"] is recent["basket_change"] is recent["discount_change"] is None
    assert recent["discount_share_90d"] == 5 / 25
    old = of_one({"orders": [order(100, 20, 5)]}, AS_OF)
    assert old["basket_90d"] is old["basket_change"] is old["discount_change"] is None
    assert old["discount_share_before"] == 5 / 25
    assert old["amount_90d"] == 0


def test_orders_for_nothing_divide_nothing(of_one: OfOne) -> None:
    found = of_one({"orders": [order(100, 0, 0, 0), order(10, 0, 0, 0)]}, AS_OF)
    assert found["basket_before"] == found["basket_90d"] == 0
    assert found["basket_change"] is found["discount_share_90d"] is found["margin_share_365d"] is None


def test_the_margin_is_compared_with_the_revenue_whose_margin_is_known(of_one: OfOne) -> None:
    orders = [order(10, 80, margin=20), order(20, 500, margin=None), order(400, 100, margin=90)]
    assert of_one({"orders": orders}, AS_OF)["margin_share_365d"] == 20 / 80
    assert of_one({"orders": [order(20, 500, margin=None)]}, AS_OF)["margin_share_365d"] is None


def test_the_median_order_lies_between_the_middle_two(of_one: OfOne) -> None:
    amounts = [10.1, 30.7, 20.2, 1000]
    found = of_one({"orders": [order(day + 1, amount) for day, amount in enumerate(amounts)]}, AS_OF)
    assert found["basket_median"] == pytest.approx((20.2 + 30.7) / 2, rel=1e-12)
    assert of_one({"orders": ORDERS[:1]}, AS_OF)["basket_median"] == 100


def test_many_small_amounts_add_up_exactly(of_one: OfOne) -> None:
    orders = [order(10 + day / 10, 0.1) for day in range(300)]
    assert of_one({"orders": orders}, AS_OF)["amount_total"] == 30.0


RATIOS = {
    "basket": ("amount", "1"),
    "discount_share": ("discount", "amount + discount"),
    "discounted_share": ("(discount > 0)::INT", "1"),
    "margin_share": ("margin", "amount"),
}
"""In SQL: what is divided by what."""


def test_agrees_with_sql(agrees: Callable[[str], None]) -> None:
    windows = {days: f"ordered_at >= as_of - INTERVAL {days} DAY" for days in (30, 90, 180, 365)}
    sums = ", ".join(
        f"coalesce(sum({column}) FILTER ({windows[days]}), 0) AS {column}_{days}d"
        for column, among in (("amount", windows), ("margin", (90, 365)))
        for days in among
    )
    agrees(f"""
        WITH seen AS (
            SELECT *, ordered_at >= as_of - INTERVAL 90 DAY AS recent, 5.5 - ceil(
                    date_diff('second', ordered_at, as_of) / 86400 / 30 - 1) AS month,
                max(ordered_at) OVER (PARTITION BY customer_id, as_of) AS latest
            FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of
        )
        SELECT customer_id, as_of, {sums},
            sum(amount) AS amount_total, sum(margin) AS margin_total,
            coalesce(sum(margin), sum(amount)) AS contribution,
            coalesce(sum(amount) FILTER (ordered_at >= as_of - INTERVAL 365 DAY
                AND ordered_at < as_of - INTERVAL 180 DAY), 0) AS amount_180_to_365d,
            CASE WHEN min(ordered_at) <= as_of - INTERVAL 360 DAY
                THEN coalesce(sum(amount * month) FILTER (month > -6), 0) / 143 END AS amount_slope,
            CASE WHEN min(ordered_at) <= as_of - INTERVAL 360 DAY
                THEN coalesce(sum(margin * month) FILTER (month > -6), 0) / 143 END AS margin_slope,
            max(amount) AS biggest_order,
            max(amount) FILTER (ordered_at = latest) AS last_order_amount,
            avg(amount) AS basket_mean,
            median(amount) AS basket_median,
            avg(amount) FILTER (recent) AS basket_90d,
            avg(amount) FILTER (NOT recent) AS basket_before,
            basket_90d / basket_before AS basket_change,
            sum(discount) FILTER (recent) / sum(amount + discount) FILTER (recent) AS discount_share_90d,
            sum(discount) FILTER (NOT recent) / sum(amount + discount) FILTER (NOT recent)
                AS discount_share_before,
            discount_share_90d - discount_share_before AS discount_change,
            count(*) FILTER (discount > 0) AS discounted_orders,
            sum(margin) FILTER (ordered_at >= as_of - INTERVAL 365 DAY)
                / nullif(sum(amount) FILTER (ordered_at >= as_of - INTERVAL 365 DAY), 0) AS margin_share_365d
        FROM seen GROUP BY customer_id, as_of
    """)


def test_the_last_sign_of_life_agrees_with_sql(agrees: Callable[[str], None]) -> None:
    shares = ", ".join(
        f"sum({part}) FILTER ({side}) / nullif(sum({whole}) FILTER ({side}), 0) AS {name}_{when}_last_order"
        for name, (part, whole) in RATIOS.items()
        if name in ("basket", "discount_share")
        for side, when in (("near", "at"), ("NOT near", "before"))
    )
    agrees(f"""
        WITH seen AS (
            SELECT *, max(ordered_at) OVER (PARTITION BY customer_id, as_of) AS latest
            FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of
        ), placed AS (
            SELECT *, ordered_at >= least(latest + INTERVAL 14 DAY, as_of) - INTERVAL 90 DAY AS near FROM seen
        )
        SELECT customer_id, as_of, {shares} FROM placed GROUP BY customer_id, as_of
    """)


def test_what_models_see_agrees_with_sql(agrees: Callable[[str], None], told: Reference) -> None:
    sides = {"ever": "true", "near": "near", "old": "NOT near"}
    sums = ", ".join(
        f"coalesce(sum({part}) FILTER ({side}), 0)::DOUBLE AS {name}_{key}_part, "
        f"coalesce(sum({whole}) FILTER ({side}), 0)::DOUBLE AS {name}_{key}_whole"
        for name, (part, whole) in RATIOS.items()
        for key, side in sides.items()
    )
    agrees(f"""
        WITH seen AS (
            SELECT *, max(ordered_at) OVER (PARTITION BY customer_id, as_of) AS latest
            FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of
        ), placed AS (
            SELECT *, ordered_at >= least(latest + INTERVAL 14 DAY, as_of) - INTERVAL 90 DAY AS near FROM seen
        ), sums AS (SELECT customer_id, as_of, {sums} FROM placed GROUP BY customer_id, as_of)
        SELECT customer_id, as_of, {", ".join(_leaning(name, told.priors[name]) for name in RATIOS)} FROM sums
    """)


def _leaning(name: str, prior: Prior) -> str:
    def usual(key: str) -> str:
        return f"({name}_{key}_part + {prior.events!r}) / ({name}_{key}_whole + {prior.chances!r})"

    told = f"{usual('ever')} AS usual_{name}"
    if name == "discounted_share":
        return told
    now, before = (f"{name}_{key}_part / nullif({name}_{key}_whole, 0)" for key in ("near", "old"))
    spread = f"1 / nullif({name}_near_whole, 0) + 1 / nullif({name}_old_whole, 0)"
    per = usual("ever") if name == "basket" else "1"
    change = f"coalesce(({now} - {before}) / (1 + {prior.chances!r} * ({spread})), 0) / ({per})"
    return f"{told}, {change} AS {name}_change_at_last_order"
