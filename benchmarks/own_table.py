"""Tables of one's own: what copies of customers do to a score, and what it takes to find them.

    python benchmarks/own_table.py [--rows 1000000]

Peers in the same run: cross-validation that does not know of copies, and `pandas.DataFrame.duplicated`, which
finds exact copies only.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.metrics import roc_auc_score

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from configs.settings import TrainingSettings
from features.own_table.copies import find_copies
from features.own_table.table import Roles, read_table
from training.own_table import AMITY, fit_own, judge_own

SEEDS = (1, 2, 3)
CUSTOMERS, FRESH = 1_400, 20_000
SETTINGS = TrainingSettings()


def customers(rows: int, seed: int) -> pd.DataFrame:
    """Complaints, tenure and satisfaction drive churn; nine more columns say nothing."""
    dice = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "Complain": dice.integers(0, 2, rows),
            "Tenure": dice.integers(0, 60, rows),
            "SatisfactionScore": dice.integers(1, 6, rows),
            "CashbackAmount": dice.gamma(9, 20, rows).round(2),
            **{f"Quux{place}": dice.integers(0, 40, rows) for place in range(8)},
        }
    )
    risk = -2.2 + frame["Complain"] - 0.04 * (frame["Tenure"] - 30) - 0.3 * (frame["SatisfactionScore"] - 3)
    return frame.assign(Churn=(dice.random(rows) < expit(risk)).astype(int))


def copied(frame: pd.DataFrame, copies: int, seed: int) -> pd.DataFrame:
    """Each customer some times more, altered in two columns."""
    dice = np.random.default_rng(seed)
    parts = [frame]
    for _ in range(copies):
        altered = [f"Quux{place}" for place in dice.choice(8, 2, replace=False)]
        parts.append(frame.assign(**{name: dice.integers(0, 40, len(frame)) for name in altered}))
    return pd.concat(parts, ignore_index=True)


def scores(seed: int) -> dict[str, float]:
    """AUROC as judged, as it would look with copies apart, and on customers whom nobody has seen."""
    table = copied(customers(CUSTOMERS, seed), 3, seed).sample(frac=1.0, random_state=seed)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "shop.csv"
        table.to_csv(file, index=False)
        own = read_table(file, Roles("Churn"))
    judged = judge_own(own, SETTINGS)
    model, fresh = fit_own(own, judged, SETTINGS, "amity-benchmark"), customers(FRESH, seed + 1_000)
    apart = judged.with_copies_apart or {}
    return {
        "judged, copies together": judged.metrics[AMITY]["auroc"],
        "judged, copies apart": apart.get("auroc", float("nan")),
        "fresh customers": float(roc_auc_score(fresh["Churn"], model.predict(model.read(fresh)))),
    }


def finding(rows: int) -> None:
    frame = customers(rows * 10 // 11, 7)
    near = copied(frame.head(rows // 11), 1, 7).tail(rows // 11)
    table = pd.concat([frame, near], ignore_index=True)
    start = perf_counter()
    found = find_copies(table)
    ours = perf_counter() - start
    start = perf_counter()
    exact = int(table.duplicated().sum())
    theirs = perf_counter() - start
    together = (found.group[-len(near) :] == found.group[: len(near)]).mean()
    print(f"{len(table):,} rows, {len(near):,} near-copies: {together:.1%} found, {ours:.1f} s")
    print(f"pandas duplicated: {exact:,} found, {theirs:.1f} s; ratio {ours / theirs:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    found = [scores(seed) for seed in SEEDS]
    print(f"AUROC, median of {len(SEEDS)} tables of {CUSTOMERS:,} customers, each four times:")
    for name in found[0]:
        print(f"  {name:<26}{median(score[name] for score in found):.3f}")
    finding(asked.rows)


if __name__ == "__main__":
    main()
