"""Whether the first weak point of a customer stays the same when the model is trained with another seed.

    python benchmarks/stability.py [--seeds 5 --customers 3000] [--source FOLDER --as-of 2011-09-09]

Trains once with each seed, on a simulated retailer or a source, and reads the same customers on the same day.
Told is the share of the other seeds that name the same dimension first, over all customers of all seeds, by
the confidence that was told with it. Nothing named is an answer too: it agrees with nothing named.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from configs.loading import load
from configs.settings import Definitions, Playbook, TrainingSettings
from demo.simulate import simulate
from features.snapshots import span
from features.sources import Source, open_source
from models.scoring import score
from training.fit import fit

CONFIDENCE = ("sure", "likely", "unsure")
NOTHING = "nothing"


def first_named(source: Source, as_of: datetime, seed: int) -> pd.DataFrame:
    """The first weak point and its confidence, by customer; `NOTHING` where none is named."""
    settings = load(TrainingSettings, {"seed": seed})
    bundle = fit(source.tables, as_of, load(Definitions), settings)
    told = score(bundle, source.tables, as_of, load(Playbook)).scores.set_index("customer_id").sort_index()
    named = told[["weak_point_1", "weak_point_1_confidence"]].astype(object)
    return named.where(named.notna(), NOTHING).set_axis(["first", "confidence"], axis=1)


def agreement(runs: list[pd.DataFrame]) -> pd.DataFrame:
    """A row per customer and seed: what it told, and the share of the other seeds that name the same."""
    first = np.column_stack([run["first"].to_numpy() for run in runs])
    same = (first[:, :, None] == first[:, None, :]).sum(axis=2) - 1
    told = pd.concat(runs, keys=range(len(runs)))
    return told.assign(agrees=(same / (len(runs) - 1)).T.ravel())


def report(told: pd.DataFrame) -> None:
    named = told[told["first"] != NOTHING]
    print(f"{'':<22}{'share':>8}{'agrees':>8}")
    print(f"{'all':<22}{1:>8.3f}{told['agrees'].mean():>8.3f}")
    for confidence in (*CONFIDENCE, NOTHING):
        rows = told[told["confidence"] == confidence]
        print(f"{confidence:<22}{len(rows) / len(told):>8.3f}{rows['agrees'].mean():>8.3f}")
    for dimension, rows in named.groupby("first"):
        print(f"{dimension:<22}{len(rows) / len(told):>8.3f}{rows['agrees'].mean():>8.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--customers", type=int, default=3000)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--as-of", type=datetime.fromisoformat)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.source is None:
            simulate(Path(folder) / "shop", customers=asked.customers)
        source = open_source(asked.source or Path(folder) / "shop")
        last = span(source.tables)[1]
        as_of = asked.as_of or datetime(last.year, last.month, last.day) + timedelta(days=1)  # noqa: DTZ001
        runs = [first_named(source, as_of, seed) for seed in range(1, asked.seeds + 1)]
        source.backend.disconnect()
    print(f"{len(runs[0]):,} customers as of {as_of:%Y-%m-%d}, {len(runs)} seeds")
    report(agreement(runs))


if __name__ == "__main__":
    main()
