"""Whether repairing the first weak point lowers the risk more than repairing any other: the deletion test.

    python benchmarks/repairs.py SOURCE --as-of 2011-09-09 [--horizon-days 90 --lookback-days 365]
    python benchmarks/repairs.py cdnow --as-of 1998-01-01
    python benchmarks/repairs.py complete-journey --as-of 2017-11-02

Trains on the source, or on data that `amity demo` knows with its definitions, and reads the customers active
on the day. Told are all of whom something is named; those whose first weak point is a cause, against the
other causes and against all dimensions (rhythm is the symptom: it goes after the causes, however large it
is); and those of whom only rhythm is named.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import datetime
from pathlib import Path

import numpy as np

from configs.loading import load
from configs.settings import Definitions, TrainingSettings
from demo.stories import story, tables
from features.build import build, catalog
from features.snapshots import before, population
from features.sources import open_source
from models.reading import Reading, read
from models.weakpoints import CAUSE_PLACES, RHYTHM
from training.fit import fit


def reading(source: Path | str, as_of: datetime, definitions: Definitions) -> Reading:
    opened = open_source(source)
    bundle = fit(opened.tables, as_of, definitions, load(TrainingSettings))
    known = before(opened.tables, as_of)
    people = population(known, [as_of], definitions.lookback_days, definitions.mode)
    frame = build(known, people, bundle.reference).order_by("customer_id").to_pandas()
    return read(bundle, frame, {feature.name: feature.dimension for feature in catalog(known)})


def report(told: Reading) -> None:
    first, best = told.place.argmin(axis=1), told.repaired.argmin(axis=1)
    best_cause = np.array(CAUSE_PLACES)[told.repaired[:, CAUSE_PLACES].argmin(axis=1)]
    named = told.place.min(axis=1) == 0
    cause = named & np.isin(first, CAUSE_PLACES)
    rhythm = named & (first == RHYTHM)
    print(f"{len(first):,} customers: a cause first {cause.sum():,}, rhythm first {rhythm.sum():,}")
    print(f"all named: lowers the risk most of all dimensions      {np.mean((best == first)[named]):.3f}")
    print(
        f"a cause first: lowers the risk most of all causes      {np.mean((best_cause == first)[cause]):.3f}"
    )
    print(f"a cause first: lowers the risk most of all dimensions  {np.mean((best == first)[cause]):.3f}")
    print(f"rhythm first: lowers the risk most of all dimensions   {np.mean((best == first)[rhythm]):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", help="a folder, cdnow or complete-journey")
    parser.add_argument("--as-of", type=datetime.fromisoformat, required=True)
    parser.add_argument("--horizon-days", type=int)
    parser.add_argument("--lookback-days", type=int)
    asked = parser.parse_args()
    told = story(asked.source)
    days = {"horizon_days": asked.horizon_days, "lookback_days": asked.lookback_days}
    own = {name: number for name, number in days.items() if number is not None}
    with tempfile.TemporaryDirectory() as home:
        source = tables(told, Path(home))
        report(reading(source, asked.as_of, load(Definitions, {**told.definitions, **own})))


if __name__ == "__main__":
    main()
