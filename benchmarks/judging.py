"""How long judging takes: the paired bootstrap beside scikit-learn's figures in a loop; trials of settings.

python benchmarks/judging.py                                             the bootstrap, on made-up customers
python benchmarks/judging.py --source FOLDER --as-of DAY [--trials 50]   the trials, in a home of their own
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np
from scipy.special import expit
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

CUSTOMERS = 25_000
RESAMPLES = 500
PEER_RESAMPLES = 10
ROUNDS = 3
PEER = (log_loss, brier_score_loss, roc_auc_score, average_precision_score)


def seconds(work: Callable[[], object]) -> float:
    """The median over rounds."""
    taken = []
    for _ in range(ROUNDS):
        start = perf_counter()
        work()
        taken.append(perf_counter() - start)
    return median(taken)


def bootstrap() -> None:
    from training.intervals import differences

    dice = np.random.default_rng(0)
    odds = dice.normal(size=CUSTOMERS)
    churned = (dice.random(CUSTOMERS) < expit(odds)).astype(float)
    models = {
        name: expit(odds + dice.normal(0, noise, CUSTOMERS)) for name, noise in (("a", 0.1), ("b", 0.3))
    }

    def peer() -> None:
        for _ in range(PEER_RESAMPLES):
            drawn = dice.integers(0, CUSTOMERS, CUSTOMERS)
            for probability in models.values():
                for figure in PEER:
                    figure(churned[drawn], probability[drawn])

    ours = seconds(lambda: differences(churned, models, "a", RESAMPLES))
    theirs = seconds(peer) * RESAMPLES / PEER_RESAMPLES
    print(
        f"{RESAMPLES} resamples of {CUSTOMERS:,} customers, 2 models, 4 figures: {ours:.2f} s; scikit-learn "
        f"in a loop {theirs:.1f} s (from {PEER_RESAMPLES} resamples): {theirs / ours:.1f} times as long"
    )


def trials(source: str, as_of: datetime, wanted: int) -> None:
    from configs.loading import load
    from configs.settings import Definitions, TrainingSettings
    from features.snapshots import before
    from features.sources import open_source
    from training.runs import run
    from training.tune import tuned

    tables = before(open_source(source).tables, as_of)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AMITY_HOME"] = folder
        start, cpu = perf_counter(), process_time()
        with run("benchmark"):
            found = tuned(tables, as_of, load(Definitions), load(TrainingSettings), wanted)
        print(
            f"{wanted} trials on {Path(source).name}: {(perf_counter() - start) / 60:.1f} minutes, of them "
            f"{(process_time() - cpu) / 60:.1f} on the processors. {found.says}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source")
    parser.add_argument("--as-of", type=datetime.fromisoformat)
    parser.add_argument("--trials", type=int, default=50)
    asked = parser.parse_args()
    if asked.source:
        trials(asked.source, asked.as_of, asked.trials)
    else:
        bootstrap()


if __name__ == "__main__":
    main()
