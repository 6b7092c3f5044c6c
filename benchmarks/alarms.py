"""Early warnings of healthy retailers, which should raise none, and of retailers with a planted trouble.

    python benchmarks/alarms.py [--customers 2000] [--retailers 20] [--planted 5]

A healthy retailer is `amity simulate` with a seed of its own: customers decline one by one, as they do, and
nothing befalls the company. At most one of twenty may raise any alarm. Into some of them a trouble is planted
three months before the assessment:

    service   tickets by phone wait four times as long for their answer
    returns   twice as many orders with wine come back
    price     in Germany two orders of five aren't placed

Each should be the first alarm, in the right place.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from features_data import HOME

from demo.simulate import simulate
from features.indicators.alarms import Alarm, Watch, alarms
from features.indicators.measure import measure
from features.sources import open_source

AS_OF = datetime.fromisoformat("2025-07-01")
SINCE = "TIMESTAMP '2025-04-01'"
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
RETURNS = f"""
    FROM returns UNION ALL BY NAME
    SELECT 'extra-' || order_id AS return_id, order_id, customer_id,
        ordered_at + INTERVAL 10 DAY AS returned_at, amount, 'return' AS kind
    FROM orders SEMI JOIN (FROM order_lines WHERE category = 'wine') USING (order_id)
    ANTI JOIN returns USING (order_id)
    WHERE ordered_at >= {SINCE} AND hash(order_id) % 1000 < 80 AND ordered_at < '{AS_OF}'
"""
LOST = f"""
    SELECT order_id FROM orders JOIN customers USING (customer_id)
    WHERE country = 'DE' AND ordered_at >= {SINCE} AND hash(order_id) % 5 < 2
"""
TROUBLES: Mapping[str, Mapping[str, str]] = {
    "service": {"tickets": SERVICE},
    "returns": {"returns": RETURNS},
    "price": {
        name: f"FROM {name} WHERE order_id IS NULL OR order_id NOT IN ({LOST})"
        for name in ("orders", "order_lines", "returns")
    },
}


def retailer(customers: int, seed: int) -> Path:
    """The tables of a healthy retailer; written where they aren't there yet."""
    folder = HOME / "alarms" / f"retailer-{customers}-{seed}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        simulate(folder, customers=customers, months=MONTHS, seed=seed)
    return folder


def raised(folder: Path) -> list[Alarm]:
    source = open_source(folder)
    try:
        return alarms(measure(source.tables, AS_OF), Watch())
    finally:
        source.backend.disconnect()


def planted(folder: Path, trouble: str, judge: Callable[[Path], list[Alarm]] = raised) -> list[Alarm]:
    """The alarms of the retailer with a trouble."""
    with TemporaryDirectory() as place, duckdb.connect() as connection:
        for file in folder.glob("*.parquet"):
            connection.read_parquet(str(file)).create_view(file.stem)
        for file in folder.glob("*.parquet"):
            query = TROUBLES[trouble].get(file.stem, f"FROM {file.stem}")
            connection.execute(f"COPY ({query}) TO '{place}/{file.name}'")
        return judge(Path(place))


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
    asked = parser.parse_args()
    folders = [retailer(asked.customers, 101 + at) for at in range(asked.retailers)]
    false = 0
    for folder in folders:
        found = raised(folder)
        false += bool(found)
        if found:
            print(f"  {folder.name}: {told(found)}")
    print(
        f"{false} of {len(folders)} healthy retailers of {asked.customers:,} customers raise an alarm",
        flush=True,
    )
    for trouble in TROUBLES:
        for folder in folders[: asked.planted]:
            print(f"  {trouble:<8} {folder.name}: {told(planted(folder, trouble))}", flush=True)


if __name__ == "__main__":
    main()
