"""Writes the audit beside the requests: a load of scores holds the store for seconds, and no answer waits."""

from __future__ import annotations

import logging
from queue import Empty, Full, Queue
from threading import Thread
from time import sleep

from features.errors import ConfigError
from serving.locks.audit import Audit, Entry

LOG = logging.getLogger(__name__)
MOST_WAITING = 10_000
AT_ONCE = 500
RETRY_SECONDS = 1.0
GATHERED_SECONDS = 0.1
"""One transaction for many entries: a transaction each would take as long as the answers themselves."""


class Recorder:
    """Entries are in the store a moment after their answer began to leave, and all of them once it is closed.

    While the store can't be written they wait; when MOST_WAITING do, `is_full`, and nothing that has to be
    recorded may be answered.
    """

    def __init__(self, audit: Audit) -> None:
        self._audit = audit
        self._waiting: Queue[Entry | None] = Queue(MOST_WAITING)
        self._thread: Thread | None = None

    @property
    def is_full(self) -> bool:
        return self._waiting.full()

    def put(self, entry: Entry) -> None:
        """Never waits. What no longer fits began before the queue was full; it goes to the log."""
        if self._thread is None:
            self._thread = Thread(target=self._write, name="audit", daemon=True)
            self._thread.start()
        try:
            self._waiting.put_nowait(entry)
        except Full:
            LOG.error("the audit can't keep up; request %s is not in it", entry.request_id)

    def close(self, seconds: float = 30.0) -> None:
        """Writes what waits; gives up after `seconds`."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(seconds)
            self._thread = None

    def _write(self) -> None:
        ended = False
        while not ended:
            batch = self._batch()
            ended = None in batch
            self._keep([entry for entry in batch if entry is not None])

    def _batch(self) -> list[Entry | None]:
        """Waits for the first, then a moment, and takes what else is there."""
        found = [self._waiting.get()]
        if found[0] is not None:
            sleep(GATHERED_SECONDS)
        while len(found) < AT_ONCE and found[-1] is not None:
            try:
                found.append(self._waiting.get_nowait())
            except Empty:
                break
        return found

    def _keep(self, entries: list[Entry]) -> None:
        while entries:
            try:
                self._audit.add(entries)
            except ConfigError as error:
                LOG.error("the audit can't be written, %d entries wait: %s", len(entries), error)
                sleep(RETRY_SECONDS)
            else:
                return
