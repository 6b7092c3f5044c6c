"""A new champion takes the old one's place while requests go on: loaded and warmed beside it, then swapped.

A request keeps the resources that it began with. Whatever goes wrong, the last good bundle answers on.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

from features.clock import now
from features.errors import ModelError
from models.bundle import load
from serving.champion import Champion, read
from serving.resources import Resources
from serving.warming import warm

LOG = logging.getLogger(__name__)
EVERY_SECONDS = 2.0
SILENT_FOR = timedelta(seconds=90)
"""A registry that wasn't asked for so long counts as away."""


class Reloading:
    """Follows the file `pointer`; `swap` is called with new resources once they are warm.

    `trouble`: why a newer champion may be missing, in a sentence; null where all is well, or nobody follows.
    """

    def __init__(self, pointer: Path, first: Resources, swap: Callable[[Resources], None]) -> None:
        self._pointer = pointer
        self._resources = first
        self._swap = swap
        self._failed: tuple[Path, str] | None = None
        self._stopped = Event()

    def start(self) -> None:
        Thread(target=self._follow, name="champion", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def look(self) -> None:
        """Take up the bundle that the file names, where it isn't the one that answers."""
        champion = read(self._pointer)
        if champion is None or champion.folder == self._resources.folder:
            self._failed = None
            return
        if self._failed is not None and self._failed[0] == champion.folder:
            return
        try:
            self._take_up(champion.folder)
        except ModelError as error:
            self._failed = (champion.folder, str(error))
            LOG.error("The new champion can't be taken up: %s", error)

    @property
    def trouble(self) -> str | None:
        champion = read(self._pointer)
        if champion is None:
            return None
        if self._failed is not None:
            return f"The new champion can't be taken up: {self._failed[1]}"
        return champion.trouble or _silent(champion)

    def _take_up(self, folder: Path) -> None:
        fresh = replace(self._resources, bundle=load(folder), folder=folder)
        warm(fresh)
        self._swap(fresh)
        self._resources, self._failed = fresh, None
        LOG.info("Model version %s answers now.", fresh.bundle.manifest.version)
        gc.collect()

    def _follow(self) -> None:
        while not self._stopped.wait(EVERY_SECONDS):
            try:
                self.look()
            except Exception:
                LOG.exception("Looking for a new champion failed; the last good one answers on.")


def _silent(champion: Champion) -> str | None:
    age = now() - champion.asked_at
    if age < SILENT_FOR:
        return None
    return (
        f"The registry was last asked for {champion.model} at {champion.asked_at:%Y-%m-%d %H:%M} UTC; what "
        "asks it has stopped, or waits for an answer. Start `amity serve` again to follow it."
    )
