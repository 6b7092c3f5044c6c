"""Product by hand and by SQL."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from features.build import build, catalog
from features.lines import Lines
from features.priors import Prior
from features.reference import Reference

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)
PRIORS = {
    "basket": Prior(100.0, 2.0),
    "return_rate": Prior(1.0, 10.0),
    "exchange_rate": Prior(0.5, 10.0),
    "categories_per_order": Prior(6.0, 3.0),
    "lines_per_order": Prior(9.0, 2.0),
    "favourite_share": Prior(2.0, 5.0),
    "new_category_share": Prior(1.0, 5.0),
}
LINES = Lines(216, (100_000, 200_000), {"coats": (300_000, 400_000), "shoes": (150_000, 250_000)})
"""Quarter 217 begins on 2024-01-25, quarter 218 on 2024-04-25."""
REFERENCE = Reference(typical_gap_days=30.0, return_share=0.1, priors=PRIORS, lines=LINES)
Rows = dict[str, list[dict[str, Any]]]
Ask = Callable[[Rows], dict[str, Any]]


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


@pytest.fixture(scope="module")
def ask(bench: Any) -> Ask:
    """Rows by table → the product features of the one customer «c»; keys that aren't given are made up."""
    names = [f.name for f in catalog(bench.tables) if f.dimension == "product"]
    query = bench.prepare("product", build(bench.tables, bench.snapshots, REFERENCE, only=names))

    def ask(rows: Rows) -> dict[str, Any]:
        bench.fill(rows, [("c", AS_OF)])
        return dict(bench.ask(query)["c", AS_OF])

    return ask


def bought(number: int, time: datetime, *lines: str) -> dict[str, Any]:
    """An order with its lines, each a product and a category, or a product alone."""
    pairs = [line.partition(" ") for line in lines]
    return {
        "order": {"order_id": f"o{number}", "customer_id": "c", "ordered_at": time, "amount": 100.0},
        "lines": [
            {"order_id": f"o{number}", "product_id": product, "category": category or None}
            for product, _, category in pairs
        ],
    }


def returned(time: datetime, amount: float, order: str | None = None, kind: str | None = None) -> Any:
    return {"customer_id": "c", "returned_at": time, "amount": amount, "order_id": order, "kind": kind}


def tables(*purchases: dict[str, Any], back: Sequence[Any] = ()) -> Rows:
    return {
        "orders": [purchase["order"] for purchase in purchases],
        "order_lines": [line for purchase in purchases for line in purchase["lines"]],
        "returns": [row | {"return_id": f"r{number}"} for number, row in enumerate(back)],
    }


# The last order is 50 days old: the windows up to it end 36 days ago, and begin 66 and 126 days ago.
PURCHASES = [
    bought(1, ago(400), "p1 shoes", "p2 hats"),
    bought(2, ago(300), "p1 shoes"),
    bought(3, ago(120), "p3 coats", "p4 coats", "p5"),
    bought(4, ago(50), "p1 shoes", "p1 shoes", "p6"),
]
BACK = [
    returned(ago(390), 7.0, "o1", "return"),
    returned(ago(200), 30.0, "o2", "exchange"),
    returned(ago(100), 20.5, "o3"),
    returned(ago(40), 10.0, "o4", "exchange"),
    returned(ago(20), 2.5),
]


def test_returns_by_hand(ask: Ask) -> None:
    found = ask(tables(*PURCHASES, back=BACK))
    expected = {
        "returns": 5,
        "returns_30d": 1,
        "returns_90d": 2,
        "returns_180d": 3,
        "returns_365d": 4,
        "returns_before": 3,
        "orders_before": 3,
        "return_rate_90d": (2 + 1) / (1 + 10),
        "return_rate_365d": (4 + 1) / (3 + 10),
        "return_rate_before": (3 + 1) / (3 + 10),
        "return_rate_change": (2 + 1) / (1 + 10) - (3 + 1) / (3 + 10),
        "returned_90d": 12.5,
        "returned_365d": 63,
        "returned_total": 70,
        "days_since_return": 20,
        "returns_of_last_order": 1,
        "exchanges_365d": 2,
        "exchange_rate_365d": (2 + 0.5) / (3 + 10),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert found["last_return_at"] == ago(20)


def test_money_returned_by_hand(ask: Ask) -> None:
    """Ten orders of 50 stand behind the rate, of which a tenth, one return of 50, came back."""
    found = ask(tables(*PURCHASES, back=BACK))
    assert found["returned_share_365d"] == pytest.approx((63 + 50) / (300 + 500), rel=1e-12)


def test_lines_by_hand(ask: Ask) -> None:
    found = ask(tables(*PURCHASES))
    expected = {
        "categories": 3,
        "categories_90d": 1,
        "categories_365d": 2,
        "categories_90_to_180d": 1,
        "categories_per_order_365d": (1 + 1 + 1 + 6) / (3 + 3),
        "new_category_share_365d": (1 + 1) / (5 + 5),
        "favourite_share": (4 + 2) / (7 + 5),
        "lines_per_order_365d": (1 + 3 + 3 + 9) / (3 + 2),
        "line_churn_365d": (0.4 + 0.4 + 0.25 + 0.25) / 4,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)


def test_the_state_at_the_last_order_by_hand(ask: Ask) -> None:
    found = ask(tables(*PURCHASES, back=BACK))
    expected = {
        "returns_at_last_order": 2,
        "returns_before_last_order": 2,
        "return_rate_at_last_order": (2 + 1) / (2 + 10),
        "return_rate_change_at_last_order": (2 + 1) / (2 + 10) - (2 + 1) / (2 + 10),
        "categories_per_order_at_last_order": (1 + 1 + 6) / (2 + 3),
        "categories_per_order_change_at_last_order": (2 - 3) / (2 + 3),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12, abs=1e-15)


def test_who_only_ordered_has_the_rates_of_the_population(ask: Ask) -> None:
    found = ask(tables(bought(1, ago(10), "p1")))
    return_rate, per_order = {True: 1 / 11, False: 1 / 10}, {True: 6 / 4, False: 6 / 3}
    expected: dict[str, Any] = dict.fromkeys(found, 0) | {
        **{f"return_rate_{window}": return_rate[True] for window in ("90d", "365d", "at_last_order")},
        "return_rate_before": return_rate[False],
        **{
            f"return_rate_{change}": return_rate[True] - return_rate[False]
            for change in ("change", "change_at_last_order")
        },
        **{f"categories_per_order_{window}": per_order[True] for window in ("365d", "at_last_order")},
        "categories_per_order_change_at_last_order": per_order[True] - per_order[False],
        "exchange_rate_365d": 0.5 / 11,
        "returned_share_365d": 50 / 600,
        "favourite_share": 2 / 5,
        "new_category_share_365d": 1 / 5,
        "lines_per_order_365d": 10 / 3,
    }
    missing = {"days_since_return", "last_return_at", "line_churn_365d", "subscriptions_change_365d"}
    assert {name for name, value in found.items() if value is None} == missing
    numbers = {name: value for name, value in expected.items() if name not in missing}
    assert {name: found[name] for name in numbers} == pytest.approx(numbers, rel=1e-12)


def test_one_return_of_one_order_is_not_a_rate_of_one(ask: Ask) -> None:
    found = ask(tables(bought(1, ago(10), "p1 shoes"), back=[returned(ago(5), 100.0, "o1", "return")]))
    assert found["return_rate_90d"] == pytest.approx(2 / 11)
    assert found["returned_share_365d"] == pytest.approx((100 + 50) / (100 + 500))
    assert found["favourite_share"] == pytest.approx((1 + 2) / (1 + 5))
    assert found["new_category_share_365d"] == pytest.approx((1 + 1) / (1 + 5))


def test_without_priors_a_rate_is_that_of_the_raw_counts(of_one: Callable[..., dict[str, Any]]) -> None:
    found = of_one(tables(*PURCHASES, back=BACK), AS_OF)
    raw = {
        "return_rate_365d": 4 / 3,
        "returned_share_365d": 63 / 300,
        "favourite_share": 4 / 7,
        "lines_per_order_365d": 7 / 3,
    }
    assert {name: found[name] for name in raw} == pytest.approx(raw, rel=1e-12)


@pytest.mark.parametrize("days", [30, 90, 180, 365])
def test_a_window_begins_at_its_first_instant_and_ends_before_as_of(ask: Ask, days: int) -> None:
    times = [ago(days) - MICROSECOND, ago(days), AS_OF - MICROSECOND, AS_OF]
    back = [
        returned(time, amount, kind="exchange")
        for time, amount in zip(times, (1, 20, 300, 4000), strict=True)
    ]
    found = ask(tables(bought(1, ago(500), "p1 shoes"), back=back))
    assert found[f"returns_{days}d"] == 2
    assert found["returns"] == 3
    assert found["returned_total"] == 321
    if days in (90, 365):
        assert found[f"returned_{days}d"] == 320
    if days == 365:
        assert found["exchanges_365d"] == 2


def test_lines_count_at_the_time_of_their_order(ask: Ask) -> None:
    purchases = [
        bought(1, ago(180) - MICROSECOND, "p1 a"),
        bought(2, ago(180), "p2 b"),
        bought(3, ago(90) - MICROSECOND, "p3 c"),
        bought(4, ago(90), "p4 d"),
        bought(5, AS_OF - MICROSECOND, "p5 e"),
        bought(6, AS_OF, "p6 f", "p7 g"),
    ]
    found = ask(tables(*purchases))
    assert found["categories"] == 5
    assert found["categories_90_to_180d"] == found["categories_90d"] == 2
    assert found["lines_per_order_365d"] == (5 + 9) / (5 + 2)


def test_the_windows_up_to_the_last_order_end_fourteen_days_after_it(ask: Ask) -> None:
    last, end = ago(300), ago(286)
    times = [
        end - timedelta(days=90) - MICROSECOND,
        end - timedelta(days=90),
        end - timedelta(seconds=1),
        end,
    ]
    found = ask(tables(bought(1, last, "p1 shoes"), back=[returned(time, 1.0) for time in times]))
    assert found["returns_at_last_order"] == 2
    assert found["returns_before_last_order"] == 1


def test_a_return_of_the_last_order_counts_however_late_it_comes(ask: Ask) -> None:
    purchases = [bought(1, ago(300), "p1 a"), bought(2, ago(200), "p1 a")]
    back = [returned(ago(10), 1.0, "o2"), returned(ago(9), 1.0, "o1"), returned(ago(8), 1.0)]
    found = ask(tables(*purchases, back=back))
    assert found["returns_of_last_order"] == 1


@pytest.mark.parametrize("order", [None, "nobody's", "o2", "o3"])
def test_a_return_of_an_order_that_is_not_known_belongs_to_none(ask: Ask, order: str | None) -> None:
    """An order that came after the return, or that isn't there yet, or is somebody else's."""
    rows = tables(
        bought(1, ago(300), "p1 a"),
        bought(2, AS_OF + timedelta(days=1), "p1 a"),
        back=[returned(ago(10), 1.0, order)],
    )
    rows["orders"].append({"order_id": "o3", "customer_id": "d", "ordered_at": ago(20), "amount": 1.0})
    found = ask(rows)
    assert found["returns"] == 1
    assert found["returns_of_last_order"] == 0


def test_categories_in_an_order_do_not_grow_with_the_number_of_orders(ask: Ask) -> None:
    lines = ("p1 a", "p2 b", "p3 b")
    many = ask(tables(*(bought(day, ago(day), *lines) for day in range(1, 61))))
    few = ask(tables(bought(1, ago(10), *lines), bought(2, ago(400), *lines)))
    assert many["categories_per_order_365d"] == (2 * 60 + 6) / (60 + 3)
    assert few["categories_per_order_365d"] == few["categories_per_order_at_last_order"] == 2
    assert few["categories_per_order_change_at_last_order"] == 0


def test_two_favourites_share_and_lines_of_no_category_count_for_none(ask: Ask) -> None:
    found = ask(tables(bought(1, ago(20), "p1 a", "p2 b", "p3"), bought(2, ago(10), "p1 b", "p2 a", "p3")))
    assert found["favourite_share"] == (2 + 2) / (4 + 5)


def test_lines_of_the_same_moment_but_for_an_instant_never_look_ahead(bench: Any) -> None:
    """The order of a moment later, within the second, is not there for a snapshot in between."""
    moment = ago(10).replace(microsecond=400_000)
    names = ["categories", "new_category_share_365d", "favourite_share"]
    query = bench.prepare("instant", build(bench.tables, bench.snapshots, REFERENCE, only=names))
    now, later = bought(1, moment, "p1 a"), bought(2, moment.replace(microsecond=600_000), "p1 a")
    snapshots = [("c", moment.replace(microsecond=500_000))]
    found = []
    for purchases in ([now], [now, later], [later, now]):
        bench.fill(tables(*purchases), snapshots)
        found.append(bench.ask(query))
    assert found[0] == found[1] == found[2]
    assert found[0][snapshots[0]] == {
        "categories": 1.0,
        "new_category_share_365d": (1 + 1) / (1 + 5),
        "favourite_share": 0.5,
    }


def test_a_line_bears_the_rate_known_when_its_quarter_began(ask: Ask) -> None:
    quarter = datetime.fromisoformat("2024-01-25")
    churn = {
        quarter: ("shoes", 0.25),
        quarter - MICROSECOND: ("shoes", 0.15),
        quarter + timedelta(days=91): ("coats", 0.4),
        quarter + timedelta(days=1): ("gloves", 0.2),
        quarter - timedelta(days=91): ("gloves", 0.1),
    }
    for time, (category, own) in churn.items():
        found = ask(tables(bought(1, time, f"p1 {category}")))
        assert found["line_churn_365d"] == pytest.approx(own)
    for time, line in ((quarter - timedelta(days=91) - MICROSECOND, "p1 shoes"), (quarter, "p1")):
        found = ask(tables(bought(1, time, line)))
        assert found["line_churn_365d"] is None


def test_without_categories_or_kinds_or_order_ids_their_features_are_gone(bench: Any) -> None:
    less = {
        **bench.tables,
        "order_lines": bench.tables["order_lines"].drop("category"),
        "returns": bench.tables["returns"].drop("kind", "order_id"),
    }
    there, left = ({f.name for f in catalog(t).available(t)} for t in (bench.tables, less))
    gone = there - left
    assert {"line_churn_365d", "favourite_share", "exchange_rate_365d", "returns_of_last_order"} <= gone
    words = ("categor", "exchange", "line_churn", "favourite_share", "returns_of_last")
    assert all(any(word in name for word in words) for name in gone)
    assert {"return_rate_365d", "lines_per_order_365d"} <= left
    assert left - there == {"products_90d", "products_90_to_180d"}
    build(less, bench.snapshots, REFERENCE)


def test_without_categories_different_products_are_counted(bench: Any) -> None:
    less = {**bench.tables, "order_lines": bench.tables["order_lines"].drop("category")}
    names = ["products_90d", "products_90_to_180d"]
    query = bench.prepare("products", build(less, bench.snapshots, REFERENCE, only=names))
    at_edges = [
        bought(1, ago(180) - MICROSECOND, "p1"),
        bought(2, ago(180), "p2"),
        bought(3, ago(90) - MICROSECOND, "p2", "p3"),
        bought(4, ago(90), "p2"),
        bought(5, AS_OF - MICROSECOND, "p2", "p5"),
        bought(6, AS_OF, "p6", "p7"),
    ]
    for purchases, recent, before in ((PURCHASES, 2, 3), (at_edges, 2, 2)):
        bench.fill(tables(*purchases), [("c", AS_OF)])
        assert bench.ask(query)["c", AS_OF] == {"products_90d": recent, "products_90_to_180d": before}


def test_every_feature_lies_in_its_range(frame: pd.DataFrame) -> None:
    for feature in catalog({}):
        if feature.dimension == "product" and feature.unit != "date" and feature.name in frame:
            values = frame[feature.name].dropna().astype(float)
            assert len(values) > 50, feature.name
            assert values.between(feature.low, feature.high).all(), feature.name
            assert values.abs().max() < 1e9, feature.name


def rate(told: Reference, name: str, events: str, chances: str) -> str:
    prior = told.prior(name)
    return f"(coalesce({events}, 0) + {prior.events!r}) / (coalesce({chances}, 0) + {prior.chances!r})"


RETURNS = """
    WITH ordered AS (
        SELECT customer_id, as_of, ordered_at, order_id, amount,
            least(as_of, max(ordered_at) OVER one + INTERVAL 14 DAY) AS rest,
            max(ordered_at) OVER one AS last
        FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of
        WINDOW one AS (PARTITION BY customer_id, as_of)
    ), sold AS (
        SELECT customer_id, as_of, any_value(rest) AS rest, any_value(last) AS last, count(*) AS orders,
            count(*) FILTER (ordered_at >= rest - INTERVAL 90 DAY) AS orders_at_last,
            count(*) FILTER (ordered_at >= as_of - INTERVAL 90 DAY) AS orders_90d,
            count(*) FILTER (ordered_at >= as_of - INTERVAL 365 DAY) AS orders_365d,
            coalesce(sum(amount) FILTER (ordered_at >= as_of - INTERVAL 365 DAY), 0) AS spent_365d
        FROM ordered GROUP BY customer_id, as_of
    ), back AS (
        SELECT customer_id, as_of, kind, returned_at, r.amount, rest, last, o.ordered_at AS bought,
            returned_at >= as_of - INTERVAL 30 DAY AS d30, returned_at >= as_of - INTERVAL 90 DAY AS d90,
            returned_at >= as_of - INTERVAL 180 DAY AS d180, returned_at >= as_of - INTERVAL 365 DAY AS d365,
            returned_at < rest AS inside, returned_at >= rest - INTERVAL 90 DAY AS recent
        FROM sold JOIN returns AS r USING (customer_id) LEFT JOIN orders AS o USING (order_id, customer_id)
        WHERE returned_at < as_of
    ), counted AS (
        SELECT customer_id, as_of, count(*) AS n, count(*) FILTER (d30) AS n_30d,
            count(*) FILTER (d90) AS n_90d, count(*) FILTER (d180) AS n_180d,
            count(*) FILTER (d365) AS n_365d,
            sum(amount) AS total, coalesce(sum(amount) FILTER (d90), 0) AS total_90d,
            coalesce(sum(amount) FILTER (d365), 0) AS total_365d,
            max(returned_at) AS latest, count(*) FILTER (kind = 'exchange' AND d365) AS x_365d,
            count(*) FILTER (inside AND recent) AS at_last,
            count(*) FILTER (inside AND NOT recent) AS before_last,
            count(*) FILTER (bought = last) AS of_last
        FROM back GROUP BY customer_id, as_of
    )
"""


def test_returns_agree_with_sql(agrees: Callable[[str], None], told: Reference) -> None:
    def of(events: str, chances: str, name: str = "return_rate") -> str:
        return rate(told, name, events, chances)

    before = of("n - n_90d", "orders - orders_90d")
    at_last = of("at_last", "orders_at_last")
    before_last = of("before_last", "orders - orders_at_last")
    agrees(f"""{RETURNS}
        SELECT customer_id, as_of, coalesce(n, 0) AS returns, coalesce(n_30d, 0) AS returns_30d,
            coalesce(n_90d, 0) AS returns_90d, coalesce(n_180d, 0) AS returns_180d,
            coalesce(n_365d, 0) AS returns_365d, coalesce(n - n_90d, 0) AS returns_before,
            orders - orders_90d AS orders_before,
            latest AS last_return_at, date_diff('second', latest, as_of) / 86400 AS days_since_return,
            {of("n_90d", "orders_90d")} AS return_rate_90d,
            {of("n_365d", "orders_365d")} AS return_rate_365d, {before} AS return_rate_before,
            return_rate_90d - return_rate_before AS return_rate_change,
            coalesce(of_last, 0) AS returns_of_last_order,
            coalesce(at_last, 0) AS returns_at_last_order,
            coalesce(before_last, 0) AS returns_before_last_order,
            {at_last} AS return_rate_at_last_order,
            {at_last} - {before_last} AS return_rate_change_at_last_order
        FROM sold LEFT JOIN counted USING (customer_id, as_of)
    """)


def test_exchanges_agree_with_sql(agrees: Callable[[str], None], told: Reference) -> None:
    agrees(f"""{RETURNS}
        SELECT customer_id, as_of, coalesce(x_365d, 0) AS exchanges_365d,
            {rate(told, "exchange_rate", "x_365d", "orders_365d")} AS exchange_rate_365d
        FROM sold LEFT JOIN counted USING (customer_id, as_of)
    """)


def test_money_returned_agrees_with_sql(agrees: Callable[[str], None], told: Reference) -> None:
    returns, basket = told.prior("return_rate"), told.prior("basket")
    typical = basket.events / basket.chances
    a_return = told.return_share * typical * returns.chances / returns.events
    back = f"coalesce(total_365d, 0) + {returns.events * a_return!r}"
    agrees(f"""{RETURNS}
        SELECT customer_id, as_of, coalesce(total, 0) AS returned_total,
            coalesce(total_90d, 0) AS returned_90d, coalesce(total_365d, 0) AS returned_365d,
            ({back}) / (spent_365d + {returns.chances * typical!r}) AS returned_share_365d
        FROM sold LEFT JOIN counted USING (customer_id, as_of)
    """)


LINES_SQL = """
    WITH ordered AS (
        SELECT customer_id, as_of, order_id, ordered_at,
            least(as_of, max(ordered_at) OVER (PARTITION BY customer_id, as_of) + INTERVAL 14 DAY)
                - INTERVAL 90 DAY AS since
        FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of
    ), line AS (
        SELECT *, ordered_at >= as_of - INTERVAL 90 DAY AS d90,
            ordered_at >= as_of - INTERVAL 180 DAY AS d180,
            ordered_at >= as_of - INTERVAL 365 DAY AS d365, ordered_at >= since AS recent,
            (order_id, category) AS choice,
            min(ordered_at) OVER (PARTITION BY customer_id, as_of, category) AS first_at
        FROM ordered JOIN order_lines USING (order_id)
    ), sold AS (
        SELECT customer_id, as_of, count(*) AS orders, count(*) FILTER (ordered_at >= since) AS n_last,
            count(*) FILTER (ordered_at >= as_of - INTERVAL 365 DAY) AS n_365d
        FROM ordered GROUP BY customer_id, as_of
    ), favourite AS (
        SELECT customer_id, as_of, max(n) AS most FROM (
            SELECT customer_id, as_of, category, count(*) AS n FROM line GROUP BY ALL
        ) GROUP BY ALL
    ), counted AS (
        SELECT customer_id, as_of, count(*) AS lines, count(*) FILTER (d365) AS lines_365d,
            count(DISTINCT category) AS c, count(DISTINCT category) FILTER (d90) AS c_90d,
            count(DISTINCT category) FILTER (d365) AS c_365d,
            count(DISTINCT category) FILTER (d180 AND NOT d90) AS c_before,
            count(DISTINCT category) FILTER (first_at >= as_of - INTERVAL 365 DAY) AS new_365d,
            count(DISTINCT choice) AS o, count(DISTINCT choice) FILTER (d365) AS o_365d,
            count(DISTINCT choice) FILTER (recent) AS o_last
        FROM line GROUP BY customer_id, as_of
    )
"""


def test_lines_agree_with_sql(agrees: Callable[[str], None], told: Reference) -> None:
    def of(events: str, chances: str) -> str:
        return rate(told, "categories_per_order", events, chances)

    agrees(f"""{LINES_SQL}
        SELECT customer_id, as_of, c AS categories, c_90d AS categories_90d,
            c_365d AS categories_365d, c_before AS categories_90_to_180d,
            {of("o_365d", "n_365d")} AS categories_per_order_365d,
            {of("o_last", "n_last")} AS categories_per_order_at_last_order,
            categories_per_order_at_last_order - {of("o - o_last", "orders - n_last")}
                AS categories_per_order_change_at_last_order,
            {rate(told, "new_category_share", "new_365d", "lines_365d")} AS new_category_share_365d,
            {rate(told, "favourite_share", "most", "lines")} AS favourite_share,
            {rate(told, "lines_per_order", "lines_365d", "n_365d")} AS lines_per_order_365d
        FROM sold JOIN counted USING (customer_id, as_of) JOIN favourite USING (customer_id, as_of)
    """)


def test_the_churn_of_lines_agrees_with_sql(agrees: Callable[[str], None], told: Reference) -> None:
    lines = told.lines
    values = ", ".join(
        f"('{name}', {quarter}, {churn / 1e6!r})"
        for name, churns in lines.churn.items()
        for quarter, churn in enumerate(churns, lines.first)
    )
    newest = lines.first + len(lines.overall) - 1
    agrees(f"""
        WITH known(category, quarter, churn) AS (VALUES {values}), line AS (
            SELECT customer_id, as_of, category,
                least({newest}, epoch(ordered_at)::BIGINT // 86400 // 91) AS quarter
            FROM snap JOIN orders USING (customer_id) JOIN order_lines USING (order_id)
            WHERE ordered_at < as_of AND ordered_at >= as_of - INTERVAL 365 DAY
        ), mean AS (
            SELECT customer_id, as_of, avg(churn) AS churn
            FROM line JOIN known USING (category, quarter) GROUP BY customer_id, as_of
        )
        SELECT customer_id, as_of, churn AS line_churn_365d
        FROM snap LEFT JOIN mean USING (customer_id, as_of)
    """)
