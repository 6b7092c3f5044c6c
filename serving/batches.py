"""Requests of raw events scored in batches that grow with what waits.

Who finds nobody before them is scored at once, alone; what comes while a batch is computed goes together
when it is done, for two batches at a time would only slow each other down. So nobody waits for one to fill,
and the quick don't wait for the long. BentoML's own batching belongs to endpoints that it declares itself; it
would wait to learn how long a batch takes, and one bad request would fail a whole batch.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from anyio.to_thread import run_sync

from serving.events import replies
from serving.replies import EventsReply
from serving.requests import MOST_CUSTOMERS, MOST_EVENTS, EventsRequest
from serving.resources import Resources
from serving.speaking import Speaker

LONG = 2_000
"""Events of a request that is long."""

MOST_REQUESTS = 16


@dataclass(frozen=True)
class _Waiting:
    request: EventsRequest
    resources: Resources
    speaker: Speaker
    reply: asyncio.Future[EventsReply]


class Batches:
    """For one event loop."""

    def __init__(self) -> None:
        self._quick, self._long = _Lane(), _Lane()

    async def score(self, request: EventsRequest, resources: Resources, speaker: Speaker) -> EventsReply:
        """Raises what `serving.events.score_events` raises."""
        request.require_sound()
        lane = self._long if request.events > LONG else self._quick
        return await lane.score(request, resources, speaker)


class _Lane:
    """One batch is computed at a time."""

    def __init__(self) -> None:
        self._waiting: deque[_Waiting] = deque()
        self._task: asyncio.Task[None] | None = None

    async def score(self, request: EventsRequest, resources: Resources, speaker: Speaker) -> EventsReply:
        reply: asyncio.Future[EventsReply] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(request, resources, speaker, reply))
        if self._task is None:
            self._task = asyncio.create_task(self._work())
        return await reply

    async def _work(self) -> None:
        try:
            while self._waiting:
                await _answer(list(self._batch()))
        finally:
            self._task = None

    def _batch(self) -> Iterator[_Waiting]:
        """From the front: as many as one request may bring by itself, all for the same bundle."""
        first, customers, events = self._waiting[0], 0, 0
        for _ in range(min(MOST_REQUESTS, len(self._waiting))):
            request = self._waiting[0].request
            customers += len(request.customer_ids())
            events += request.events
            too_much = customers > MOST_CUSTOMERS or events > MOST_EVENTS
            other = self._waiting[0].resources is not first.resources
            if self._waiting[0] is not first and (too_much or other):
                return
            yield self._waiting.popleft()


async def _answer(batch: list[_Waiting]) -> None:
    wanted = [each for each in batch if not each.reply.done()]
    if not wanted:
        return
    asked = [(each.request, each.speaker) for each in wanted]
    found: Sequence[EventsReply | Exception]
    try:
        found = await run_sync(replies, asked, wanted[0].resources)
    except Exception as error:
        found = [error] * len(wanted)
    for each, reply in zip(wanted, found, strict=True):
        _set(each.reply, reply)


def _set(future: asyncio.Future[EventsReply], reply: EventsReply | Exception) -> None:
    """Who went away in between is not told."""
    if future.done():
        return
    if isinstance(reply, Exception):
        future.set_exception(reply)
    else:
        future.set_result(reply)
