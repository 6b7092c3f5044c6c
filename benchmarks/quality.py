"""How good written scores are, judged by raw orders and returns alone, beside peers on the same customers.

    python benchmarks/quality.py [--online-retail FOLDER]    every task at its cutoff and two earlier ones
    python benchmarks/quality.py --source FOLDER --as-of 2011-09-09 [--horizon-days 90 --lookback-days 365]
    python benchmarks/quality.py --source FOLDER --scores FILE [--horizon-days 90 --lookback-days 365]

The first two run `amity train` and `amity score` as of each cutoff in a home of their own, with the task's
horizon as the CLV's; the third judges scores that are there already. Judging reads the written scores, the
orders and the returns, and nothing else. Churned: no order in [cutoff, cutoff + horizon). CLV: order amounts
less returns in it. Each earlier cutoff lies half a horizon before the next; less, where orders would else
begin less than one and a half horizons before the earliest.

`!` stands where Amity misses a target of the task's own cutoff. Below the peers: Amity minus the best peer of
each column (of pred/actual as |ln|), the 95 % interval of 500 paired resamples of customers, and `behind` or
`ahead` where it excludes 0. Seconds are of training; a peer's leave out the features that all peers share.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import quality_peers
from quality_figures import Judged, calibration_noise, differences, figures
from quality_frames import Window, read
from quality_table import missed, show

from demo import cdnow, complete_journey

AMITY = str(Path(sys.executable).with_name("amity"))
TASKS: dict[str, tuple[str, date, int, int]] = {
    "online-retail-ii": ("online-retail-ii", date(2011, 9, 9), 90, 365),
    "cdnow": ("cdnow", date(1998, 1, 1), 180, 365),
    "complete-journey-60": ("complete-journey", date(2017, 11, 2), 60, 90),
    "complete-journey-14": ("complete-journey", date(2017, 11, 2), 14, 90),
}


@dataclass(frozen=True)
class Task:
    name: str
    source: Path
    as_of: date
    horizon_days: int
    lookback_days: int

    def table(self, name: str) -> Path | None:
        return next(iter(sorted(self.source.glob(f"{name}.*"))), None)

    @property
    def orders(self) -> Path:
        found = self.table("orders")
        if found is None:
            raise SystemExit(
                f"{self.source} has no file of orders; a source is a folder with orders.parquet."
            )
        return found


def tasks(names: Sequence[str], online_retail: Path | None, folder: Path) -> Iterator[Task]:
    """The named tasks, those on Online Retail II only where its folder is given; packaged data is written."""
    writers = {"cdnow": cdnow.write, "complete-journey": complete_journey.write}
    for name in names:
        data, as_of, horizon, lookback = TASKS[name]
        source = online_retail if data == "online-retail-ii" else folder / data
        if source is None:
            print(f"{name} left out: give its folder with --online-retail.", file=sys.stderr)
            continue
        if data in writers and not source.exists():
            writers[data](source)
        yield Task(name, source, as_of, horizon, lookback)


def at_cutoffs(task: Task, many: int) -> list[Task]:
    """The task at its own cutoff and at earlier ones, by the rule of this file."""
    first = duckdb.sql(f"SELECT CAST(min(ordered_at) AS DATE) FROM '{task.orders}'").fetchone()
    room = (task.as_of - first[0]).days - 3 * task.horizon_days // 2 if first else 0
    step = min(task.horizon_days // 2, room // max(many - 1, 1))
    if step < 1:
        return [task]
    return [replace(task, as_of=task.as_of - timedelta(step * back)) for back in range(many)]


def scored(task: Task, folder: Path) -> tuple[Path, float]:
    """The scores that `amity` writes when it is trained as of the cutoff, and the seconds of training."""
    file, source, as_of = folder / f"{_stem(task)}-amity.parquet", str(task.source), str(task.as_of)
    horizon = str(task.horizon_days)
    days = ["--horizon-days", horizon, "--lookback-days", str(task.lookback_days)]
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as home:
        _amity(home, "train", source, "--as-of", as_of, *days, "--clv-horizon-days", horizon, "--json")
        seconds = time.perf_counter() - start
        _amity(home, "score", source, "--as-of", as_of, "--out", str(file))
    return file, seconds


def _amity(home: str, *command: str) -> None:
    done = subprocess.run(
        [AMITY, *command], env=os.environ | {"AMITY_HOME": home}, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"amity {command[0]} ended with {done.returncode}: {done.stderr.strip()[-500:]}")


def predicted(task: Task, folder: Path) -> Iterator[tuple[str, Path, float]]:
    """Each peer's name, its written scores, and the seconds of its training, without the shared features."""
    past = read(task.orders, task.table("returns"), task.as_of)
    as_of = (task.as_of - date(1970, 1, 1)).days
    known = quality_peers.learn_from(past, Window(as_of, task.horizon_days, task.lookback_days))
    customers = past.groupby("code")["customer_id"].first().loc[known.rows.index]
    start = time.perf_counter()
    for name, peer in quality_peers.predictions(known):
        seconds = time.perf_counter() - start
        file = folder / f"{_stem(task)}-{name.replace('/', '').replace(' ', '')}.parquet"
        columns = {"churn_probability": peer.churn, "clv": peer.clv, "clv_low": None, "clv_high": None}
        pd.DataFrame({"customer_id": customers.to_numpy(), **columns}).to_parquet(file)
        yield name, file, seconds
        start = time.perf_counter()


def _stem(task: Task) -> str:
    return f"{task.name}-{task.as_of}"


def judged(task: Task, scores: Path) -> Judged:
    """The scores beside the outcome, by customer; refuses scores of other customers than the active ones."""
    begin, end = (f"TIMESTAMP '{task.as_of + timedelta(days)}'" for days in (0, task.horizon_days))
    returns = task.table("returns")
    back = f"SELECT customer_id, returned_at, amount FROM '{returns}'" if returns else "SELECT NULL, NULL, 0"
    rows = duckdb.sql(
        f"""
        WITH scores AS (SELECT *, CAST(customer_id AS VARCHAR) AS id FROM '{scores}'),
        orders AS (SELECT *, CAST(customer_id AS VARCHAR) AS id FROM '{task.orders}'),
        active AS (
            SELECT DISTINCT id FROM orders
            WHERE ordered_at >= {begin} - INTERVAL {task.lookback_days} DAY AND ordered_at < {begin}),
        bought AS (
            SELECT id, sum(amount) AS amount FROM orders
            WHERE ordered_at >= {begin} AND ordered_at < {end} GROUP BY id),
        returned AS (
            SELECT CAST(customer_id AS VARCHAR) AS id, sum(amount) AS amount
            FROM ({back}) AS of(customer_id, returned_at, amount)
            WHERE returned_at >= {begin} AND returned_at < {end} GROUP BY id)
        SELECT active.id IS NULL OR scores.id IS NULL AS wrong,
               CAST(bought.id IS NULL AS DOUBLE) AS churned,
               CAST(coalesce(bought.amount, 0) - coalesce(returned.amount, 0) AS DOUBLE) AS revenue,
               CAST(churn_probability AS DOUBLE) AS probability, CAST(clv AS DOUBLE) AS clv,
               CAST(clv_low AS DOUBLE) AS low, CAST(clv_high AS DOUBLE) AS high
        FROM scores FULL JOIN active USING (id) LEFT JOIN bought USING (id) LEFT JOIN returned USING (id)
        ORDER BY id
        """
    ).df()
    if wrong := int(rows.pop("wrong").sum()):
        raise RuntimeError(
            f"{scores.name} differs by {wrong:,} customers from those with an order in the "
            f"{task.lookback_days} days before {task.as_of}; judge it with the lookback it was scored with."
        )
    return Judged(*(rows[name].to_numpy(float) for name in Judged._fields))


def compared(task: Task, folder: Path, *, scores: Path | None, peers: bool) -> dict[str, Any]:
    """All figures of one task at one cutoff, as JSON has them; the outcome is the same for every row."""
    file, seconds = (scores, None) if scores else scored(task, folder)
    amity = judged(task, file)
    found = {"amity": figures(amity) | ({"seconds": seconds} if seconds else {})}
    others = {}
    for name, written, spent in predicted(task, folder) if peers else ():
        others[name] = judged(task, written)
        found[name] = figures(others[name]) | {"seconds": spent}
    return {
        "task": task.name,
        "cutoff": str(task.as_of),
        "horizon_days": task.horizon_days,
        "lookback_days": task.lookback_days,
        "active": len(amity.churned),
        "churned": float(amity.churned.mean()),
        "revenue": float(amity.revenue.mean()),
        "calibration_noise": calibration_noise(amity.probability),
        "own_cutoff": task.name in TASKS and task.as_of == TASKS[task.name][1],
        "figures": found,
        "differences": {name: vars(each) for name, each in differences(amity, others).items()}
        if others
        else {},
    }


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("--online-retail", "--source", "--scores"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--as-of", type=date.fromisoformat)
    parser.add_argument("--horizon-days", type=int, default=90)
    parser.add_argument("--lookback-days", type=int, default=365)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--cutoffs", type=int, default=3, help="of each task, its own among them")
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--json", type=Path, help="a file for all figures")
    parser.add_argument("--keep", type=Path, help="a folder for all written scores, of peers too")
    given = parser.parse_args()
    if given.source and not (given.as_of or given.scores):
        parser.error("--source needs --as-of, or --scores")
    if given.scores and not given.source:
        parser.error("--scores needs --source, the folder with orders and returns")
    return given


def own(given: argparse.Namespace) -> Task:
    as_of = given.as_of
    if given.scores and not as_of:
        row = duckdb.sql(f"SELECT CAST(any_value(as_of) AS DATE) FROM '{given.scores}'").fetchone()
        as_of = row[0] if row else None
    return Task("own", given.source, as_of, given.horizon_days, given.lookback_days)


def main() -> int:
    given = asked()
    results, failed = [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        chosen = [own(given)] if given.source else tasks(given.tasks, given.online_retail, Path(scratch))
        for task in chosen:
            for each in [task] if given.scores else at_cutoffs(task, given.cutoffs):
                try:
                    result = compared(each, folder, scores=given.scores, peers=not given.without_peers)
                except RuntimeError as error:
                    failed.append(f"{_stem(each)}: {error}")
                    continue
                show(result)
                results.append(result)
                if given.json:
                    given.json.write_text(json.dumps(results, indent=1))
    for line in [*(text for result in results for text in missed(result)), *failed]:
        print(line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
