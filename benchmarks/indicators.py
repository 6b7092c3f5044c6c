"""All indicators of 24 months against one plain `GROUP BY` month of each table over the same files.

    python benchmarks/indicators.py [--orders 1000000 10000000] [--runs 3]

    peer        plain DuckDB: for each of orders, returns, tickets, surveys, engagement and contacts one
                SELECT date_trunc('month', time), count(*) GROUP BY 1
    + lines     the same and one more over order_lines JOIN orders USING (order_id), for their time
    indicators  every indicator with every breakdown, in 24 months and the period
    assess      the same, early warnings, the revenue tree, gains and losses, groups, concentration
    page        the page, after the assessment

Every measurement is a process of its own and takes turns with the others. Times hold the making of the
queries; opening the source with its check is not among them. CPU is the processors' time. Memory is the peak
of the process.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
from features_data import MILLION, child, folder, peak_gb, rows, spread
from features_live import TIMES

AS_OF = datetime.fromisoformat("2025-07-01")
TASKS = ("peer", "indicators", "assess")


def peer(path: Path) -> dict[str, float]:
    connection = duckdb.connect()
    start, cpu = time.perf_counter(), time.process_time()
    for name, column in TIMES.items():
        query = f"SELECT date_trunc('month', {column}), count(*) FROM '{path}/{name}.parquet' GROUP BY 1"
        connection.execute(query).fetchall()
    plain = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    lines = f"'{path}/order_lines.parquet' JOIN '{path}/orders.parquet' USING (order_id)"
    connection.execute(f"SELECT date_trunc('month', ordered_at), count(*) FROM {lines} GROUP BY 1").fetchall()
    return plain | {
        "with_lines": time.perf_counter() - start,
        "cpu_with_lines": time.process_time() - cpu,
    }


def amity(task: str, path: Path) -> dict[str, float]:
    from configs.loading import load
    from configs.settings import Measures
    from features.indicators.assess import assess
    from features.indicators.measure import measure
    from features.sources import open_source
    from serving.report.findings import Looked, findings
    from serving.report.page import page
    from serving.report.wording import Wording

    source = open_source(path)
    start, cpu = time.perf_counter(), time.process_time()
    if task == "indicators":
        told = measure(source.tables, AS_OF)
        return {
            "seconds": time.perf_counter() - start,
            "cpu": time.process_time() - cpu,
            "figures": len(told.period),
        }
    found = assess(source.tables, AS_OF)
    seconds, used = time.perf_counter() - start, time.process_time() - cpu
    looked = findings(Looked(found, source.tables, str(path)), load(Measures))
    size = len(page(looked, Wording("en", "EUR")).encode())
    written = time.perf_counter() - start - seconds
    return {"seconds": seconds, "cpu": used, "page": written, "page_mb": size / MILLION}


def column(values: list[Any], name: str) -> list[float]:
    return [value[name] for value in values]


def ratios(ours: list[float], theirs: list[float]) -> str:
    return spread([own / other for own, other in zip(ours, theirs, strict=True)], "×", 1)


def report(found: dict[str, list[Any]]) -> None:
    peers = found["peer"]
    for name, suffix in (("peer", ""), ("+ lines", "_with_lines")):
        seconds = column(peers, "with_lines" if suffix else "seconds")
        print(f"  {name:<12}{spread(seconds)}, CPU {spread(column(peers, f'cpu{suffix}'))}")
    for task in TASKS[1:]:
        own = found[task]
        seconds, cpu = column(own, "seconds"), column(own, "cpu")
        print(
            f"  {task:<12}{spread(seconds)}, CPU {spread(cpu)}, peak {max(column(own, 'peak')):.2f} GB;"
            f" ÷ peer {ratios(seconds, column(peers, 'seconds'))}, CPU {ratios(cpu, column(peers, 'cpu'))};"
            f" ÷ peer + lines {ratios(seconds, column(peers, 'with_lines'))},"
            f" CPU {ratios(cpu, column(peers, 'cpu_with_lines'))}"
        )
    last = found["assess"][-1]
    print(
        f"  {found['indicators'][-1]['figures']} figures of the period; the page {last['page_mb']:.2f} MB"
        f" in {spread(column(found['assess'], 'page'))}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[MILLION])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--measure", nargs=2, metavar=("TASK", "FOLDER"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        task, path = asked.measure[0], Path(asked.measure[1])
        measured = peer(path) if task == "peer" else amity(task, path)
        print(json.dumps(measured | {"peak": peak_gb()}))
        return
    for orders in asked.orders:
        path = folder(orders)
        events = rows(path, [name for name in TIMES if name != "orders"])
        print(f"{rows(path, ['orders']):,} orders, {events:,} other events, runs {asked.runs}", flush=True)
        found: dict[str, list[Any]] = {task: [] for task in TASKS}
        for _ in range(asked.runs):
            for task, values in found.items():
                values.append(child(__file__, ["--measure", task, str(path)]))
        report(found)


if __name__ == "__main__":
    main()
