"""A run ends as what became of it, even where nobody was left to end it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from features.errors import HistoryError, ModelError
from training.runs import PROCESS, end_the_dead, nested, run

pytestmark = pytest.mark.usefixtures("new_home")

DIE = """
import os, signal, sys
from training.runs import nested, run
with run("parent"), nested("child"):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def status(run_id: str) -> str:
    return str(MlflowClient().get_run(run_id).info.status)


def test_a_run_is_running_and_then_finished() -> None:
    with run("a") as run_id:
        assert status(run_id) == "RUNNING"
        assert end_the_dead() == 0
    assert status(run_id) == "FINISHED"


def test_a_run_that_breaks_has_failed() -> None:
    with pytest.raises(ModelError, match="broken"), run("a") as run_id:
        raise ModelError("broken")
    assert status(run_id) == "FAILED"


def test_too_little_history_leaves_no_run() -> None:
    with pytest.raises(HistoryError, match="too little"), run("a") as run_id:
        raise HistoryError("too little")
    assert MlflowClient().get_run(run_id).info.lifecycle_stage == "deleted"


def test_a_trial_is_a_run_within() -> None:
    with run("a") as parent, nested("trial 0") as child:
        pass
    tags = MlflowClient().get_run(child).data.tags
    assert tags["mlflow.parentRunId"] == parent
    assert tags[PROCESS] == MlflowClient().get_run(parent).data.tags[PROCESS]


def test_what_a_killed_process_left_is_marked_at_the_next_run(new_home: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", DIE],
        check=False,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    with run("next") as run_id:
        found = mlflow.search_runs(experiment_names=["amity"], output_format="list")
        left = {entry.info.run_name: entry.info.status for entry in found if entry.info.run_id != run_id}
    assert left == {"parent": "KILLED", "child": "KILLED"}
    assert list((new_home / "runs").iterdir()) == []


def test_runs_of_others_are_left_alone() -> None:
    """They bear no file of this home, or none at all."""
    with run("a"):
        client = MlflowClient()
        experiment = mlflow.get_experiment_by_name("amity").experiment_id
        others = [client.create_run(experiment), client.create_run(experiment, tags={PROCESS: "elsewhere"})]
    assert end_the_dead() == 0
    assert [status(other.info.run_id) for other in others] == ["RUNNING", "RUNNING"]
