"""How often the next order came within the 80 % interval foretold for it, judged by the raw orders.

    python benchmarks/next_order.py                                    simulated, CDNOW, Complete Journey
    python benchmarks/next_order.py --source FOLDER --as-of DAY [--horizon-days 90 --lookback-days 365]

A model is trained as of a day and scores the customers of that day; what they then ordered is read from the
orders alone. Beside it stands a steady chance of an order on each day, with the same churn probability. An
interval without an end holds whatever comes after its beginning, an order that never came included. `judged`:
left out are those of whom no order is expected even after its beginning, and whose interval ends beyond the
last order known. `by the middle`: of those with an expected day, how many had ordered by then; right is 50 %.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from configs.loading import load
from configs.settings import Definitions, TrainingSettings
from demo import cdnow, complete_journey
from demo.simulate import simulate
from features.build import build
from features.snapshots import before, population
from features.sources import open_source
from models.next_order import NAMES, next_order
from training.fit import fit


@dataclass(frozen=True)
class Task:
    name: str
    source: Path
    as_of: datetime
    horizon_days: int
    lookback_days: int
    clv_horizon_days: int


def tasks(folder: Path) -> list[Task]:
    simulate(folder / "simulated", customers=2_000, months=30, start=date(2023, 1, 1))
    cdnow.write(folder / "cdnow")
    complete_journey.write(folder / "journey")
    return [
        Task("simulated", folder / "simulated", datetime(2025, 1, 1), 90, 365, 180),  # noqa: DTZ001
        Task("cdnow", folder / "cdnow", datetime(1998, 1, 1), 90, 365, 180),  # noqa: DTZ001
        Task("complete-journey", folder / "journey", datetime(2017, 9, 1), 30, 90, 120),  # noqa: DTZ001
    ]


def steady(frame: pd.DataFrame, churn: np.ndarray, definitions: Definitions) -> pd.DataFrame:
    """The peer: a steady chance a day."""
    hazard = -np.log(np.clip(churn, 1e-9, 1 - 1e-9)) / definitions.horizon_days
    middle, high, low, low_of_open = (-np.log(chance) / hazard for chance in (0.5, 0.1, 0.9, 0.8))
    open_ended = high > definitions.clv_horizon_days
    found = {}
    for name, waited in zip(NAMES, (middle, np.where(open_ended, low_of_open, low), high), strict=True):
        known = waited <= definitions.clv_horizon_days
        waiting = pd.to_timedelta(np.floor(np.where(known, waited, 0)), unit="D")
        found[name] = (frame["as_of"] + waiting).where(known)
    return pd.DataFrame(found)


def show(name: str, model: str, told: pd.DataFrame, came: pd.Series, until: pd.Timestamp) -> None:
    """`came`: the day of the next order, null where none came by `until`."""
    low, high = told["expected_next_order_low"], told["expected_next_order_high"]
    judged = low.notna() & (high.fillna(low) <= until)
    early = came < low
    late = high.notna() & ~(came <= high)
    covered = 1 - (early | late)[judged].mean()
    known = told["expected_next_order_at"].notna() & (told["expected_next_order_at"] <= until)
    by_middle = (came <= told["expected_next_order_at"])[known].mean()
    width = (high - low).dt.days[judged].median()
    print(
        f"{name:<17} {model:<13} judged {judged.sum():>6,} of {len(told):,}  covered {covered:6.1%}  "
        f"before {early[judged].mean():5.1%}  after {late[judged].mean():5.1%}  "
        f"open {high[judged].isna().mean():5.1%}  median width {width:.0f} d  by the middle {by_middle:.1%}"
    )


def run(task: Task, settings: TrainingSettings) -> None:
    definitions = Definitions(
        horizon_days=task.horizon_days,
        lookback_days=task.lookback_days,
        clv_horizon_days=task.clv_horizon_days,
    )
    source = open_source(task.source)
    known = before(source.tables, task.as_of)
    bundle = fit(known, task.as_of, definitions, settings)
    people = population(known, [task.as_of], task.lookback_days)
    frame = build(known, people, bundle.reference).order_by("customer_id").to_pandas()
    churn = bundle.churn.predict(frame)
    assert bundle.clv is not None
    file = next(task.source.glob("orders.*"))
    orders = duckdb.sql(
        f"SELECT CAST(customer_id AS VARCHAR) customer_id, min(ordered_at) came FROM '{file}' "
        f"WHERE ordered_at >= TIMESTAMP '{task.as_of}' GROUP BY ALL"
    ).df()
    until = pd.Timestamp(duckdb.sql(f"SELECT max(ordered_at) FROM '{file}'").fetchall()[0][0]).normalize()
    came = frame["customer_id"].astype("str").map(orders.set_index("customer_id")["came"]).dt.normalize()
    show(task.name, "Amity", next_order(bundle.clv.buying, frame, churn, definitions), came, until)
    show(task.name, "steady chance", steady(frame, churn, definitions), came, until)
    source.backend.disconnect()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--as-of", type=datetime.fromisoformat)
    parser.add_argument("--horizon-days", type=int, default=90)
    parser.add_argument("--lookback-days", type=int, default=365)
    parser.add_argument("--clv-horizon-days", type=int, default=180)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.source:
            days = (asked.horizon_days, asked.lookback_days, asked.clv_horizon_days)
            wanted = [Task(asked.source.name, asked.source, asked.as_of, *days)]
        else:
            wanted = tasks(Path(folder))
        for task in wanted:
            run(task, load(TrainingSettings))


if __name__ == "__main__":
    main()
