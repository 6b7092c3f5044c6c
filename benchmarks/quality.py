"""How good written scores are, judged by the raw orders alone; nothing here shares code with training.

    python benchmarks/quality.py                          the tasks whose data packages bring, trained anew
    python benchmarks/quality.py --source FOLDER --as-of 2011-09-09 [--horizon-days 90 --lookback-days 365]
    python benchmarks/quality.py --scores FILE --orders FILE [--horizon-days 90]

The first two run `amity train` and `amity score` as of the cutoff in a home of their own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from demo import cdnow, complete_journey

AMITY = str(Path(sys.executable).with_name("amity"))
BINS = 10


@dataclass(frozen=True)
class Task:
    name: str
    source: Path
    as_of: str
    horizon_days: int
    lookback_days: int


def packaged(folder: Path) -> Iterator[Task]:
    """The tasks on real data that packages bring."""
    complete_journey.write(folder / "complete-journey")
    cdnow.write(folder / "cdnow")
    yield Task("complete-journey-60", folder / "complete-journey", "2017-11-02", 60, 90)
    yield Task("complete-journey-14", folder / "complete-journey", "2017-11-02", 14, 90)
    yield Task("cdnow", folder / "cdnow", "1998-01-01", 180, 365)


def scored(task: Task, folder: Path) -> Path:
    """The scores that `amity` writes when it is trained as of the task's cutoff."""
    environment = os.environ | {"AMITY_HOME": str(folder / f"home-{task.name}")}
    file, source = folder / f"{task.name}.parquet", str(task.source)
    days = ["--horizon-days", str(task.horizon_days), "--lookback-days", str(task.lookback_days)]
    for command in (
        ["train", source, "--as-of", task.as_of, *days, "--json"],
        ["score", source, "--as-of", task.as_of, "--out", str(file)],
    ):
        subprocess.run([AMITY, *command], env=environment, check=True, stdout=subprocess.DEVNULL)
    return file


def outcomes(scores: Path, orders: Path, horizon_days: int) -> tuple[np.ndarray, np.ndarray]:
    """Churn probability, and whether the customer placed no order in the horizon from `as_of`; by SQL."""
    rows = duckdb.sql(
        f"""
        SELECT s.churn_probability AS p, count(o.customer_id) = 0 AS churned
        FROM '{scores}' s LEFT JOIN '{orders}' o
          ON CAST(o.customer_id AS VARCHAR) = CAST(s.customer_id AS VARCHAR)
         AND o.ordered_at >= s.as_of AND o.ordered_at < s.as_of + INTERVAL {horizon_days} DAY
        GROUP BY s.customer_id, s.churn_probability
        """
    ).fetchnumpy()
    return np.asarray(rows["p"], dtype=float), np.asarray(rows["churned"], dtype=float)


def report(name: str, probability: np.ndarray, churned: np.ndarray) -> None:
    """One line of the table; calibration error over ten bins of equal size."""
    parts = np.array_split(np.argsort(probability), BINS)
    error = np.mean([abs(probability[part].mean() - churned[part].mean()) for part in parts])
    print(
        f"{name:<22}{len(churned):>8,}{churned.mean():>9.3f}{probability.mean():>11.3f}"
        f"{roc_auc_score(churned, probability):>8.4f}{average_precision_score(churned, probability):>8.4f}"
        f"{brier_score_loss(churned, probability):>8.4f}{log_loss(churned, probability):>10.4f}{error:>8.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("--source", "--scores", "--orders"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--as-of")
    parser.add_argument("--horizon-days", type=int, default=90)
    parser.add_argument("--lookback-days", type=int, default=365)
    asked = parser.parse_args()
    print(
        f"{'task':<22}{'active':>8}{'churned':>9}{'predicted':>11}{'AUROC':>8}{'AP':>8}{'Brier':>8}"
        f"{'log loss':>10}{'ECE':>8}"
    )
    if asked.scores:
        report(asked.scores.stem, *outcomes(asked.scores, asked.orders, asked.horizon_days))
        return
    with tempfile.TemporaryDirectory() as folder:
        own = Task("own", asked.source, asked.as_of, asked.horizon_days, asked.lookback_days)
        for task in [own] if asked.source else packaged(Path(folder)):
            file = scored(task, Path(folder))
            report(task.name, *outcomes(file, task.source / "orders.parquet", task.horizon_days))


if __name__ == "__main__":
    main()
