"""A process killed at the worst moments leaves nothing half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

DIE = """
import os, signal, sys
import {room}
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
{room}.{step} = die
import amity
sys.argv = ["amity", *sys.argv[1:]]
amity.main()
"""


def killed(door: Any, room: str, step: str, *words: object) -> None:
    """Run `amity` in a process of its own that is killed when it comes to a step."""
    command = [sys.executable, "-c", DIE.format(room=room, step=step), *map(str, words)]
    ended = subprocess.run(command, capture_output=True, check=False, env=os.environ | door.environment)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@pytest.mark.usefixtures("scores")
def test_a_training_killed_before_it_is_registered_leaves_no_model(door: Any, put: Any, placed: Any) -> None:
    versions = door.done("models", "--json").json
    killed(door, "training.registry", "register", "train", put(orders=placed()), "--horizon-days", 60)
    assert door.done("models", "--json").json == versions


def test_a_scoring_killed_in_the_middle_leaves_nothing_half_done(
    door: Any, shop: Path, scores: pd.DataFrame, tmp_path: Path
) -> None:
    kept, file = door.done("at-risk", "--json").json, tmp_path / "scores.csv"
    killed(door, "serving.files", "Path.chmod", "score", shop, "--out", file)
    assert not file.exists()
    killed(door, "serving.bulk", "_for_sqlite", "score", shop, "--as-of", "2025-01-02", "--out", file)
    assert len(pd.read_csv(file)) >= len(scores) - 10
    assert door.done("at-risk", "--json").json == kept
    door.done("score", shop, "--out", file)
    assert list(pd.read_csv(file)["customer_id"]) == list(scores["customer_id"])
