"""How fast weak points are read for many customers: in bulk, by pred_contrib, and by shap.TreeExplainer.

    python benchmarks/explain.py [--rows 200000 --rounds 3]

All three take the same trees (those of a churn model and of the readers of causes, trained on a
simulated retailer) over the same customers, and go on to points. TreeExplainer reads 2,000 of them, and its
time is taken as many times over. A round measures all in turn; told are the medians of the rounds. That all
three say the same is tested in tests/models/test_attribution.py.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd

from configs.settings import Definitions, TrainingSettings
from demo.simulate import simulate
from features.build import catalog
from features.reference import reference
from features.snapshots import before
from features.sources import open_source
from models.attribution import shap_values
from models.causes import fit_causes
from models.columns import Columns
from models.stumps import contributions
from models.surprises import with_surprises
from models.trees import Ensemble, grow
from models.weakpoints import in_points
from training.fit import plan_for, training_frame, trees

AS_OF = datetime(2025, 6, 1)  # noqa: DTZ001
FEW = 2_000

Explain = Callable[[str, np.ndarray], np.ndarray]
"""The text of trees and a matrix → SHAP values, shape (rows, inputs)."""

Read = Callable[[list[Ensemble], list[np.ndarray]], list[np.ndarray]]
"""Ensembles and their matrices → of each ensemble the sum of the SHAP values by row."""


def trained(customers: int) -> tuple[list[Ensemble], pd.DataFrame]:
    """The trees of churn, then of the readers of causes, and the rows they were trained on."""
    settings = TrainingSettings(step_days=30, max_snapshots=6)
    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder) / "shop", customers=customers)
        source = open_source(Path(folder) / "shop")
        known = before(source.tables, AS_OF)
        days = plan_for(known, AS_OF, Definitions(), settings)
        frame = training_frame(known, days, Definitions(), reference(known, AS_OF))
        features = catalog(known).available(known)
        source.backend.disconnect()
    churned = frame["churned"].to_numpy(dtype=float)
    offset = np.zeros(len(frame))
    own = grow(Columns.of(features, frame), frame, churned, offset, trees(settings), {"objective": "binary"})
    causes = fit_causes(frame, features, settings.seed)
    return [own, *causes.readers], with_surprises(frame, causes.norms)


def by_pred_contrib(text: str, matrix: np.ndarray) -> np.ndarray:
    return np.asarray(lgb.Booster(model_str=text).predict(matrix, pred_contrib=True))[:, :-1]


def in_bulk(ensembles: list[Ensemble], matrices: list[np.ndarray]) -> list[np.ndarray]:
    """As `models` does it: the readers' single splits as curves, all other trees by `shap_values`."""
    own = shap_values(ensembles[0].text, matrices[0])[1].sum(axis=1)
    texts = [reader.text for reader in ensembles[1:]]
    return [own, *(added.sum(axis=1) for added in contributions(texts, matrices[1]))]


def by_shap(text: str, matrix: np.ndarray) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its plots and its output
        import shap

        explainer = shap.TreeExplainer(
            lgb.Booster(model_str=text), feature_perturbation="tree_path_dependent"
        )
        found = explainer.shap_values(matrix)
    return np.asarray(found[-1] if isinstance(found, list) else found)


def one_by_one(explain: Explain) -> Read:
    def read(ensembles: list[Ensemble], matrices: list[np.ndarray]) -> list[np.ndarray]:
        return [explain(e.text, matrix).sum(axis=1) for e, matrix in zip(ensembles, matrices, strict=True)]

    return read


def timed(read: Read, ensembles: list[Ensemble], matrices: list[np.ndarray]) -> float:
    """Points of one dimension per ensemble, which is all the same work for each way of explaining."""
    start = time.perf_counter()
    in_points(0.0, np.column_stack(read(ensembles, matrices)))
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--customers", type=int, default=1_500, help="simulated, to train on")
    asked = parser.parse_args()
    ensembles, frame = trained(asked.customers)
    rows = frame.sample(asked.rows, replace=True, random_state=1)
    matrices = [ensemble.columns.matrix(rows) for ensemble in ensembles]
    few = [matrix[:FEW] for matrix in matrices]
    times = np.array(
        [
            (
                timed(in_bulk, ensembles, matrices),
                timed(one_by_one(by_pred_contrib), ensembles, matrices),
                timed(one_by_one(by_shap), ensembles, few) * asked.rows / FEW,
            )
            for _ in range(asked.rounds)
        ]
    )
    bulk, contrib, explainer = np.median(times, axis=0)
    print(f"{asked.rows:,} customers, {len(ensembles)} ensembles, medians of {asked.rounds} rounds")
    print(f"in bulk             {bulk:8.1f} s")
    print(f"pred_contrib        {contrib:8.1f} s   {contrib / bulk:5.1f} times as long")
    print(
        f"shap.TreeExplainer  {explainer:8.1f} s   {explainer / bulk:5.1f} times as long, from {FEW:,} rows"
    )


if __name__ == "__main__":
    main()
