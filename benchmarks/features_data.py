"""The simulated retailer that the other benchmarks of the features read: how long `amity simulate` takes.

    python benchmarks/features_data.py [--orders 1000000 10000000] [--anew]

Written once per size to `$AMITY_HOME/benchmarks` (`./var` where it isn't set) and kept there. To 10 million
orders belong 25 million lines and 30 million other events.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

REPO = Path(__file__).resolve().parents[1]
HOME = Path(os.environ.get("AMITY_HOME", "var")).absolute() / "benchmarks"
MILLION = 1_000_000
_CUSTOMERS_PER_MILLION = 85_000
_EVENTS = ("returns", "tickets", "surveys", "engagement", "contacts")
_SIMULATE = (
    "import sys; from pathlib import Path; from demo.simulate import simulate; from features_data import"
)
_SIMULATE += " peak_gb; simulate(Path(sys.argv[1]), customers=int(sys.argv[2])); print(peak_gb())"


def folder(orders: int) -> Path:
    """The retailer with about so many orders; written where it isn't there yet."""
    path = HOME / f"retailer-{orders}"
    if not path.exists():
        _simulate(path, orders)
    return path


def _simulate(path: Path, orders: int) -> tuple[float, float]:
    """Seconds and peak memory in GB of a process of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    customers = max(1, round(orders * _CUSTOMERS_PER_MILLION / MILLION))
    start = time.perf_counter()
    printed = _run(["-c", _SIMULATE, str(path), str(customers)])
    return time.perf_counter() - start, float(printed)


def child(script: str, arguments: Sequence[str]) -> dict[str, Any]:
    """What a benchmark prints as JSON when it measures in a process of its own."""
    result: dict[str, Any] = json.loads(_run([script, *arguments]))
    return result


def _run(arguments: Sequence[str]) -> str:
    """The last line that a fresh Python prints; it finds the repository's rooms and these scripts."""
    paths = os.pathsep.join([str(REPO), str(REPO / "benchmarks")])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    return done.stdout.splitlines()[-1]


def peak_gb() -> float:
    """The most memory this process ever held, as Linux counts it."""
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(line.split()[1]) / MILLION


def spread(values: Sequence[float], unit: str = "s", digits: int = 2) -> str:
    """The median, and between which values it lies."""
    low, middle, high = (f"{value:.{digits}f}" for value in (min(values), median(values), max(values)))
    return f"{middle} {unit} ({low} to {high})"


def rows(path: Path, tables: Sequence[str]) -> int:
    """The rows of some tables together."""
    counts = (duckdb.sql(f"SELECT count(*) FROM '{path}/{name}.parquet'").fetchall() for name in tables)
    return sum(int(found[0][0]) for found in counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--orders", type=int, nargs="+", default=[MILLION])
    parser.add_argument("--anew", action="store_true", help="write it again where it is there")
    asked = parser.parse_args()
    for orders in asked.orders:
        path = HOME / f"retailer-{orders}"
        if asked.anew:
            for old in (path, path.with_name(f"{path.name}-truth")):
                shutil.rmtree(old, ignore_errors=True)
        if path.exists():
            took = "was there"
        else:
            seconds, peak = _simulate(path, orders)
            took = f"written in {seconds:.1f} s, peak memory {peak:.2f} GB"
        print(
            f"{rows(path, ['orders']):>12,} orders {rows(path, ['order_lines']):>12,} lines"
            f" {rows(path, _EVENTS):>12,} other events   {took}"
        )


if __name__ == "__main__":
    main()
