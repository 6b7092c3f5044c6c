"""What a trial of settings is judged by: days before the judged one, each with training days before it.

All horizons end on or before the judged day, so nothing that the judgement looks at is used; and each day is
predicted by a model fitted on horizons that had ended by then. The features are computed once, with the
reference of the first of these days, and shared by all trials.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from configs.settings import Definitions, TrainingSettings
from features.build import catalog
from features.errors import HistoryError
from features.reference import Reference, reference
from features.snapshots import Tables, before
from models import buying
from models.columns import Columns
from models.level import churn_level, shift
from models.trees import Ensemble, grow
from training.fit import plan_for, training_frame, trees
from training.intervals import log_losses
from training.metrics import EDGE
from training.outlook import customer_histories
from training.plan import Plan

DAYS = 3
APART_DAYS = 28
MOST_ROWS = 40_000


class Model(Protocol):
    """What a trial fits."""

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """Churn probability of each row."""


FitFrame = Callable[[pd.DataFrame, TrainingSettings], Model]


@dataclass(frozen=True)
class Validation:
    """`frame`: customer_id, as_of, features, churned, revenue of all days. `days`: judged → trained on."""

    frame: pd.DataFrame
    days: Mapping[datetime, tuple[datetime, ...]]

    def splits(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """For each judged day, the earliest first, the rows to fit on and the rows to predict."""
        when = self.frame["as_of"]
        for day, training in sorted(self.days.items()):
            yield self.frame[when.isin(training)], self.frame[when == day]


def validation(
    tables: Tables, as_of: datetime, definitions: Definitions, settings: TrainingSettings
) -> Validation:
    """The last days whose horizon ends before the day that a training as of `as_of` is judged on.

    Raises HistoryError where history is too short for one of them.
    """
    last = as_of - timedelta(days=2 * definitions.horizon_days)
    apart = timedelta(days=math.ceil(APART_DAYS / settings.step_days) * settings.step_days)
    days: dict[datetime, tuple[datetime, ...]] = {}
    for day in (last - apart * back for back in range(DAYS)):
        try:
            days[day] = plan_for(before(tables, day), day, definitions, settings).days
        except HistoryError:
            break
    if not days:
        needed = 3 * definitions.horizon_days + settings.first_history_days
        raise HistoryError(
            f"There is too little history for trials of settings: they need {needed} days before "
            f"{as_of:%Y-%m-%d} ({settings.first_history_days} of history and three horizons of "
            f"{definitions.horizon_days}). Leave --trials out, or choose a shorter horizon_days."
        )
    every = sorted({*days, *(day for training in days.values() for day in training)})
    told = reference(tables, min(days))
    frame = training_frame(tables, Plan(last, tuple(every)), definitions, told)
    frame = _with_buying(frame, tables, min(days), definitions, told)
    return _with_both_outcomes(Validation(frame, {day: fewer(days[day], frame["as_of"]) for day in days}))


@dataclass(frozen=True)
class GrownTrees:
    """The trees of the churn model by themselves; the level is left out."""

    ensemble: Ensemble

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return np.asarray(expit(self.ensemble.predict(frame)))


def fit_frame(tables: Tables) -> FitFrame:
    """The fit of one trial. The settings are those of the trees: all else in the blend is the same in all."""
    features = [*catalog(tables).available(tables), *buying.FEATURES]

    def fit(frame: pd.DataFrame, settings: TrainingSettings) -> GrownTrees:
        columns = Columns.of([feature for feature in features if feature.name in frame], frame)
        churned = frame["churned"].to_numpy(dtype=float)
        level = frame["churned"].groupby(frame["as_of"]).transform(_level).to_numpy(dtype=float)
        return GrownTrees(grow(columns, frame, churned, level, trees(settings), {"objective": "binary"}))

    return fit


def loss_at_level(churned: np.ndarray, probability: np.ndarray) -> float:
    """Log loss once all log-odds are moved by one number, so that as many are predicted to churn as did.

    The level of a season is not the settings' job, and would drown what is.
    """
    odds = logit(np.clip(probability, EDGE, 1 - EDGE))
    return float(log_losses(churned, expit(odds + shift(odds, churned.mean()))).mean())


def fewer(training: tuple[datetime, ...], when: pd.Series) -> tuple[datetime, ...]:
    """Every second, third … day, the newest among them, so that a trial fits about `MOST_ROWS` at most.

    Days that lie close have much in common, and what is good for half of them is good for all.
    """
    step = math.ceil(when.isin(training).sum() / MOST_ROWS)
    return training[::-1][:: max(1, step)][::-1]


def _with_buying(
    frame: pd.DataFrame, tables: Tables, day: datetime, definitions: Definitions, told: Reference
) -> pd.DataFrame:
    """The frame and what the models of buying say, as of a day; the frame where they can't be fitted."""
    if definitions.mode == "contractual":
        return frame
    try:
        found = buying.fit_buying(customer_histories(tables, day, told), told.return_share)
    except HistoryError:
        return frame
    return found.told(frame, definitions.horizon_days)


def _level(churned: pd.Series) -> float:
    return churn_level(np.zeros(len(churned)), churned.to_numpy(dtype=float))


def _with_both_outcomes(found: Validation) -> Validation:
    days = dict(found.days)
    for (day, _), parts in zip(sorted(found.days.items()), found.splits(), strict=True):
        if any(part["churned"].nunique() < 2 for part in parts):
            del days[day]
    if not days:
        raise HistoryError(
            "Every customer churned in the days that trials of settings would be judged by, or none did. "
            "Leave --trials out, or change horizon_days or lookback_days."
        )
    return Validation(found.frame, days)
