"""Settings by trial: Optuna over days before the judged one, resumable, with a run in MLflow for each trial.

A study lies in a file of the home folder under a name that stands for the data, the definitions, the settings
and the code. So a tuning that was stopped goes on where it was, and several processes may work on one study.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import mlflow
import numpy as np
import optuna
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import Trial, TrialState

from configs.loading import home
from configs.settings import Definitions, TrainingSettings
from features.snapshots import Tables
from training.fit import fingerprint
from training.rerun import code_digest
from training.runs import nested
from training.study_page import study_page
from training.tracking import alone
from training.validation import FitFrame, Validation, fit_frame, loss_at_level, validation

SPACE: Mapping[str, tuple[float, float]] = {
    "trees": (100, 800),
    "leaves": (4, 31),
    "learning_rate": (0.01, 0.1),
    "min_leaf_share": (0.0005, 0.02),
}
"""Setting → the smallest and the largest value that is tried, on a logarithmic scale."""

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Tuned:
    """`settings`: of the best trial. `says`: how it went, in words. `begun_with`: the first trial's settings.

    Without trials, and none of the champion's: the given settings, an empty text, and null.
    """

    settings: TrainingSettings
    says: str
    begun_with: Mapping[str, Any] | None


def tuned(
    tables: Tables,
    as_of: datetime,
    definitions: Definitions,
    settings: TrainingSettings,
    trials: int,
    say: Say = lambda _: None,
) -> Tuned:
    """The settings of the best of so many trials; the given ones are the first.

    Each trial is a nested run of the MLflow run that is open, which gets a page about the study. Raises
    HistoryError where history is too short for it.
    """
    say("Computing the features for the trials")
    days = validation(tables, as_of, definitions, settings)
    study = open_study(_name(tables, as_of, definitions, settings), settings)
    search(study, days, fit_frame(tables), settings, trials, say)
    mlflow.log_text(study_page(study), "study.html")
    mlflow.log_metric("validation_loss", study.best_value)
    mlflow.set_tags({"study": study.study_name, "best_trial": str(study.best_trial.number)})
    found = with_parameters(settings, study.best_params)
    return Tuned(found, _says(study, settings, found), settings.model_dump())


def open_study(name: str, settings: TrainingSettings) -> optuna.Study:
    """The study of a name: the one that was begun, or a new one whose first trial is of `settings`."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with alone():
        study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(home() / "optuna.log"))),
            study_name=name,
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
        )
        _begin_with(study, {setting: getattr(settings, setting) for setting in SPACE})
    return study


def _begin_with(study: optuna.Study, given: dict[str, Any]) -> None:
    """Have the given settings tried, unless they were or are about to; a trial that was killed is none."""
    there = study.get_trials(deepcopy=False, states=(*FINISHED, TrialState.WAITING))
    if not any(given in (trial.params, trial.system_attrs.get("fixed_params")) for trial in there):
        study.enqueue_trial(given)


def search(
    study: optuna.Study,
    days: Validation,
    fit: FitFrame,
    settings: TrainingSettings,
    trials: int,
    say: Say = lambda _: None,
) -> None:
    """Try settings until the study has so many finished trials, those of other processes among them."""

    def objective(trial: Trial) -> float:
        say(f"Trial {trial.number + 1} of {trials}{_best(study)}")
        # Seeded by the trial's number, a study that was stopped goes on as if it had not been.
        study.sampler = TPESampler(seed=settings.seed + trial.number)
        suggested = {name: _suggest(trial, name, getattr(settings, name)) for name in SPACE}
        with nested(f"trial {trial.number}"):
            mlflow.log_params(suggested)
            loss, pruned = _loss(trial, days, fit, with_parameters(settings, suggested))
            mlflow.set_tag("pruned", str(pruned).lower())
        if pruned:
            raise optuna.TrialPruned
        return loss

    missing = trials - len(study.get_trials(deepcopy=False, states=FINISHED))
    if missing > 0:
        enough = optuna.study.MaxTrialsCallback(trials, states=FINISHED)
        study.optimize(objective, n_trials=missing, callbacks=[enough])


def with_parameters(settings: TrainingSettings, chosen: Mapping[str, Any]) -> TrainingSettings:
    return TrainingSettings(**settings.model_dump() | dict(chosen))


def _loss(trial: Trial, days: Validation, fit: FitFrame, settings: TrainingSettings) -> tuple[float, bool]:
    """The mean loss over the days, and whether it was given up before the last."""
    losses: list[float] = []
    for step, (train, judged) in enumerate(days.splits()):
        probability = fit(train, settings).predict(judged)
        losses.append(loss_at_level(judged["churned"].to_numpy(dtype=float), probability))
        mean = float(np.mean(losses))
        mlflow.log_metric("validation_loss", mean, step=step)
        trial.report(mean, step)
        if step + 1 < len(days.days) and trial.should_prune():
            return mean, True
    return float(np.mean(losses)), False


def _suggest(trial: Trial, name: str, given: float) -> float:
    """A value between the bounds of `SPACE`, which reach to the given value where it lies beyond them."""
    low, high = SPACE[name]
    if isinstance(given, int):
        return trial.suggest_int(name, min(int(low), given), max(int(high), given), log=True)
    return trial.suggest_float(name, min(low, given), max(high, given), log=True)


def _says(study: optuna.Study, given: TrainingSettings, found: TrainingSettings) -> str:
    trials = len(study.get_trials(deepcopy=False, states=FINISHED))
    first = next((t.value for t in study.get_trials(deepcopy=False) if t.state == TrialState.COMPLETE), None)
    if found == given or first is None:
        return f"Of {trials} trials of settings none was better than those given."
    chosen = ", ".join(f"{name} {getattr(found, name):.4g}" for name in SPACE)
    return (
        f"The best of {trials} trials of settings has a validation loss of {study.best_value:.4f} "
        f"(the first, {first:.4f}): {chosen}."
    )


def _best(study: optuna.Study) -> str:
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    losses = [trial.value for trial in done if trial.value is not None]
    return f", best validation loss {min(losses):.4f}" if losses else ""


def _name(tables: Tables, as_of: datetime, definitions: Definitions, settings: TrainingSettings) -> str:
    rests_on = {
        "data": fingerprint(tables),
        "as_of": as_of.isoformat(),
        "definitions": definitions.model_dump(),
        "settings": settings.model_dump(),
        "code": code_digest(),
    }
    digest = hashlib.sha256(json.dumps(rests_on, sort_keys=True).encode()).hexdigest()[:16]
    return f"churn {as_of:%Y-%m-%d} {digest}"
