"""Bodies too large are refused before they are held, whether they say so or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import HTTPException

from configs.settings import ServiceSettings
from serving.locks.locks import locks_of
from serving.locks.sizes import limited

SMALL = ServiceSettings(largest_body_mb=1, most_json_values=1000)
MB = 2**20


@pytest.fixture
def small(house: Any) -> Any:
    locks_of(house.app).settings = SMALL
    return house


async def drip(chunks: int, size: int) -> AsyncIterator[bytes]:
    for _ in range(chunks):
        yield b" " * size


def test_a_body_is_refused_by_what_it_says_of_itself(small: Any) -> None:
    reply = small.ask("POST", "/score", content=b" " * (MB + 1))
    assert (reply.status_code, reply.json()) == (413, {"error": "The body is too large; send at most 1 MB."})
    assert small.ask("POST", "/score", content=b" " * MB).status_code == 422


def test_a_body_that_does_not_say_is_refused_while_it_arrives(small: Any) -> None:
    assert small.ask("POST", "/score", content=drip(100, 20_000)).status_code == 413
    assert small.ask("POST", "/score", content=drip(10, 20_000)).status_code == 422


def test_a_body_of_too_many_values_is_refused(small: Any) -> None:
    few = b'{"customer_ids": [' + b",".join([b'"x"'] * 1000) + b"]}"
    many = b'{"customer_ids": [' + b",".join([b'"x"'] * 1002) + b"]}"
    assert small.ask("POST", "/score", content=few).status_code == 404
    reply = small.ask("POST", "/score", content=many)
    assert reply.status_code == 413
    assert reply.json()["error"] == "The body holds more than 1,000 values; send it in parts."


def test_no_more_is_taken_in_than_is_allowed() -> None:
    taken = 0

    async def endless() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return {"type": "http.request", "body": b" " * 100_000, "more_body": True}

    async def read() -> None:
        receive = limited({"headers": []}, endless, SMALL)
        for _ in range(10):
            await receive()
        with pytest.raises(HTTPException, match="too large"):
            await receive()

    asyncio.run(read())
    assert taken == 11


def test_an_address_or_headers_too_large_are_refused(small: Any) -> None:
    for path, headers, status in (
        ("/explain/" + "x" * 16_000, {}, 404),
        ("/explain/" + "x" * 17_000, {}, 414),
        ("/at-risk?segment=" + "x" * 17_000, {}, 414),
        ("/health", {"X-Long": "x" * 32_000}, 200),
        ("/health", {"X-Long": "x" * 33_000}, 431),
    ):
        reply = small.get(path, headers=headers)
        assert reply.status_code == status, path[:20]
        assert status < 400 or "error" in reply.json()


def test_another_kind_of_body_is_refused(small: Any) -> None:
    for kind in ("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data"):
        reply = small.ask("POST", "/score", content=b"{}", headers={"Content-Type": kind})
        assert reply.status_code == 415
        assert reply.json()["error"] == f"The body is '{kind}'; send it as application/json."
    good = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert small.ask("POST", "/score", content=b'{"customer_ids": ["C1"]}', headers=good).status_code == 200
