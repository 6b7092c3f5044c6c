"""A model of a table of one's own: churn probability, weak points and their evidence for each of its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from configs.settings import Definitions
from features.catalog import Feature
from features.errors import ModelError, SourceError
from features.own_table.columns import as_kind
from features.own_table.reading import trimmed
from features.own_table.table import OwnColumn, customer_ids
from models.bundle import FORMAT, damage_told, read_files, to_json, write_files
from models.churn import ChurnModel
from models.columns import records
from models.language import Language
from models.own_table_evidence import Evidence, Typical
from models.weakpoints import NAMED, Naming, points, ranked

KIND = "a table of one's own"
EDGE = 1e-9
LEAST_SLOPE = 0.05
PREFIX = "own "
"""Before each column's name, so that none is mistaken for a key of the snapshots."""


@dataclass(frozen=True)
class OwnModel:
    """log-odds = slope · (churn model's log-odds) + intercept, calibrated on customers held out.

    `usual`: mean contribution of each column in the training, from which contributions are measured. `about`:
    where it comes from and how it was judged.
    """

    name: str
    columns: tuple[OwnColumn, ...]
    churn: ChurnModel
    slope: float
    intercept: float
    usual: Mapping[str, float]
    typical: Typical
    about: Mapping[str, Any] = field(default_factory=dict)
    version: str = "unregistered"

    def read(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The model's columns of a raw frame, typed; ModelError names all that are missing."""
        missing = [column.name for column in self.columns if column.name not in frame]
        if missing:
            raise ModelError(
                f"Model {self.name} was trained with {', '.join(missing)}, which this table lacks. Add the "
                "columns, or train anew without them."
            )
        return pd.DataFrame({c.name: as_kind(trimmed(frame[c.name]), c.kind) for c in self.columns})

    def predict(self, values: pd.DataFrame) -> np.ndarray:
        """Churn probability of rows that were `read`, shape (rows,)."""
        return calibrated(self.churn.predict(inputs(values)), self.slope, self.intercept)

    def contributions(self, values: pd.DataFrame) -> tuple[float, pd.DataFrame]:
        """The base log-odds, and each column's share of a row's beyond it; shape (rows, columns)."""
        base, shares = self.churn.contributions(inputs(values))
        shares = self.slope * shares.rename(columns=lambda name: str(name).removeprefix(PREFIX))
        usual = pd.Series(self.usual, dtype=float).reindex(shares.columns, fill_value=0.0)
        return self.slope * base + self.intercept + float(usual.sum()), shares - usual


def inputs(values: pd.DataFrame) -> pd.DataFrame:
    """Typed columns by the names under which the churn model knows them."""
    return values.rename(columns=lambda name: f"{PREFIX}{name}")


def features(columns: Sequence[OwnColumn]) -> list[Feature]:
    """The columns as features of the churn model, in their own words."""
    return [
        Feature(
            f"{PREFIX}{c.name}",
            c.dimension,
            "as given",
            c.name,
            kind="category" if c.kind == "category" else "number",
        )
        for c in columns
    ]


def calibrated(probability: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    return np.asarray(expit(slope * log_odds(probability) + intercept))


def calibration(probability: np.ndarray, churned: np.ndarray) -> tuple[float, float]:
    """Slope and intercept that turn log-odds into what really happened (Platt 1999).

    The slope is never below .05: a model that knows nothing is drawn to the base rate, and not turned round.
    """
    z = log_odds(probability)
    fitted = LogisticRegression(C=1e6).fit(z.reshape(-1, 1), churned)
    slope, intercept = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if slope >= LEAST_SLOPE:
        return slope, intercept
    return LEAST_SLOPE, float(logit(churned.mean()) - LEAST_SLOPE * z.mean())


def log_odds(probability: np.ndarray) -> np.ndarray:
    return np.asarray(logit(np.clip(probability, EDGE, 1 - EDGE)))


def naming_of(definitions: Definitions) -> Naming:
    return Naming(definitions.named_from_points, definitions.cause_before_rhythm)


def score(
    model: OwnModel,
    frame: pd.DataFrame,
    value: str | None,
    naming: Naming,
    language: Language | None = None,
) -> pd.DataFrame:
    """One row per row of a raw frame, the most urgent first: by value at risk where `value` names a column.

    Columns: rank, customer_id, model_version, churn_probability, value and value_at_risk where there is a
    value, and three weak points with points and evidence. Raises ModelError where a column is missing,
    SourceError where the value is none.
    """
    values = model.read(frame)
    id_column = model.about["id_column"]
    scores = pd.DataFrame(
        {
            "customer_id": customer_ids(frame, id_column if id_column in frame else None),
            "model_version": f"{model.name}/{model.version}",
            "churn_probability": model.predict(values),
        }
    )
    urgent = "churn_probability"
    if value is not None:
        scores["value"], urgent = worth(frame, value), "value_at_risk"
        scores["value_at_risk"] = scores["churn_probability"] * scores["value"]
    base, shares = model.contributions(values)
    weights = points(base, shares, {column.name: column.dimension for column in model.columns})
    scores = pd.concat(
        [scores, _weak_points(model, values, shares, weights.by_dimension, naming, language)], axis=1
    )
    scores = scores.sort_values([urgent, "customer_id"], ascending=[False, True], ignore_index=True)
    scores.insert(0, "rank", np.arange(1, len(scores) + 1))
    return scores


def worth(frame: pd.DataFrame, column: str) -> pd.Series:
    """What each customer is worth, in money; raises SourceError where the column doesn't say so."""
    if column not in frame:
        raise SourceError(f"There is no column {column!r} of values. There are: {', '.join(frame.columns)}.")
    value = as_kind(frame[column], "number")
    bad = value.isna() | (value < 0)
    if bad.any():
        shown = frame.loc[bad, column].iloc[0]
        raise SourceError(
            f"The column {column!r} is no value in {int(bad.sum()):,} of {len(frame):,} rows, such as "
            f"{shown!r}: give money, 0 or more, in every row."
        )
    return value


def _weak_points(
    model: OwnModel,
    values: pd.DataFrame,
    shares: pd.DataFrame,
    weights: pd.DataFrame,
    naming: Naming,
    language: Language | None,
) -> pd.DataFrame:
    evidence = Evidence(model.columns, model.typical)
    told = []
    for value, share, weight in zip(records(values), records(shares), records(weights), strict=True):
        named = ((name, evidence.sentence(name, value, share, language)) for name in ranked(weight, naming))
        told.append([(name, weight[name], text) for name, text in named if text is not None][:NAMED])
    table: dict[str, Any] = {}
    for place in range(NAMED):
        at = [row[place] if place < len(row) else (None, np.nan, None) for row in told]
        table[f"weak_point_{place + 1}"] = pd.array([name for name, _, _ in at], dtype="str")
        table[f"weak_point_{place + 1}_points"] = [size for _, size, _ in at]
        table[f"weak_point_{place + 1}_says"] = pd.array([text for _, _, text in at], dtype="str")
    return pd.DataFrame(table, index=values.index)


def save(model: OwnModel, folder: Path) -> Path:
    """Write the model as plain files, whole or not at all."""
    files = {
        "churn.txt": model.churn.trees,
        "churn.json": to_json(model.churn.to_dict()),
        "own.json": to_json(
            {
                "columns": [asdict(column) for column in model.columns],
                "slope": model.slope,
                "intercept": model.intercept,
                "usual": dict(model.usual),
                "typical": asdict(model.typical),
            }
        ),
    }
    manifest = {"format": FORMAT, "kind": KIND, "name": model.name, "version": model.version}
    return write_files(folder, files, manifest | {"about": dict(model.about)})


def load(folder: Path) -> OwnModel:
    """Read a model; raises ModelError where a file is missing or was changed, or it is of another kind."""
    with damage_told(folder):
        manifest, files = read_files(folder, ("churn.txt", "churn.json", "own.json"), KIND)
        own = json.loads(files["own.json"])
        return OwnModel(
            name=str(manifest["name"]),
            columns=tuple(OwnColumn(**column) for column in own["columns"]),
            churn=ChurnModel.from_dict(json.loads(files["churn.json"]), files["churn.txt"], None),
            slope=float(own["slope"]),
            intercept=float(own["intercept"]),
            usual=own["usual"],
            typical=Typical(**own["typical"]),
            about=manifest["about"],
            version=str(manifest["version"]),
        )


def with_version(model: OwnModel, version: str) -> OwnModel:
    return replace(model, version=version)
