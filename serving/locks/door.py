"""The outermost check, before anything of a request is read; and, once it is answered, the record of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.clock import now
from serving.locks.audit import Entry
from serving.locks.keys import Caller
from serving.locks.locks import Locks, locks_of
from serving.locks.sizes import limited, require_head
from serving.refusals import refusal

BUSY = "Too many requests at once; try again in a second."


class Door:
    """ASGI middleware of a FastAPI: answers 413, 414, 429 and 431, and records who took which customers.

    Recorded is what a route says of itself (`Pulled`), once some of it has left or the role was refused it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        locks = locks_of(scope["app"])
        try:
            receive_limited = self._admitted(locks, scope, receive)
        except HTTPException as error:
            await refusal(error.status_code, str(error.detail), error.headers)(scope, receive, send)
            return
        await self._answered(locks, scope, receive_limited, send)

    def _admitted(self, locks: Locks, scope: Scope, receive: Receive) -> Receive:
        if self._at_once >= locks.settings.requests_at_once:
            raise HTTPException(429, BUSY, headers={"Retry-After": "1"})
        require_head(scope)
        client: Any = scope.get("client")
        locks.rates.count_address(str(client[0]) if client else "")
        return limited(scope, receive, locks.settings)

    async def _answered(self, locks: Locks, scope: Scope, receive: Receive, send: Send) -> None:
        status = 0

        async def send_seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._at_once += 1
        try:
            await self._app(scope, receive, send_seen)
        finally:
            self._at_once -= 1
            if "pulled" in scope["state"] and (200 <= status < 300 or status == 403):
                locks.recorder.put(_entry(scope, status))


def _entry(scope: Scope, status: int) -> Entry:
    state: dict[str, Any] = scope["state"]
    caller: Caller | None = state.get("caller")
    filters = {name: value for name, value in parse_qsl(scope["query_string"].decode("latin-1")) if value}
    return Entry(
        at=now(),
        request_id=state.get("request_id", ""),
        key_id=caller.key_id if caller else None,
        key_name=caller.name if caller else None,
        role=caller.role if caller else None,
        method=scope["method"],
        route=scope["route"].path,
        filters=filters if status != 403 else {},
        status=status,
        pulled=state["pulled"],
    )
