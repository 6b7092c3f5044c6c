"""Would it have worked? The recipe, trained as of the last day whose horizon is over, and judged on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np
import pandas as pd

from configs.settings import Definitions, TrainingSettings
from features.errors import HistoryError
from features.reference import Reference, reference
from features.snapshots import Tables, before
from training.baselines import RECENCY, RFM, bg_nbd, logistic
from training.contractual import baselines, contractual_revenue
from training.fit import Recipe, plan_for, recipe, training_frame
from training.groups import groups
from training.metrics import churn_metrics, money_metrics
from training.outlook import customer_histories
from training.plan import Plan
from training.reactivation import Comebacks, Lapsed
from training.reactivation import judged as judge_lapsed

FOLDS = 4
AMITY = "Amity"


@dataclass(frozen=True)
class Judgement:
    """How each model did on the judged day.

    `outcome`: customer_id, churned, revenue. `metrics`: model → figures. `probabilities`: model → churn
    probability, in the order of `outcome`. `on_customers_held_out`: true where history was too short to train
    on earlier days, and the customers were split instead. `groups`: as `training.groups` gives them, in the
    order of `outcome`. `comebacks`: how the model of lapsed customers did; null where there is none.
    """

    as_of: datetime
    outcome: pd.DataFrame
    probabilities: Mapping[str, np.ndarray]
    metrics: Mapping[str, Mapping[str, float]]
    on_customers_held_out: bool
    settings: TrainingSettings
    groups: pd.DataFrame | None = None
    comebacks: Comebacks | None = None

    @property
    def churned(self) -> np.ndarray:
        return self.outcome["churned"].to_numpy(dtype=float)


def judge(tables: Tables, as_of: datetime, definitions: Definitions, settings: TrainingSettings) -> Judgement:
    """Judge the recipe and the baselines on the last snapshot whose horizon ended on or before `as_of`."""
    day = as_of - timedelta(days=definitions.horizon_days)
    told = reference(tables, day)
    judged = judged_frame(tables, day, definitions, told)
    known = before(tables, day)
    try:
        days = plan_for(known, day, definitions, settings)
        train = training_frame(known, days, definitions, told)
        held_out = train["churned"].nunique() < 2
    except HistoryError:
        held_out = True
    short = definitions.model_copy(update={"clv_horizon_days": definitions.horizon_days})
    by = recipe(known, day, short, settings, told)
    recipes = _recipes(by)
    by_orders = by.outlook is not None
    probabilities = {
        name: _cross_fitted(recipe, judged) if held_out else recipe(train, judged)
        for name, recipe in recipes.items()
    }
    if by_orders:
        histories = customer_histories(known, day, told)
        probabilities["BG/NBD"] = bg_nbd(histories, judged, definitions.horizon_days)
    churned = judged["churned"].to_numpy(dtype=float)
    metrics = {name: churn_metrics(churned, p) for name, p in probabilities.items()}
    if not by_orders:
        revenue = contractual_revenue(judged, probabilities[AMITY], short)
    else:
        revenue = _cross_fitted(partial(_revenue, by), judged) if held_out else _revenue(by, train, judged)
    metrics[AMITY] |= money_metrics(judged["revenue"].to_numpy(dtype=float), revenue)
    outcome = judged[["customer_id", "churned", "revenue"]]
    kinds = groups(judged, definitions)
    comebacks = None
    if by.outlook is not None:
        comebacks = judge_lapsed(Lapsed(known, day, definitions, told, by.outlook), tables, by.trees)
    return Judgement(day, outcome, probabilities, metrics, held_out, settings, kinds, comebacks)


def judged_frame(tables: Tables, day: datetime, definitions: Definitions, told: Reference) -> pd.DataFrame:
    """The active customers of a day with features and outcome, by customer; HistoryError for nobody."""
    frame = training_frame(tables, Plan(day, (day,)), definitions, told)
    if frame.empty:
        raise HistoryError(
            f"Nobody was active on {day:%Y-%m-%d}, the last day whose horizon is over, so no model can be "
            "judged. Choose another --as-of, or a longer lookback_days."
        )
    return frame


Predicted = Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]


def _recipes(by: Recipe) -> dict[str, Predicted]:
    amity: dict[str, Predicted] = {AMITY: lambda train, judged: by.churn(train, judged).predict(judged)}
    if by.outlook is None:
        return amity | baselines()
    return amity | {
        "RFM logistic": lambda train, judged: logistic(train, judged, RFM),
        "recency alone": lambda train, judged: logistic(train, judged, RECENCY),
    }


def _revenue(by: Recipe, train: pd.DataFrame, judged: pd.DataFrame) -> np.ndarray:
    fitted = by.clv(train, judged)
    return fitted.expected_revenue(judged, by.horizon_days) if fitted else np.zeros(len(judged))


def _cross_fitted(recipe: Predicted, judged: pd.DataFrame) -> np.ndarray:
    """Each customer's probability from a model that has not seen them."""
    fold = np.arange(len(judged)) % FOLDS
    probability = np.empty(len(judged))
    for held in range(FOLDS):
        probability[fold == held] = recipe(judged[fold != held], judged[fold == held])
    return probability
