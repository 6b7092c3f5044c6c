"""A table of one's own → a model, judged by cross-validation over customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from configs.settings import TrainingSettings
from features.own_table.table import OwnTable
from models.churn import ChurnModel, fit_churn
from models.own_table import PREFIX, OwnModel, calibrated, calibration, features, inputs
from models.own_table_evidence import typical
from training.fit import code_revision, trees
from training.metrics import churn_metrics

FOLDS = 5
AMITY, LOGISTIC, BASE_RATE = "Amity", "logistic regression", "base rate"
MOST_ROWS_OF_LOGISTIC = 200_000
MOST_NAMES = 100
NO_DAY = datetime(1970, 1, 1)  # noqa: DTZ001
"""The rows are all of one day, and which it is doesn't matter."""


@dataclass(frozen=True)
class OwnJudgement:
    """`metrics`: model → figures on customers held out, each customer counted once however often copied.

    `with_copies_apart`: Amity's figures where copies of one customer lie on both sides, as they would look;
    null where there are no copies. `slope`, `intercept`: of the calibration on customers held out.
    """

    metrics: Mapping[str, Mapping[str, float]]
    with_copies_apart: Mapping[str, float] | None
    slope: float
    intercept: float
    customers: int
    churned: float

    @property
    def is_better_than_nothing(self) -> bool:
        """Whether it knows more than that everyone churns as often as all do."""
        return self.metrics[AMITY]["log_loss"] < self.metrics[BASE_RATE]["log_loss"]


def fit_own(table: OwnTable, judgement: OwnJudgement, settings: TrainingSettings, name: str) -> OwnModel:
    """The model of all customers, the first row of each, calibrated as it was judged."""
    rows = _first_rows(table)
    churn = _fit(table, rows, settings)
    values = rows[[feature.name for feature in features(table.columns)]]
    _, shares = churn.contributions(values)
    usual = judgement.slope * shares.mean()
    firsts = table.copies.firsts
    return OwnModel(
        name=name,
        columns=table.columns,
        churn=churn,
        slope=judgement.slope,
        intercept=judgement.intercept,
        usual={str(key).removeprefix(PREFIX): float(value) for key, value in usual.items()},
        typical=typical(table.columns, table.values[firsts].reset_index(drop=True), table.churned[firsts]),
        about={
            "source": table.path.name,
            "id_column": table.id_column,
            "label": table.label.says,
            "left_out": dict(table.left_out),
            "copies": table.copies.says,
            "fingerprint": table.fingerprint,
            "code": code_revision(),
            "settings": settings.model_dump(),
            "metrics": {model: dict(figures) for model, figures in judgement.metrics.items()},
        },
    )


def judge_own(table: OwnTable, settings: TrainingSettings) -> OwnJudgement:
    """Judge Amity, a logistic regression and the base rate by cross-validation over customers.

    Each customer is predicted by models that have seen neither the row nor a copy of it.
    """
    rows = _first_rows(table)
    churned = rows["churned"].to_numpy(dtype=float)
    fold = folds(churned, settings.seed)
    raw = _held_out(table, rows, fold, settings)
    probabilities = {
        AMITY: _cross_calibrated(raw, churned, fold),
        LOGISTIC: _logistic(table, rows, fold),
        BASE_RATE: np.full(len(rows), churned.mean()),
    }
    slope, intercept = calibration(raw, churned)
    return OwnJudgement(
        metrics={name: churn_metrics(churned, p) for name, p in probabilities.items()},
        with_copies_apart=_with_copies_apart(table, settings) if table.copies.surplus else None,
        slope=slope,
        intercept=intercept,
        customers=len(rows),
        churned=float(churned.mean()),
    )


def folds(churned: np.ndarray, seed: int) -> np.ndarray:
    """The fold of each row, churners spread evenly; shape (rows,)."""
    order = np.lexsort((np.random.default_rng(seed).random(len(churned)), churned))
    fold = np.empty(len(churned), dtype=int)
    fold[order] = np.arange(len(churned)) % FOLDS
    return fold


def _rows(table: OwnTable) -> pd.DataFrame:
    return inputs(table.values).assign(customer_id=table.ids, as_of=NO_DAY, churned=table.churned == 1.0)


def _first_rows(table: OwnTable) -> pd.DataFrame:
    return _rows(table)[table.copies.firsts].reset_index(drop=True)


def _fit(table: OwnTable, rows: pd.DataFrame, settings: TrainingSettings) -> ChurnModel:
    return fit_churn(rows, features(table.columns), trees(settings))


def _held_out(
    table: OwnTable, rows: pd.DataFrame, fold: np.ndarray, settings: TrainingSettings
) -> np.ndarray:
    probability = np.empty(len(rows))
    for held in range(FOLDS):
        model = _fit(table, rows[fold != held], settings)
        probability[fold == held] = model.predict(rows[fold == held])
    return probability


def _with_copies_apart(table: OwnTable, settings: TrainingSettings) -> dict[str, float]:
    rows = _rows(table)
    churned = rows["churned"].to_numpy(dtype=float)
    fold = folds(churned, settings.seed)
    return churn_metrics(churned, _cross_calibrated(_held_out(table, rows, fold, settings), churned, fold))


def _cross_calibrated(raw: np.ndarray, churned: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Each fold calibrated by what the others show."""
    probability = np.empty(len(raw))
    for held in range(FOLDS):
        found = calibration(raw[fold != held], churned[fold != held])
        probability[fold == held] = calibrated(raw[fold == held], *found)
    return probability


def _logistic(table: OwnTable, rows: pd.DataFrame, fold: np.ndarray) -> np.ndarray:
    own = features(table.columns)
    numbers = [feature.name for feature in own if feature.kind == "number"]
    texts = [feature.name for feature in own if feature.kind == "category"]
    values = rows[[*numbers, *texts]].copy()
    values[texts] = values[texts].astype(object).where(values[texts].notna(), "")
    probability = np.empty(len(rows))
    for held in range(FOLDS):
        some = np.flatnonzero(fold != held)[:MOST_ROWS_OF_LOGISTIC]
        prepare = ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
                ("texts", OneHotEncoder(handle_unknown="ignore", max_categories=MOST_NAMES), texts),
            ]
        )
        model = make_pipeline(prepare, LogisticRegression(max_iter=1000))
        model.fit(values.iloc[some], rows["churned"].to_numpy()[some])
        probability[fold == held] = model.predict_proba(values[fold == held])[:, 1]
    return probability
