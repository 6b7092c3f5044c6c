"""The features of one customer, and of a hundred, computed from raw events as a request carries them.

    python benchmarks/features_live.py [--requests 200] [--events 200]

A request brings the newest events of each of its customers as lists of rows, with times as texts, as JSON has
them: orders and their lines, returns, tickets, surveys, engagement and contacts together, beside the row of
`customers`. The customers come from the simulated retailer: active, and with at least so many events. Prints
median, p99 and slowest after ten requests that warm up, and apart from them the first, which compiles. CPU is
the processors' time of all threads, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
from features_data import folder

if TYPE_CHECKING:
    from features.reference import Reference

ORDERS = 100_000
CROWD = 100
POOL = 500
LOOKBACK_DAYS = 365
WARM_UP = 10
TIMES = {
    "orders": "ordered_at",
    "returns": "returned_at",
    "tickets": "opened_at",
    "surveys": "responded_at",
    "engagement": "occurred_at",
    "contacts": "sent_at",
}
TABLES = ("orders", "order_lines", "returns", "tickets", "surveys", "engagement", "contacts")
"""Of events at the same moment the earlier table's are the newer ones: no line comes without its order."""

Row = dict[str, Any]
Events = dict[str, list[Row]]


def learnt(path: Path) -> tuple[Reference, datetime]:
    """The reference of the whole retailer, and the day as of which the requests ask."""
    from features.reference import reference
    from features.snapshots import latest_as_of
    from features.sources import open_source

    tables = open_source(path).tables
    day = latest_as_of(tables, datetime(2100, 1, 1))  # noqa: DTZ001 (times bear no zone)
    return reference(tables, day), day


def events_of(path: Path, name: str) -> str:
    """The rows of a table with the customer and the time of each."""
    if name == "order_lines":
        lines = f"'{path}/order_lines.parquet' l JOIN '{path}/orders.parquet' o USING (order_id)"
        return f"SELECT l.*, o.customer_id AS whose, o.ordered_at AS since FROM {lines}"
    return f"SELECT *, customer_id AS whose, {TIMES[name]} AS since FROM '{path}/{name}.parquet'"


def customers(path: Path, events: int, day: datetime) -> list[str]:
    """The active customers with at least so many events."""
    each = " UNION ALL ".join(f"SELECT whose FROM ({events_of(path, name)})" for name in TABLES)
    found = duckdb.execute(
        f"SELECT whose FROM ({each}) WHERE whose IN (SELECT customer_id FROM '{path}/orders.parquet'"
        f" WHERE ordered_at >= CAST(? AS TIMESTAMP) - INTERVAL {LOOKBACK_DAYS} DAY)"
        f" GROUP BY whose HAVING count(*) >= {events} ORDER BY whose LIMIT {POOL}",
        [day],
    )
    return [str(row[0]) for row in found.fetchall()]


def newest(path: Path, ids: Sequence[str], events: int) -> dict[str, Events]:
    """The newest events of each customer, by table, and its row of `customers`."""
    found: dict[str, list[tuple[datetime, int, str, Row]]] = {each: [] for each in ids}
    for rank, name in enumerate(TABLES):
        for row in fetched(events_of(path, name), "whose", ids):
            found[row.pop("whose")].append((row.pop("since"), -rank, name, row))
    requests: dict[str, Events] = {each: {name: [] for name in ("customers", *TABLES)} for each in ids}
    for row in fetched(f"SELECT * FROM '{path}/customers.parquet'", "customer_id", ids):
        requests[row["customer_id"]]["customers"].append(written(row))
    for each, rows in found.items():
        for _, _, name, row in sorted(rows, key=lambda event: event[:2])[-events:]:
            requests[each][name].append(written(row))
    return requests


def fetched(query: str, column: str, ids: Sequence[str]) -> list[Row]:
    table = duckdb.execute(f"SELECT * FROM ({query}) WHERE list_contains(?, {column})", [list(ids)])
    rows: list[Row] = table.to_arrow_table().to_pylist()
    return rows


def written(row: Row) -> Row:
    """As JSON carries it."""
    return {name: str(value) if isinstance(value, datetime) else value for name, value in row.items()}


def merged(requests: Sequence[Events]) -> Events:
    return {name: [row for request in requests for row in request[name]] for name in requests[0]}


def crowds(requests: Sequence[Events], size: int) -> Iterator[Events]:
    """Requests of so many customers each, endlessly, no two alike."""
    random = np.random.default_rng(7)
    while True:
        chosen = random.choice(len(requests), size, replace=False)
        yield merged([requests[int(each)] for each in chosen])


def measure(
    reference: Reference, day: datetime, requests: Iterator[Events], count: int
) -> list[tuple[float, float]]:
    """Milliseconds of each request by the clock and of processors, the first one included."""
    from features.live import Live

    live, found = Live(reference, LOOKBACK_DAYS), []
    for request in islice(requests, WARM_UP + count):
        start, cpu = time.perf_counter(), time.process_time()
        rows = live.features(request, day)
        found.append(((time.perf_counter() - start) * 1e3, (time.process_time() - cpu) * 1e3))
        assert len(rows) == len(request["customers"])
    return found


def main() -> None:
    from features.collector import collect_rarely

    collect_rarely()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--events", type=int, default=200, help="of each customer")
    asked = parser.parse_args()
    path = folder(ORDERS)
    reference, day = learnt(path)
    pool = list(newest(path, customers(path, asked.events, day), asked.events).values())
    for size in (1, CROWD):
        found = measure(reference, day, crowds(pool, size), asked.requests)
        later, cpu = np.array(found[WARM_UP:]).T
        print(
            f"{size:>4} customers with {asked.events} events: median {np.median(later):6.1f} ms,"
            f" p99 {np.percentile(later, 99):6.1f} ms, slowest {max(later):6.1f} ms;"
            f" CPU median {np.median(cpu):6.1f} ms, quickest {min(cpu):6.1f} ms;"
            f" first {found[0][0]:,.0f} ms; of {len(pool)} customers, requests {asked.requests}",
            flush=True,
        )


if __name__ == "__main__":
    main()
