"""Asks the registry again and again which model is meant, for a service that knows no MLflow.

Started by `amity serve` as `python -m verbs.following MODEL FOLDER`; it ends with the process that began it.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from features.clock import now
from features.errors import ModelError
from serving.champion import Champion, pointer, write

EVERY_SECONDS = 15.0


def ask(model: str, last: Path, folder_of: Callable[[str], Path]) -> Champion:
    """What the registry says now; where it doesn't answer, `last` stays, with the reason."""
    try:
        return Champion(model, folder_of(model), now())
    except ModelError as error:
        return Champion(model, last, now(), str(error))
    except Exception as error:
        return Champion(model, last, now(), f"The registry can't be asked: {error!r}.")


def follow(model: str, folder: Path, folder_of: Callable[[str], Path]) -> None:
    """Write what the registry says to the home, until the parent process is gone."""
    parent = os.getppid()
    while os.getppid() == parent:
        champion = ask(model, folder, folder_of)
        folder = champion.folder
        write(champion, pointer())
        until = time.monotonic() + EVERY_SECONDS
        while time.monotonic() < until and os.getppid() == parent:
            time.sleep(0.5)


def command(model: str, folder: Path) -> list[str]:
    """What `amity serve` starts."""
    return [sys.executable, "-m", "verbs.following", model, str(folder)]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    try:
        follow(sys.argv[1], Path(sys.argv[2]), import_module("training.registry").folder)
    except KeyboardInterrupt:
        sys.exit(0)
