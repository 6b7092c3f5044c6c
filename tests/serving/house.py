"""A service without a model, whose store holds made-up scores and, where asked for, a key of each role."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.datastructures import State

from configs.settings import Definitions
from serving.api import make_api
from serving.console.pages import add_pages
from serving.docs import add_docs
from serving.locks.audit import Audit
from serving.locks.keys import Keys
from serving.locks.locks import locks_of
from serving.locks.roles import ROLES
from serving.resources import Resources
from serving.store import Store

HERE = "127.0.0.1"
DAY = datetime(2025, 6, 1)  # noqa: DTZ001


@dataclass
class House:
    """A service of its own store. `keys`: role → a key's text."""

    store: Store
    app: FastAPI
    keys: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, role: str = "", **options: Any) -> httpx.Response:
        return self.ask("GET", path, role, **options)

    def ask(
        self,
        method: str,
        path: str,
        role: str = "",
        *,
        host: str = "localhost",
        address: str = HERE,
        **options: Any,
    ) -> httpx.Response:
        headers = dict(options.pop("headers", {}))
        if role:
            headers["Authorization"] = f"Bearer {self.keys[role]}"

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False, client=(address, 1))
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
                return await client.request(method, path, headers=headers, **options)

        return asyncio.run(asked())

    def make_keys(self) -> None:
        keys = Keys(self.store.engine)
        self.keys = {role: keys.make(f"{role} team", role)[1] for role in ROLES}

    def recorded(self) -> list[dict[str, Any]]:
        """The audit, once all that waits is written."""
        locks_of(self.app).recorder.close()
        return Audit(self.store.engine).read()


@cache
def whole() -> FastAPI:
    """Made once: the tests differ in its state only."""
    app = make_api()
    add_docs(app)
    add_pages(app)
    return app


@pytest.fixture
def house(tmp_path: Path, make_scored: Any) -> Iterator[House]:
    """Nobody has made a key yet."""
    store = Store.open(f"sqlite:///{tmp_path}/store.db")
    store.save(make_scored(60), source="shop", definitions=Definitions())
    tables = {"orders": ("order_id", "customer_id", "ordered_at", "amount")}
    manifest = SimpleNamespace(version="7", as_of=DAY, tables=tables, definitions=Definitions())
    unused: Any = None
    bundle: Any = SimpleNamespace(manifest=manifest)
    app = whole()
    app.state = State()
    app.state.resources = Resources(bundle, store, unused)
    yield House(store, app)
    locks_of(app).recorder.close()
    store.close()


@pytest.fixture
def locked(house: House) -> House:
    house.make_keys()
    return house
