"""What the service answers from: a bundle and what computes its features, the store, and the playbook."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from configs import loading
from configs.settings import Playbook
from features.errors import ConfigError
from features.live import Live
from models.bundle import Bundle, load
from models.scoring import live_of
from serving.store import Store


@dataclass(frozen=True)
class Resources:
    """Opened when the service starts, and anew for each champion. `folder`: where the bundle lies."""

    bundle: Bundle
    store: Store
    playbook: Playbook
    folder: Path | None = None

    @cached_property
    def live(self) -> Live:
        """Computes the features of raw events; getting it ready takes seconds."""
        return live_of(self.bundle)

    @classmethod
    def open(cls) -> Resources:
        """By the environment: the folder `AMITY_BUNDLE`, and the store of `AMITY_STORE_URL` or `AMITY_HOME`.

        Raises ModelError where the bundle can't be loaded, ConfigError where the rest can't.
        """
        folder = os.environ.get("AMITY_BUNDLE")
        if not folder:
            raise ConfigError("AMITY_BUNDLE is not set; start the service with `amity serve`.")
        return cls(load(Path(folder)), Store.open(), loading.load(Playbook), Path(folder))
