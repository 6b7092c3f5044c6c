"""A process killed at the worst moments leaves nothing half done."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import amity

Killed = Callable[..., None]


@pytest.fixture(scope="module")
def killed(door: Any, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """Runs `amity` in a process of its own that is killed when it comes to a step.

    The processes are forked from one that has imported all they need and done nothing yet.
    """
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["training.train", "models.scoring", "serving.bulk", "serving.files"])
    log = tmp_path_factory.mktemp("killed") / "log"

    def killed(room: str, step: str, *words: object) -> None:
        process = processes.Process(target=run, args=(door.environment, log, room, step, words))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL, log.read_text()

    return killed


def run(environment: Mapping[str, str], log: Path, room: str, step: str, words: tuple[object, ...]) -> None:
    os.environ.update(environment)
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    with log.open("w") as told:
        os.dup2(told.fileno(), sys.stdout.fileno())
        os.dup2(told.fileno(), sys.stderr.fileno())
    *owners, name = step.split(".")
    setattr(reduce(getattr, owners, import_module(room)), name, die)
    sys.argv = ["amity", *map(str, words)]
    amity.main()


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("scores")
def test_a_training_killed_before_it_is_registered_leaves_no_model(
    door: Any, killed: Killed, put: Any, placed: Any
) -> None:
    versions = door.done("models", "--json").json
    killed("training.registry", "register", "train", put(orders=placed()), "--horizon-days", 60)
    assert door.done("models", "--json").json == versions


def test_a_scoring_killed_in_the_middle_leaves_nothing_half_done(
    door: Any, killed: Killed, shop: Path, scores: pd.DataFrame, tmp_path: Path
) -> None:
    kept, file = door.done("at-risk", "--json").json, tmp_path / "scores.csv"
    killed("serving.files", "Path.chmod", "score", shop, "--out", file)
    assert not file.exists()
    killed("serving.bulk", "_for_sqlite", "score", shop, "--as-of", "2025-01-02", "--out", file)
    assert len(pd.read_csv(file)) >= len(scores) - 10
    assert door.done("at-risk", "--json").json == kept
    door.done("score", shop, "--out", file)
    assert list(pd.read_csv(file)["customer_id"]) == list(scores["customer_id"])
