"""The BentoML service: opens what it answers from, and hands every path to the routes."""

from __future__ import annotations

import bentoml
from starlette.types import Receive, Scope, Send

from features.collector import collect_rarely
from serving import lists
from serving.api import make_api
from serving.docs import add_docs
from serving.resources import Resources
from serving.warming import warm

SECONDS = 60
AT_ONCE = 64

api = make_api()
add_docs(api)


async def all_paths(scope: Scope, receive: Receive, send: Send) -> None:
    """Not the FastAPI itself: BentoML would keep the paths that it doesn't know, and answer without JSON."""
    await api(scope, receive, send)


@bentoml.service(
    name="amity",
    workers=1,
    traffic={"timeout": SECONDS, "max_concurrency": AT_ONCE},
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
)
@bentoml.asgi_app(all_paths, path="/")
class Amity:
    """Access logs and metrics are off: both would keep customers' ids, which stand in the paths."""

    def __init__(self) -> None:
        collect_rarely()
        self._resources = Resources.open()
        warm(self._resources)
        api.state.resources = self._resources

    def __is_ready__(self) -> bool:
        return lists.health(self._resources).store_reachable
