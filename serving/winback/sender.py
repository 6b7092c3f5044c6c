"""Delivers a plan's messages until all are settled; may be killed at any moment, and run many times over."""

from __future__ import annotations

import os
import secrets
import socket
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from threading import Event, Lock
from typing import Protocol

import numpy as np

from configs.settings import Webhook
from features.clock import now
from features.errors import RequestError
from serving.winback.outbox import Claimed, Outbox, Progress, Sending
from serving.winback.targets import Targets
from serving.winback.verdict import DEAD, DELIVERED, Answer, Verdict, verdict
from serving.winback.webhook import Post, body, signer

REFUSED_IN_A_ROW = 20
"""So many dead letters without a delivery between them: the receiver refuses everything."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
"""Seconds between two looks at the outbox where nothing is due."""


class Barred(Protocol):
    """Who may not be contacted now: as `suppression.Suppression`."""

    def refresh(self) -> None: ...

    def __call__(self, customer_id: str) -> str | None: ...


class Sender:
    """One process's part in a sending.

    Raises ConfigError where there is no secret, RequestError where the target isn't allowed any more.
    """

    def __init__(self, outbox: Outbox, sending: Sending, settings: Webhook, barred: Barred) -> None:
        self._outbox, self._sending, self._settings, self._barred = outbox, sending, settings, barred
        self._signer = signer(settings)
        self._targets = Targets.of(settings.targets)
        self._targets.require(sending.target)
        self._name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
        self._dice = np.random.default_rng()
        self._stop = Event()
        self._lock = Lock()
        self._paused_until: datetime | None = None
        self._refused_in_a_row = 0
        self._refuses = False
        self._tally: Counter[str] = Counter()

    def run(self, *, once: bool = False, say: Callable[[str], None] = lambda _: None) -> Progress:
        """Until all messages are settled, or with `once` until none is due now.

        Raises RequestError where the receiver refuses everything, SourceError or ConfigError where it can't
        be known who may be contacted or the store fails; what is under way is settled before.
        """
        with ThreadPoolExecutor(self._settings.senders, "sender") as pool:
            threads = [pool.submit(self._work, once) for _ in range(self._settings.senders)]
            try:
                self._watch(threads, say)
            finally:
                self._stop.set()
        for thread in threads:
            thread.result()
        if self._refuses:
            raise RequestError(
                f"{self._sending.target} refused {REFUSED_IN_A_ROW} messages one after the other, so sending "
                f"was stopped. `amity winback dead {self._sending.plan.id}` tells its answers; then `resend`."
            )
        return self._outbox.progress(self._sending.plan.id)

    def _watch(self, threads: list[Future[None]], say: Callable[[str], None]) -> None:
        running = set(threads)
        while running:
            done, running = wait(running, timeout=LONGEST_PAUSE)
            if any(thread.exception() for thread in done):
                return
            say(f"Sending: {self._tally[DELIVERED]:,} delivered, {self._tally[DEAD]:,} dead letters")

    def _work(self, once: bool) -> None:
        plan_id, seconds = self._sending.plan.id, self._settings.lease_seconds
        target, limit = self._sending.target, self._settings.seconds_per_attempt
        post = Post(target, self._signer, self._targets, limit)
        while not self._stop.is_set():
            claimed = None
            if not self._paused():
                self._barred.refresh()
                claimed = self._outbox.claim(plan_id, self._name, now(), seconds, self._barred)
            if claimed is not None:
                self._attempt(post, claimed)
            elif self._is_over(once):
                return

    def _paused(self) -> bool:
        """Whether the receiver asked to be left alone."""
        until = self._paused_until
        return until is not None and now() < until

    def _is_over(self, once: bool) -> bool:
        """Whether nothing is left to do; waits a little where something is."""
        due = self._outbox.next_due(self._sending.plan.id)
        if due is None:
            return True
        seconds = (max(due, self._paused_until or due) - now()).total_seconds()
        if once and seconds > 0:
            return True
        self._stop.wait(min(max(seconds, SHORTEST_PAUSE), LONGEST_PAUSE))
        return False

    def _attempt(self, post: Post, claimed: Claimed) -> None:
        found = self._delivered(post, claimed)
        self._outbox.settle(claimed, found, now())
        with self._lock:
            self._tally[found.state] += 1
            if found.asked_to_wait:
                self._pause(found.asked_to_wait)
            if found.state == DELIVERED:
                self._refused_in_a_row = 0
            elif found.state == DEAD and found.status is not None:
                self._refused_in_a_row += 1
                if self._refused_in_a_row >= REFUSED_IN_A_ROW:
                    self._refuses = True
                    self._stop.set()

    def _delivered(self, post: Post, claimed: Claimed) -> Verdict:
        at = now()
        if at > self._sending.valid_until:
            return Verdict("dead", None, "the offer's time was over before it could be delivered")
        answer: Answer = post.deliver(claimed.key, body(claimed, self._sending), at)
        return verdict(answer, claimed.number, self._settings, now(), self._dice)

    def _pause(self, seconds: float) -> None:
        until = now() + timedelta(seconds=seconds)
        self._paused_until = max(until, self._paused_until or until)
