"""Would it have worked? The recipe, trained as of the last day whose horizon is over, and judged on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from pydantic import ValidationError

from configs.settings import Definitions, TrainingSettings
from features.build import catalog
from features.errors import AmityError, HistoryError, ModelError
from features.reference import Reference, reference
from features.snapshots import before
from models.bundle import Bundle
from models.churn import fit_churn
from models.clv import fit_clv
from training.baselines import RECENCY, RFM, bg_nbd, logistic
from training.fit import Tables, customer_histories, plan_for, training_frame, trees
from training.metrics import churn_metrics, money_metrics
from training.plan import Plan

FOLDS = 4
AMITY = "Amity"


@dataclass(frozen=True)
class Judgement:
    """How each model did on the judged day.

    `outcome`: customer_id, churned, revenue. `metrics`: model → figures. `probabilities`: model → churn
    probability, in the order of `outcome`. `on_customers_held_out`: true where history was too short to train
    on earlier days, and the customers were split instead.
    """

    as_of: datetime
    outcome: pd.DataFrame
    probabilities: Mapping[str, np.ndarray]
    metrics: Mapping[str, Mapping[str, float]]
    on_customers_held_out: bool
    settings: TrainingSettings

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
    recipes = _recipes(tables, settings)
    probabilities = {
        name: _cross_fitted(recipe, judged) if held_out else recipe(train, judged)
        for name, recipe in recipes.items()
    }
    histories = customer_histories(tables, day, told)
    probabilities["BG/NBD"] = bg_nbd(histories, judged, definitions.horizon_days)
    churned = judged["churned"].to_numpy(dtype=float)
    metrics = {name: churn_metrics(churned, p) for name, p in probabilities.items()}
    clv = fit_clv(histories, told.return_share)
    predicted = clv.expected_revenue(judged, definitions.horizon_days)
    metrics[AMITY] |= money_metrics(judged["revenue"].to_numpy(dtype=float), predicted)
    outcome = judged[["customer_id", "churned", "revenue"]]
    return Judgement(day, outcome, probabilities, metrics, held_out, settings)


def judge_champion(
    champion: Bundle, tables: Tables, judgement: Judgement, definitions: Definitions
) -> dict[str, float]:
    """The champion's figures on the same customers and the same day.

    Where the champion has seen that horizon's outcome, its recipe is trained anew as of the judged day.
    Raises AmityError where it can't be judged here: other definitions, or other tables.
    """
    if _words(champion.manifest.definitions) != _words(definitions):
        raise AmityError("the champion defines churn by other days")
    if champion.manifest.as_of > judgement.as_of:
        settings = _recipe_of(champion)
        if settings == judgement.settings:
            return dict(judgement.metrics[AMITY])
        again = judge(
            tables, judgement.as_of + timedelta(days=definitions.horizon_days), definitions, settings
        )
        return dict(again.metrics[AMITY])
    judged = judged_frame(tables, judgement.as_of, definitions, champion.reference)
    return churn_metrics(judgement.churned, champion.churn.predict(judged))


def judged_frame(tables: Tables, day: datetime, definitions: Definitions, told: Reference) -> pd.DataFrame:
    """The active customers of a day with features and outcome, by customer; HistoryError for nobody."""
    frame = training_frame(tables, Plan(day, (day,)), definitions, told)
    if frame.empty:
        raise HistoryError(
            f"Nobody was active on {day:%Y-%m-%d}, the last day whose horizon is over, so no model can be "
            "judged. Choose another --as-of, or a longer lookback_days."
        )
    return frame


Recipe = Callable[[pd.DataFrame, pd.DataFrame], np.ndarray]


def _recipes(tables: Tables, settings: TrainingSettings) -> dict[str, Recipe]:
    features = catalog(tables).available(tables)
    return {
        AMITY: lambda train, judged: fit_churn(train, features, trees(settings)).predict(judged),
        "RFM logistic": lambda train, judged: logistic(train, judged, RFM),
        "recency alone": lambda train, judged: logistic(train, judged, RECENCY),
    }


def _cross_fitted(recipe: Recipe, judged: pd.DataFrame) -> np.ndarray:
    """Each customer's probability from a model that has not seen them."""
    fold = np.arange(len(judged)) % FOLDS
    probability = np.empty(len(judged))
    for held in range(FOLDS):
        probability[fold == held] = recipe(judged[fold != held], judged[fold == held])
    return probability


def _recipe_of(champion: Bundle) -> TrainingSettings:
    try:
        return TrainingSettings(**{k: v for k, v in champion.manifest.settings.items() if k != "days"})
    except ValidationError:
        raise ModelError("its training settings are not those of this Amity") from None


def _words(definitions: Definitions) -> tuple[int, int]:
    return definitions.horizon_days, definitions.lookback_days
