"""The BentoML service: opens what it answers from, and hands every path to the routes."""

from __future__ import annotations

import bentoml
from starlette.types import ASGIApp, Receive, Scope, Send

from configs.loading import load
from configs.settings import ServiceSettings
from features.collector import collect_rarely
from serving import lists
from serving.api import make_api
from serving.champion import pointer
from serving.console.pages import add_pages
from serving.docs import add_docs
from serving.locks.locks import locks_of
from serving.reloading import Reloading
from serving.resources import Resources
from serving.warming import warm
from serving.watching.logs import configure

LIMITS = load(ServiceSettings)

api = make_api()
add_docs(api)
add_pages(api)


async def all_paths(scope: Scope, receive: Receive, send: Send) -> None:
    """Not the FastAPI itself: BentoML would keep the paths that it doesn't know, and answer without JSON."""
    await api(scope, receive, send)


class LineBreaks:
    """A path with a line break goes straight to the routes: BentoML's mount doesn't know it for a path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        broken = scope["type"] == "http" and "\n" in scope["path"]
        await (api if broken else self._app)(scope, receive, send)


@bentoml.service(
    name="amity",
    workers=1,
    traffic={"timeout": LIMITS.seconds_per_request, "max_concurrency": 2 * LIMITS.requests_at_once},
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
)
@bentoml.asgi_app(all_paths, path="/")
class Amity:
    """Access logs and metrics are off: both would keep customers' ids, which stand in the paths."""

    def __init__(self) -> None:
        configure()
        collect_rarely()
        self._resources = Resources.open()
        warm(self._resources)
        self._take(self._resources)
        api.state.reloading = self._reloading = Reloading(pointer(), self._resources, self._take)
        self._reloading.start()

    def _take(self, resources: Resources) -> None:
        """What requests that begin from now on answer from."""
        self._resources = api.state.resources = resources

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def close(self) -> None:
        self._reloading.stop()
        locks_of(api).recorder.close()

    def __is_ready__(self) -> bool:
        return lists.health(self._resources).store_reachable


Amity.add_asgi_middleware(LineBreaks)  # type: ignore[attr-defined]  # the decorator made it BentoML's
