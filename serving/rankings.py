"""The rankings asked for last, kept in memory."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from time import monotonic

from serving.ranking import Ranking

MOST = 2
FRESH_SECONDS = 60.0
"""After so long one is read anew, and who was forgotten meanwhile is no longer counted."""


class Rankings:
    """`read`: the ranking of a scoring; it is called by one thread at a time."""

    def __init__(self, read: Callable[[int], Ranking]) -> None:
        self._read = read
        self._kept: dict[int, tuple[float, Ranking]] = {}
        self._lock = Lock()

    def of(self, scoring_id: int) -> Ranking:
        with self._lock:
            read_at, ranking = self._kept.pop(scoring_id, (float("-inf"), None))
            if ranking is None or monotonic() - read_at > FRESH_SECONDS:
                read_at, ranking = monotonic(), self._read(scoring_id)
            self._kept[scoring_id] = (read_at, ranking)
            if len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]
            return ranking
