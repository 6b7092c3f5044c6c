"""Who may not be contacted at the moment of sending, whatever the plan says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic

import pandas as pd
from sqlalchemy import Engine

from features.snapshots import Tables, before
from serving.forgetting.tombstones import Tombstones
from serving.winback.contacted import contacted_since
from serving.winback.left_out import REASONS, barred
from serving.winback.source import opened
from serving.winback.store import Kept, PlanStore, require_approval

CHECKED_EVERY = 60.0
"""Seconds for which an answer holds; where that is more, `PATIENCE` times as long as reading took."""

PATIENCE = 10.0
FORGOTTEN = "forgotten"
IN_WORDS = REASONS | {FORGOTTEN: "were forgotten on request"}


def told(counts: Mapping[str, int]) -> str:
    """`counts`: reason → customers who were kept from a message, in words."""
    return "; ".join(f"{number:,} {IN_WORDS.get(reason, reason)}" for reason, number in counts.items())


def reasons(tables: Tables, kept: Kept, ids: pd.Series, engine: Engine, now: datetime) -> dict[str, str]:
    """Customer → the first of forgotten and the reasons of `left_out.barred` that holds now.

    The plan's own contacts don't count; those of other plans do, before any table tells of them.
    """
    days = kept.settings.rest_days
    why = barred(before(tables, now), ids, now, days, kept.campaign_id)
    held = why.notna()
    found = dict(zip(ids[held].astype(str), why[held].astype(str), strict=True))
    if days:
        lately = ids[ids.isin(contacted_since(engine, now - timedelta(days=days), kept.id))]
        found = dict.fromkeys(lately, "contacted_lately") | found
    return found | dict.fromkeys(Tombstones(engine).among(ids), FORGOTTEN)


class Suppression:
    """The reasons, read from the source anew each minute; no message goes out while it can't be read.

    Threads may share it. `__call__` gives why a customer is barred, null where they may be contacted.
    """

    def __init__(self, address: str, store: PlanStore, plan_id: int, clock: Callable[[], datetime]) -> None:
        self._address, self._store, self._plan_id, self._clock = address, store, plan_id, clock
        self._lock = Lock()
        self._until = -1.0
        self._found: dict[str, str] = {}

    def __call__(self, customer_id: str) -> str | None:
        return self._found.get(customer_id)

    def refresh(self) -> None:
        """Ask the source, where the last answer is too old.

        Raises SourceError where it can't be read, RequestError where the plan isn't approved any more or its
        rows were changed, ConfigError where the store fails.
        """
        if monotonic() < self._until:
            return
        with self._lock:
            started = monotonic()
            if started < self._until:
                return
            kept = self._store.plan(self._plan_id)
            require_approval(kept)
            self._store.require_genuine(self._plan_id)
            ids = self._store.rows(self._plan_id)["customer_id"].astype("str")
            with opened(self._address) as source:
                self._found = reasons(source.tables, kept, ids, self._store.engine, self._clock())
            spent = monotonic() - started
            self._until = started + max(CHECKED_EVERY, PATIENCE * spent)
