"""A page about a study: which settings matter, how the trials went, and all of them."""

from __future__ import annotations

import numpy as np
import optuna
from matplotlib.figure import Figure
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from training.page import page, paragraph, picture, table

FEWEST = 4
"""Finished trials below which no importance is told."""


def study_page(study: optuna.Study) -> str:
    """HTML of its own; the study must have a finished trial."""
    trials = study.get_trials(deepcopy=False)
    weights = importance(study)
    best = study.best_trial
    return page(
        f"Trials of settings: {study.study_name}",
        paragraph(
            f"{len(trials)} trials; the best is number {best.number} with a validation loss of "
            f"{study.best_value:.5f}; the settings given at first, trial 0, have {_value(trials[0])}."
        ),
        picture(_history(trials), "Validation loss by trial, and the best so far"),
        picture(_bars(weights), "Importance of each setting") if weights else "",
        table(
            ["trial", "validation loss", *best.params],
            [
                [str(trial.number), _value(trial), *(_figure(trial.params.get(name)) for name in best.params)]
                for trial in trials
            ],
        ),
    )


def importance(study: optuna.Study) -> dict[str, float]:
    """Setting → its share of the loss's variation (fANOVA, Hutter et al. 2014); empty for too few trials."""
    done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(done) < FEWEST or len({trial.value for trial in done}) < 2:
        return {}
    return get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))


def _history(trials: list[FrozenTrial]) -> Figure:
    figure = Figure(figsize=(8, 3.5))
    axes = figure.subplots()
    done, losses = _of(trials, TrialState.COMPLETE)
    axes.plot(done, losses, "o", label="validation loss")
    pruned, _ = _of(trials, TrialState.PRUNED)
    at_the_foot = axes.get_xaxis_transform()  # their loss is that of fewer days, and is not to be compared
    axes.plot(pruned, [0.03] * len(pruned), "x", color="grey", transform=at_the_foot, label="given up early")
    axes.step(done, np.minimum.accumulate(losses), where="post", label="best so far")
    axes.set(xlabel="trial", ylabel="validation loss")
    axes.legend()
    return figure


def _of(trials: list[FrozenTrial], state: TrialState) -> tuple[list[int], list[float]]:
    """The numbers and the losses of the trials in a state."""
    found = [
        (trial.number, trial.value) for trial in trials if trial.state == state and trial.value is not None
    ]
    return [number for number, _ in found], [loss for _, loss in found]


def _bars(weights: dict[str, float]) -> Figure:
    figure = Figure(figsize=(8, 2.5))
    axes = figure.subplots()
    axes.barh(list(weights)[::-1], list(weights.values())[::-1])
    axes.set(xlabel="share of the variation in loss", xlim=(0, 1))
    return figure


def _value(trial: FrozenTrial) -> str:
    if trial.state == TrialState.COMPLETE and trial.value is not None:
        return f"{trial.value:.5f}"
    return trial.state.name.lower()


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
