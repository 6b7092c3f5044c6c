"""Early warnings of healthy retailers, which should raise none, and of retailers with a planted trouble.

    python benchmarks/alarms.py [--customers 2000] [--retailers 20] [--planted 5] [--seed 101]

A healthy retailer is `amity simulate` with a seed of its own: customers decline one by one, as they do, and
nothing befalls the company. At most one of twenty may raise any alarm. Into some of them a trouble is planted
three months before the assessment:

    service   tickets by phone wait four times as long for their answer; of the customers who so wait for more
              than a day, one in eight leaves: it costs what they brought in in the twelve months before
    returns   orders with wine come back twice as often as in the year before: it costs their amounts
    price     in Germany two orders of five aren't placed: it costs their amounts

Each should be the first weak point, in the right place, since the right month (within the months told), with
its money within its interval.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd
from features_data import HOME

from demo.simulate import simulate
from features.indicators.alarms import Alarm, Watch, alarms
from features.indicators.clumps import clumps
from features.indicators.measure import Measured, measure
from features.indicators.weak_points import ranked
from features.indicators.worth import priced
from features.snapshots import before
from features.sources import open_source

AS_OF = datetime.fromisoformat("2025-07-01")
SINCE = "TIMESTAMP '2025-04-01'"
PLANTED = datetime.fromisoformat("2025-04-01")
MONTHS = 30

SERVICE = f"""
    SELECT * REPLACE (
        CASE WHEN channel = 'phone' AND opened_at >= {SINCE}
        THEN opened_at + 4 * (first_response_at - opened_at) ELSE first_response_at END AS first_response_at,
        CASE WHEN channel = 'phone' AND opened_at >= {SINCE}
        THEN resolved_at + 3 * (first_response_at - opened_at) ELSE resolved_at END AS resolved_at,
        CASE WHEN channel = 'phone' AND opened_at >= {SINCE} AND reopened_at IS NOT NULL
        THEN reopened_at + 3 * (first_response_at - opened_at) ELSE reopened_at END AS reopened_at)
    FROM tickets
"""
EXTRA = f"""
    WITH wine AS (
        SELECT *, ordered_at + INTERVAL 10 DAY AS at_home, order_id IN (SELECT order_id FROM returns) AS back
        FROM orders SEMI JOIN (FROM order_lines WHERE category = 'wine') USING (order_id)
    ), usual AS (
        SELECT avg(back::int) AS rate FROM wine
        WHERE ordered_at >= {SINCE} - INTERVAL 1 YEAR AND ordered_at < {SINCE}
    )
    SELECT 'extra-' || order_id AS return_id, order_id, customer_id, at_home AS returned_at, amount,
        'return' AS kind
    FROM wine WHERE NOT back AND at_home >= {SINCE} AND at_home < '{AS_OF}'
    QUALIFY row_number() OVER (ORDER BY hash(order_id)) <= (
        SELECT round(rate * count(*)) FROM wine, usual
        WHERE at_home >= {SINCE} AND at_home < '{AS_OF}' GROUP BY rate)
"""
RETURNS = f"FROM returns UNION ALL BY NAME ({EXTRA})"
LOST = f"""
    SELECT order_id FROM orders JOIN customers USING (customer_id)
    WHERE country = 'DE' AND ordered_at >= {SINCE} AND hash(order_id) % 5 < 2
"""
LEFT = f"""
    SELECT customer_id, min(opened_at) AS left_at FROM tickets
    WHERE channel = 'phone' AND opened_at >= {SINCE} AND hash(customer_id) % 8 = 0
        AND first_response_at - opened_at BETWEEN INTERVAL 6 HOUR AND INTERVAL 24 HOUR
    GROUP BY customer_id
"""
GONE = f"SELECT order_id FROM orders JOIN ({LEFT}) USING (customer_id) WHERE ordered_at >= left_at"


def without(orders: str) -> dict[str, str]:
    """The tables without some orders."""
    return {
        name: f"FROM {name} WHERE order_id IS NULL OR order_id NOT IN ({orders})"
        for name in ("orders", "order_lines", "returns")
    }


@dataclass(frozen=True)
class Trouble:
    """`tables`: what replaces them. `costs`: a query of the true money. `dimension`, `place`: where it is."""

    tables: Mapping[str, str]
    costs: str
    dimension: str
    place: tuple[str, str]


YEAR_BEFORE = f"ordered_at >= {SINCE} - INTERVAL 1 YEAR AND ordered_at < {SINCE}"
TROUBLES = {
    "service": Trouble(
        {"tickets": SERVICE, **without(GONE)},
        f"SELECT sum(amount) FROM orders SEMI JOIN ({LEFT}) USING (customer_id) WHERE {YEAR_BEFORE}",
        "service",
        ("ticket_channel", "phone"),
    ),
    "returns": Trouble(
        {"returns": RETURNS},
        f"SELECT sum(amount) FROM ({EXTRA})",
        "product",
        ("category", "wine"),
    ),
    "price": Trouble(
        without(LOST),
        f"SELECT sum(amount) FROM orders WHERE order_id IN ({LOST}) AND ordered_at < '{AS_OF}'",
        "rhythm",
        ("country", "DE"),
    ),
}


def retailer(customers: int, seed: int) -> Path:
    """The tables of a healthy retailer; written where they aren't there yet."""
    folder = HOME / "alarms" / f"retailer-{customers}-{seed}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        simulate(folder, customers=customers, months=MONTHS, seed=seed)
    return folder


def raised(folder: Path) -> tuple[list[Alarm], Measured]:
    source = open_source(folder)
    try:
        measured = measure(source.tables, AS_OF)
        known, watch = before(source.tables, AS_OF), Watch()
        clumped = clumps(known, measured, watch.indicators)
        return priced(alarms(measured, watch, clumped), measured, known), measured
    finally:
        source.backend.disconnect()


def planted(folder: Path, trouble: Trouble) -> tuple[pd.DataFrame, float]:
    """The weak points of the retailer with a trouble, and what that truly costs."""
    with TemporaryDirectory() as place, duckdb.connect() as connection:
        for file in folder.glob("*.parquet"):
            connection.read_parquet(str(file)).create_view(file.stem)
        for file in folder.glob("*.parquet"):
            query = trouble.tables.get(file.stem, f"FROM {file.stem}")
            connection.execute(f"COPY ({query}) TO '{place}/{file.name}'")
        costs = connection.sql(trouble.costs).fetchone()
        return ranked(*raised(Path(place))), float((costs or (0.0,))[0] or 0.0)


def verdict(found: pd.DataFrame, costs: float, trouble: Trouble) -> tuple[tuple[bool, ...], str]:
    """Whether the first weak point is in the right place, month and money; and what it says."""
    if found.empty:
        return (False, False, False), "nothing found"
    first = found.iloc[0].to_dict()
    right = first["weak_point"] == trouble.dimension and (first["breakdown"], first["value"]) == trouble.place
    month = first["since_earliest"] <= PLANTED <= first["since_latest"]
    known = pd.notna(first["money"])
    money = known and first["low"] <= costs <= first["high"]
    says = f"{first['weak_point']} of {first['breakdown']} {first['value']}"
    says += f" since {first['since']:%Y-%m} ({first['since_earliest']:%m} to {first['since_latest']:%m})"
    if known:
        says += f", {first['money']:,.0f} ({first['low']:,.0f} to {first['high']:,.0f}), truly {costs:,.0f}"
    return (bool(right), bool(right and month), bool(right and money)), says


def told(found: list[Alarm]) -> str:
    lines = (
        f"{one.indicator.name} of {one.breakdown} {one.value} since {one.since:%Y-%m}:"
        f" {one.figure:.4g} for {one.expected or 0:.4g}, p {one.p or 0:.0e}"
        + (f", {one.cause[2]:.0%} of it of {one.cause[0]} {one.cause[1]}" if one.cause else "")
        for one in found
    )
    return "; ".join(lines) or "none"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--retailers", type=int, default=20)
    parser.add_argument("--planted", type=int, default=5, help="retailers that each trouble is planted into")
    parser.add_argument("--seed", type=int, default=101, help="of the first retailer")
    parser.add_argument("--troubles", nargs="+", choices=TROUBLES, default=list(TROUBLES))
    asked = parser.parse_args()
    folders = [retailer(asked.customers, asked.seed + at) for at in range(asked.retailers)]
    false = 0
    for folder in folders:
        found, _ = raised(folder)
        false += bool(found)
        if found:
            print(f"  {folder.name}: {told(found)}")
    print(
        f"{false} of {len(folders)} healthy retailers of {asked.customers:,} customers raise an alarm",
        flush=True,
    )
    for name in asked.troubles:
        trouble, right = TROUBLES[name], []
        for folder in folders[: asked.planted]:
            judged, says = verdict(*planted(folder, trouble), trouble)
            right.append(judged)
            print(f"  {name:<8} {folder.name}: {says}", flush=True)
        first, month, money = (sum(column) for column in zip(*right, strict=True))
        print(
            f"{name}: first weak point {first} of {len(right)}, month right {month}, money within {money}",
            flush=True,
        )


if __name__ == "__main__":
    main()
