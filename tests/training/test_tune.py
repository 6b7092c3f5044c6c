"""Trials of settings: the best is taken, and a study that was stopped goes on as if it had not been."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import optuna
import pandas as pd
import pytest
from mlflow import MlflowClient
from optuna.trial import TrialState

from configs.settings import TrainingSettings
from training import tune
from training.runs import run
from training.tune import SPACE, open_study, search, tuned, with_parameters
from training.validation import Validation

SETTINGS = TrainingSettings(trees=200, leaves=8, learning_rate=0.05, min_leaf_share=0.002)
BEST_RATE = 0.02


class Constant:
    def __init__(self, blur: float) -> None:
        self.blur = blur

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return np.clip(frame["risk"].to_numpy() * (1 - self.blur) + self.blur / 2, 0.01, 0.99)


def fit(_: pd.DataFrame, settings: TrainingSettings) -> Constant:
    """The nearer the learning rate is to the best, the better."""
    return Constant(min(0.9, abs(np.log(settings.learning_rate / BEST_RATE)) / 2))


@pytest.fixture(scope="module")
def days(risky: Any) -> Validation:
    churned, risk = risky(300)
    when = [datetime(2025, 1, 1), datetime(2025, 2, 1), datetime(2025, 3, 1)]  # noqa: DTZ001
    frame = pd.DataFrame(
        {
            "as_of": np.repeat(np.array(when, dtype="datetime64[us]"), 100),
            "risk": risk,
            "churned": churned == 1,
        }
    )
    return Validation(frame, {when[1]: (when[0],), when[2]: (when[0], when[1])})


def values(study: optuna.Study) -> list[tuple[int, TrialState, dict[str, Any]]]:
    return [(trial.number, trial.state, trial.params) for trial in study.get_trials()]


def searched(name: str, days: Validation, *upto: int) -> optuna.Study:
    for trials in upto:
        with run(name):
            search(open_study(name, SETTINGS), days, fit, SETTINGS, trials)
    return open_study(name, SETTINGS)


@pytest.mark.usefixtures("new_home")
def test_a_study_that_was_stopped_goes_on_as_if_it_had_not_been(days: Validation) -> None:
    whole, resumed = searched("whole", days, 12), searched("resumed", days, 5, 12)
    assert values(whole) == values(resumed)
    assert len(whole.get_trials()) == 12
    first = whole.get_trials()[0]
    assert first.params == {name: getattr(SETTINGS, name) for name in SPACE}
    assert abs(np.log(whole.best_params["learning_rate"] / BEST_RATE)) < 0.4
    assert TrialState.PRUNED in {trial.state for trial in whole.get_trials()}


@pytest.mark.usefixtures("new_home")
def test_enough_trials_are_enough(days: Validation) -> None:
    assert len(searched("enough", days, 3, 3, 2).get_trials(states=tune.FINISHED)) == 3


@pytest.mark.usefixtures("new_home")
def test_the_given_settings_are_tried_though_their_trial_was_killed(days: Validation) -> None:
    killed = open_study("killed", SETTINGS).ask()
    assert killed.suggest_int("leaves", 4, 31, log=True) == SETTINGS.leaves
    first, second = searched("killed", days, 2).get_trials(states=tune.FINISHED)
    assert first.params == {name: getattr(SETTINGS, name) for name in SPACE}
    assert second.params != first.params


def test_two_workers_share_a_study(days: Validation, new_home: Path) -> None:
    with run("two"):
        mine, theirs = (open_study("shared", SETTINGS) for _ in range(2))
        search(mine, days, fit, SETTINGS, 2)
        search(theirs, days, fit, SETTINGS, 4)
    assert [number for number, _, _ in values(mine)] == [0, 1, 2, 3]
    assert (new_home / "optuna.log").exists()


def test_the_settings_are_the_best_trials_and_the_study_has_a_page(
    days: Validation, shop: Any, new_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tune, "validation", lambda *_: days)
    monkeypatch.setattr(tune, "fit_frame", lambda _: fit)
    said: list[str] = []
    with run("training") as run_id:
        made = tuned(shop.tables, shop.as_of, shop.definitions, SETTINGS, 8, said.append)
    found = made.settings
    client = MlflowClient()
    nested = mlflow.search_runs(experiment_names=["amity"], output_format="list")
    trials = [entry for entry in nested if entry.data.tags.get("mlflow.parentRunId") == run_id]
    assert len(trials) == 8
    best = min(trials, key=lambda entry: (entry.data.tags["pruned"], entry.data.metrics["validation_loss"]))
    assert best.data.params["learning_rate"] == str(found.learning_rate)
    assert found == with_parameters(SETTINGS, {name: getattr(found, name) for name in SPACE})
    parent = client.get_run(run_id).data
    assert parent.metrics["validation_loss"] == pytest.approx(best.data.metrics["validation_loss"])
    assert parent.tags["study"].startswith("churn 2025-05-01 ")
    page = Path(client.download_artifacts(run_id, "study.html", str(tmp_path))).read_text()
    assert "Importance of each setting" in page
    assert page.count("<tr>") == 9
    assert made.says.startswith("The best of 8 trials of settings has a validation loss of 0.")
    assert made.says.endswith(f", min_leaf_share {found.min_leaf_share:.4g}.")
    assert said[-1].startswith("Trial 8 of 8, best validation loss 0.")
    assert new_home.exists()


def test_other_data_settings_or_code_are_another_study(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def name(tables: Any = shop.tables, settings: TrainingSettings = SETTINGS) -> str:
        return tune._name(tables, shop.as_of, shop.definitions, settings)  # noqa: SLF001

    mine = name()
    assert name() == mine
    assert name(settings=with_parameters(SETTINGS, {"seed": 8})) != mine
    assert name({"orders": shop.tables["orders"]}) != mine
    monkeypatch.setattr(tune, "code_digest", lambda: "another")
    assert name() != mine


def test_settings_beyond_the_usual_bounds_are_tried_as_well(days: Validation, new_home: Path) -> None:
    small = TrainingSettings(trees=5, leaves=2, learning_rate=0.5, min_leaf_share=0.1)
    with run("small"):
        study = open_study("small", small)
        search(study, days, fit, small, 3)
    assert study.get_trials()[0].params == {name: getattr(small, name) for name in SPACE}
    assert new_home.exists()
