"""Each request gets an id, a line in the log and its place in the metrics; what nobody foresaw ends here."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.refusals import UNFORESEEN, refusal
from serving.watching.metrics import metrics_of

LOG = logging.getLogger(__name__)
HEADER = "X-Request-Id"
GIVEN = re.compile(r"[0-9A-Za-z-]{20,64}", re.ASCII)
"""What a caller may give as an id: as long as a UUID or ULID, so that no customer's id is taken for one."""

SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
"""Answers are data of persons: no cache keeps them, no browser guesses what they are."""

CANCELLED = 504
NO_ROUTE = "none"
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


@dataclass
class _Seen:
    status: int = 0
    began: float = field(default_factory=perf_counter)

    @property
    def seconds(self) -> float:
        return perf_counter() - self.began


class Watch:
    """ASGI middleware of a FastAPI, the outermost."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["state"] = dict(scope.get("state", {}))
        scope["state"]["request_id"] = request_id = _id(scope)
        seen = _Seen()

        async def send_seen(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[HEADER] = request_id
                for name, value in SAFE.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_seen)
        except Exception:
            LOG.exception("a request failed unforeseen", extra={"told": {"request_id": request_id}})
            if not seen.status:
                await refusal(500, UNFORESEEN)(scope, receive, send_seen)
        finally:
            _tell(scope, seen)


def _tell(scope: Scope, seen: _Seen) -> None:
    state, route = scope["state"], getattr(scope.get("route"), "path", NO_ROUTE)
    caller, pulled = state.get("caller"), state.get("pulled")
    status, metrics = seen.status or CANCELLED, metrics_of(scope["app"])
    method = scope["method"] if scope["method"] in METHODS else "other"
    metrics.count(method, route, status, seen.seconds)
    if pulled is not None and pulled.model_version:
        metrics.count_scores(route, pulled.model_version, pulled.rows)
    told = {
        "request_id": state["request_id"],
        "method": method,
        "route": route,
        "status": status,
        "milliseconds": round(1000 * seen.seconds, 1),
        "key_id": caller.key_id if caller else None,
    }
    LOG.info("answered", extra={"told": told})


def _id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == HEADER.lower().encode() and GIVEN.fullmatch(given := value.decode("latin-1")):
            return str(given)
    return str(uuid4())
