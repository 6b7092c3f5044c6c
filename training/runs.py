"""The life of an MLflow run: from its start to its end, even where the process is killed.

A training holds a lock on a file of its own for as long as it lives, and its run bears the file's name; the
system frees the lock of a process that died. So the next training knows which runs nobody works on any more.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import mlflow
from mlflow import MlflowClient

from configs.loading import home
from features.errors import HistoryError
from training.tracking import EXPERIMENT, connect

PROCESS = "process"
MOST = 1_000


@contextmanager
def run(name: str) -> Iterator[str]:
    """One MLflow run, whose id is given; it ends as failed where the block raises.

    Where the block finds too little history, nothing was trained, and the run is deleted.
    """
    connect()
    end_the_dead()
    with _alive() as token:
        try:
            with mlflow.start_run(
                run_name=name, experiment_id=_experiment(), tags={PROCESS: token}
            ) as started:
                yield str(started.info.run_id)
        except HistoryError:
            MlflowClient().delete_run(started.info.run_id)
            raise


@contextmanager
def nested(name: str) -> Iterator[str]:
    """A run within the run that is open, for one trial of many."""
    parent = mlflow.active_run()
    tags = {} if parent is None else {PROCESS: parent.data.tags.get(PROCESS, "")}
    with mlflow.start_run(run_name=name, experiment_id=_experiment(), nested=True, tags=tags) as started:
        yield str(started.info.run_id)


def end_the_dead() -> int:
    """Mark the runs whose process died as killed, those of other homes left alone; how many there were."""
    client = MlflowClient()
    running = client.search_runs([_experiment()], "attributes.status = 'RUNNING'", max_results=MOST)
    dead = [run for run in running if _is_dead(run.data.tags.get(PROCESS))]
    for ended in dead:
        client.set_terminated(ended.info.run_id, status="KILLED")
    for token in {ended.data.tags[PROCESS] for ended in dead}:
        _lock_file(token).unlink(missing_ok=True)
    return len(dead)


@contextmanager
def _alive() -> Iterator[str]:
    """The name of a file that is locked while the block runs."""
    token = uuid4().hex
    file = _lock_file(token)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield token
        finally:
            file.unlink(missing_ok=True)


def _is_dead(token: str | None) -> bool:
    if not token or not _lock_file(token).exists():
        return False
    with _lock_file(token).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _lock_file(token: str) -> Path:
    return home() / "runs" / f"{token}.lock"


def _experiment() -> str:
    return str(mlflow.get_experiment_by_name(EXPERIMENT).experiment_id)
