"""All features of a day and of twelve month ends, against plain `GROUP BY`s over the same files.

    python benchmarks/features_engine.py [--orders 1000000 10000000] [--only one twelve] [--runs 3]
    python benchmarks/features_engine.py --settings "memory_limit='4GB'" threads=2

The retailer comes from `amity simulate`; snapshots are of all customers with an order in the 365 days before.

    peer           plain DuckDB: for each of orders, returns, tickets, surveys, engagement and contacts one
                   SELECT customer_id, count(*), sum(v), min(v), max(v) ... GROUP BY customer_id into a
                   temporary table; v is amount, score or cost; tickets and engagement, which have none, are
                   only counted
    peer + lines   the same and one more over order_lines JOIN orders USING (order_id), for their customer_id
    one            every feature of one day, the end of the data, written to Parquet by the engine
    twelve         every feature of twelve month ends in one plan
    singles        twelve plans of one month end each, one after another
    union          twelve plans of one month end each, UNION ALL

Every measurement is a process of its own; what belongs together takes turns. Times hold the making of the
plan, the reading and the writing; opening the source with its check, and the reference (what training learns
of all customers), stand beside them. CPU is the processors' time, which other work on the machine disturbs
less. Memory is the peak of the whole process, opening included. With several
sizes the growth from the first to each other one is printed too.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import duckdb
from features_data import MILLION, child, folder, peak_gb, rows, spread

if TYPE_CHECKING:
    import ibis

    from features.sources import Source

LOOKBACK_DAYS = 365
MONTHS = 12
VALUES = {
    "orders": "amount",
    "returns": "amount",
    "tickets": None,
    "surveys": "score",
    "engagement": None,
    "contacts": "cost",
}
TASKS = ("peer", "one", "twelve", "singles", "union")
BY_DEFAULT = ("one", "twelve", "singles")

Plan = Any  # from the days of the snapshots to an Ibis table


def group_by(name: str, value: str | None, rows_of: str) -> str:
    """One query of the peer."""
    of_value = f", sum({value}), min({value}), max({value})" if value else ""
    return (
        f"CREATE TEMP TABLE per_{name} AS"
        f" SELECT customer_id, count(*){of_value} FROM {rows_of} GROUP BY customer_id"
    )


def peer(source: Path, settings: Sequence[str]) -> dict[str, float]:
    """The seconds of the peer, by the clock and of processors, without and with the lines."""
    connection = duckdb.connect(config={"temp_directory": tempfile.gettempdir()})
    for setting in settings:
        connection.execute(f"SET {setting}")
    start, cpu = time.perf_counter(), time.process_time()
    for name, value in VALUES.items():
        connection.execute(group_by(name, value, f"'{source}/{name}.parquet'"))
    plain, plain_cpu = time.perf_counter() - start, time.process_time() - cpu
    lines = f"'{source}/order_lines.parquet' l JOIN '{source}/orders.parquet' o USING (order_id)"
    connection.execute(group_by("order_lines", "l.amount", lines))
    return {
        "seconds": plain,
        "cpu": plain_cpu,
        "with_lines": time.perf_counter() - start,
        "cpu_with_lines": time.process_time() - cpu,
    }


def amity(task: str, path: Path, settings: Sequence[str]) -> dict[str, float]:
    """The seconds of a task of ours, and of what comes before it."""
    from features.collector import collect_rarely
    from features.reference import reference
    from features.snapshots import before, latest_as_of
    from features.sources import open_source

    collect_rarely()
    source, opening = timed(lambda: open_source(path))
    for setting in settings:
        source.backend.raw_sql(f"SET {setting}")
    opened_peak = peak_gb()
    day = latest_as_of(source.tables, datetime(2100, 1, 1))  # noqa: DTZ001 (times bear no zone)
    known = before(source.tables, day)
    learnt, learning = timed(lambda: reference(known, day))
    cpu_before = time.process_time()
    days = month_ends(day, 1 if task == "one" else MONTHS)
    with tempfile.TemporaryDirectory() as out:
        _, seconds = timed(lambda: write(task, source, learnt, days, Path(out)))
        cpu = time.process_time() - cpu_before
        count, columns = written(Path(out))
    return {
        "seconds": seconds,
        "cpu": cpu,
        "cpu_before": cpu_before,
        "opening": opening,
        "opened_peak": opened_peak,
        "learning": learning,
        "rows": count,
        "features": columns - 2,
    }


def write(task: str, source: Source, learnt: Any, days: Sequence[datetime], out: Path) -> None:
    """The features of `days`, written as the task wants it."""
    import ibis

    from features.build import build
    from features.snapshots import before, population

    def plan(some: Sequence[datetime]) -> ibis.Table:
        known = before(source.tables, max(some))
        return build(known, population(known, some, LOOKBACK_DAYS), learnt)

    if task == "singles":
        for day in days:
            plan([day]).to_parquet(out / f"{day:%Y-%m-%d}.parquet")
    elif task == "union":
        ibis.union(*(plan([day]) for day in days)).to_parquet(out / "all.parquet")
    else:
        plan(days).to_parquet(out / "all.parquet")


def month_ends(last: datetime, months: int) -> list[datetime]:
    """The first days of so many months, the last one that of `last`."""
    counts = [last.year * 12 + last.month - 1 - back for back in range(months)]
    return [datetime(count // 12, count % 12 + 1, 1) for count in counts] if months > 1 else [last]  # noqa: DTZ001


def written(out: Path) -> tuple[int, int]:
    """Rows and columns of the files written."""
    relation = duckdb.sql(f"SELECT * FROM '{out}/*.parquet'")
    return int(relation.aggregate("count(*)").fetchall()[0][0]), len(relation.columns)


def timed(job: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = job()
    return result, time.perf_counter() - start


def measure(task: str, path: Path, settings: Sequence[str]) -> None:
    """Prints one measurement as JSON: what runs in a process of its own."""
    found = peer(path, settings) if task == "peer" else amity(task, path, settings)
    print(json.dumps(found | {"peak": peak_gb()}))


def measured(path: Path, tasks: Sequence[str], runs: int, settings: Sequence[str]) -> dict[str, list[Any]]:
    """The measurements of each task: in turn, so that whatever else the machine does falls on all."""
    found: dict[str, list[Any]] = {task: [] for task in tasks}
    for _ in range(runs):
        for task, values in found.items():
            values.append(child(__file__, ["--measure", task, str(path), "--settings", *settings]))
    return found


def column(values: Sequence[Mapping[str, float]], name: str) -> list[float]:
    return [value[name] for value in values]


def report(found: Mapping[str, list[Any]]) -> None:
    """The times, the memory, and the ratios of each round."""
    peers = found["peer"]
    print(f"  peer          {spread(column(peers, 'seconds'))}, CPU {spread(column(peers, 'cpu'))}")
    print(
        f"  peer + lines  {spread(column(peers, 'with_lines'))},"
        f" CPU {spread(column(peers, 'cpu_with_lines'))},"
        f" peak {max(column(peers, 'peak')):.2f} GB"
    )
    for task in (task for task in found if task != "peer"):
        report_ours(task, found[task], peers)
    for other in (task for task in ("twelve", "singles", "union") if {"one", task} <= found.keys()):
        clock, cpu = (ratios(column(found[other], n), column(found["one"], n)) for n in ("seconds", "cpu"))
        print(f"  {other} ÷ one: {clock}, CPU {cpu}")


def report_ours(
    task: str, values: Sequence[Mapping[str, float]], peers: Sequence[Mapping[str, float]]
) -> None:
    """The lines of one task of ours."""
    seconds, cpu = column(values, "seconds"), column(values, "cpu")
    plain, lines = (ratios(seconds, column(peers, name)) for name in ("seconds", "with_lines"))
    plain_cpu, lines_cpu = (ratios(cpu, column(peers, name)) for name in ("cpu", "cpu_with_lines"))
    print(
        f"  {task:<14}{spread(seconds)}, CPU {spread(cpu)}, peak {max(column(values, 'peak')):.2f} GB;"
        f" {values[0]['rows']:,} rows, {values[0]['features']} features"
    )
    print(f"{'':16}÷ peer {plain}, CPU {plain_cpu}; ÷ peer + lines {lines}, CPU {lines_cpu}")
    print(
        f"{'':16}before it: opening and check {spread(column(values, 'opening'))},"
        f" peak {max(column(values, 'opened_peak')):.2f} GB; reference {spread(column(values, 'learning'))}"
    )


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> str:
    return spread([own / other for own, other in zip(ours, theirs, strict=True)], "×", 1)


def growth(first: Mapping[str, list[Any]], other: Mapping[str, list[Any]], label: str) -> None:
    """How many times longer everything takes with more orders."""
    names = {
        task: median(column(other[task], "seconds")) / median(column(first[task], "seconds"))
        for task in other
    }
    print(label + ", ".join(f"{task} {times:.1f} ×" for task, times in names.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[MILLION])
    parser.add_argument("--only", nargs="+", choices=TASKS[1:], default=BY_DEFAULT)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--settings", nargs="*", default=[], help="of DuckDB, for both")
    parser.add_argument("--measure", nargs=2, metavar=("TASK", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        measure(asked.measure[0], Path(asked.measure[1]), asked.settings)
        return
    first: tuple[int, dict[str, list[Any]]] | None = None
    for orders in asked.orders:
        path = folder(orders)
        there = rows(path, ["orders"])
        print(f"{there:,} orders, runs {asked.runs} {' '.join(asked.settings)}", flush=True)
        found = measured(path, ["peer", *asked.only], asked.runs, asked.settings)
        report(found)
        if first:
            growth(first[1], found, f"  with {there / first[0]:.1f} times the orders: ")
        first = first or (there, found)


if __name__ == "__main__":
    main()
