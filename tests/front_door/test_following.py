"""What asks the registry for a service that knows none."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from features.errors import ModelError
from serving.champion import read
from verbs.following import ask
from verbs.following import command as command_of


def test_the_registry_names_the_folder(tmp_path: Path) -> None:
    found = ask("champion", tmp_path / "1", lambda _: tmp_path / "2")
    assert (found.model, found.folder, found.trouble) == ("champion", tmp_path / "2", None)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ModelError("MLflow at x can't be used: away."), "MLflow at x can't be used: away."),
        (OSError("no route"), "The registry can't be asked: OSError('no route')."),
    ],
)
def test_a_registry_that_is_away_leaves_the_last_folder(tmp_path: Path, error: Exception, says: str) -> None:
    def away(_: str) -> Path:
        raise error

    found = ask("champion", tmp_path / "1", away)
    assert (found.folder, found.trouble) == (tmp_path / "1", says)


FOLLOWER = """
from pathlib import Path
from features.errors import ModelError
from verbs.following import follow
def away(model):
    raise ModelError(f"There is no model {model!r}.")
follow("champion", Path("/bundles/1"), away)
"""
PARENT = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, "-c", sys.argv[1]]).pid, flush=True)
time.sleep(60)
"""


def test_it_says_what_is_wrong_and_ends_with_who_started_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))
    command = [sys.executable, "-c", PARENT, FOLLOWER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        follower = Path("/proc") / parent.stdout.readline().strip()
        _until(lambda: read(tmp_path / "champion.json") is not None)
        assert follower.exists()
        parent.kill()
    found = read(tmp_path / "champion.json")
    assert found is not None
    assert (found.folder, found.trouble) == (Path("/bundles/1"), "There is no model 'champion'.")
    _until(lambda: not follower.exists())


def test_the_command_names_model_and_folder() -> None:
    assert command_of("champion", Path("/x"))[1:] == ["-m", "verbs.following", "champion", "/x"]


def _until(holds: object) -> None:
    until = time.monotonic() + 90
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.1)
