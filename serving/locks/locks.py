"""The locks of one service: its keys, its rates, and the record of who pulled what."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from sqlalchemy import Engine

from configs import loading
from configs.settings import ServiceSettings
from features.errors import ConfigError
from serving.locks.audit import Audit
from serving.locks.keys import Keys
from serving.locks.rates import Rates, is_local
from serving.locks.recorder import Recorder

LOOKED_EVERY = 1.0
"""Seconds after which a service without keys looks again whether one was made."""


@dataclass
class Locks:
    keys: Keys
    rates: Rates
    recorder: Recorder
    settings: ServiceSettings
    _locked: bool = False
    _looked: float = field(default=-LOOKED_EVERY)

    @classmethod
    def over(cls, engine: Engine) -> Locks:
        """Raises ConfigError where the settings can't be used."""
        found = loading.load(ServiceSettings)
        return cls(Keys(engine), Rates(found), Recorder(Audit(engine)), found)

    def require_for(self, address: str) -> bool:
        """Whether there are keys; raises ConfigError where there are none and others reach `address`."""
        if self.are_open and not is_local(address):
            raise ConfigError(
                f"Others can reach {address}, and no key has been made: make one first with "
                "`amity keys make --role ROLE --name NAME`, or leave --host out to serve this machine only."
            )
        return not self.are_open

    @property
    def are_known_open(self) -> bool:
        """No key had been made a moment ago; asks no database."""
        return not self._locked and monotonic() - self._looked < LOOKED_EVERY

    @property
    def are_open(self) -> bool:
        """No key was ever made; raises ConfigError where the database fails."""
        if not self._locked and not self.are_known_open:
            self._locked = self.keys.any()
            self._looked = monotonic()
        return not self._locked


def locks_of(app: Any) -> Locks:
    """Those of a FastAPI whose `state.resources` are set; made at the first request."""
    found: Locks | None = getattr(app.state, "locks", None)
    if found is None:
        found = app.state.locks = Locks.over(app.state.resources.store.engine)
    return found
