"""What the service answers from: a bundle, the store, and the playbook."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from configs import settings
from configs.settings import Playbook
from features.errors import ConfigError
from models.bundle import Bundle, load
from serving.store import Store


@dataclass(frozen=True)
class Resources:
    """Opened once, when the service starts."""

    bundle: Bundle
    store: Store
    playbook: Playbook

    @classmethod
    def open(cls) -> Resources:
        """By the environment: the folder `AMITY_BUNDLE`, and the store of `AMITY_STORE_URL` or `AMITY_HOME`.

        Raises ModelError where the bundle can't be loaded, ConfigError where the rest can't.
        """
        folder = os.environ.get("AMITY_BUNDLE")
        if not folder:
            raise ConfigError("AMITY_BUNDLE is not set; start the service with `amity serve`.")
        return cls(load(Path(folder)), Store.open(), settings.load(Playbook))
