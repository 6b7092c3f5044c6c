"""Each request's id, the headers of every answer, and what nobody foresaw."""

from __future__ import annotations

import asyncio
import re
from typing import Any
from uuid import UUID

import pytest
from fastapi.responses import StreamingResponse


@pytest.mark.parametrize(
    "given", ["0f8fad5b-d9cb-469f-a165-70867728950e", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "a" * 32]
)
def test_a_given_id_is_kept(house: Any, given: str) -> None:
    assert house.get("/health", headers={"x-request-id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "C17", "a" * 65, "a b" * 10, "a" * 30 + "\t", "é" * 30])
def test_another_is_replaced(house: Any, given: str) -> None:
    told = house.get("/health", headers={b"x-request-id": given.encode("latin-1")}).headers["x-request-id"]
    assert UUID(told).version == 4


def test_no_two_requests_bear_the_same_made_id(house: Any) -> None:
    assert len({house.get("/health").headers["x-request-id"] for _ in range(20)}) == 20


@pytest.mark.parametrize("path", ["/at-risk", "/nothing", "/at-risk?top=x", "/docs", "/at-risk?format=csv"])
def test_every_answer_is_kept_by_no_cache_and_guessed_by_no_browser(house: Any, path: str) -> None:
    headers = house.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] in ("no-referrer", "same-origin")
    assert headers["cache-control"] == "no-store"


def test_what_nobody_foresaw_is_told_in_one_sentence(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(house.store), "current", lambda _: 1 / 0)
    reply = house.ask("POST", "/score", json={"customer_ids": ["C1"]})
    assert reply.status_code == 500
    assert reply.json() == {"error": "Amity failed to answer; the reason is in the service's log."}
    assert re.fullmatch("[0-9a-f-]{36}", reply.headers["x-request-id"])


def test_a_stream_that_breaks_is_not_ended_as_if_whole(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server sees an answer without an end, and cuts the connection: the client knows."""

    def breaks() -> Any:
        yield "customer_id\r\n"
        raise ValueError("C17")

    monkeypatch.setattr("serving.api.lists.at_risk", lambda *_: StreamingResponse(breaks()))
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/at-risk", "query_string": b"", "client": ("::1", 1)}
    asyncio.run(house.app(scope | {"headers": [(b"host", b"localhost")]}, receive, send))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[1]["more_body"] is True
