"""Logs: one JSON object a line, and never a customer in them."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from features.errors import ConfigError
from serving.watching.logs import JsonLines, configure


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What `configure` makes every logger of the process write."""
    written, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", written)
    configure()
    yield written
    root.handlers, root.level = before, level
    logging.getLogger("uvicorn.access").disabled = False


def test_a_request_is_a_line(locked: Any, lines: io.StringIO) -> None:
    given = "0f8fad5b-d9cb-469f-a165-70867728950e"
    locked.get("/explain/C17?", "retention", headers={"X-Request-Id": given})
    (line,) = [json.loads(text) for text in lines.getvalue().splitlines()]
    assert line.pop("time").endswith("Z")
    assert line.pop("milliseconds") > 0
    assert line == {
        "level": "info",
        "logger": "serving.watching.watch",
        "message": "answered",
        "request_id": given,
        "method": "GET",
        "route": "/explain/{customer_id:path}",
        "status": 200,
        "key_id": locked.keys["retention"].split("_")[1],
    }


def test_no_id_no_event_and_no_key_is_ever_logged(
    locked: Any, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever happens to a request: answered, refused, failed, the store away."""
    order = {"order_id": "O-SECRET", "customer_id": "C-SECRET", "ordered_at": "2025-05-02", "amount": 77.125}
    body = {"as_of": "2025-06-01", "tables": {"orders": [order]}}

    def every() -> set[int]:
        asked = [
            locked.get("/explain/C-SECRET", "admin"),
            locked.get("/explain/C17", "admin"),
            locked.get("/at-risk?segment=SECRET", "admin"),
            locked.get("/pages/customers/C-SECRET", "admin"),
            locked.ask("POST", "/score", "admin", json={"customer_ids": ["C-SECRET", "C17"]}),
            locked.ask("POST", "/score-events", "admin", json=body),
            locked.ask("POST", "/score", "admin", content=b'{"customer_ids": ["C-SECRET"'),
            locked.ask("SECRET", "/score", "admin"),
            locked.get("/SECRET"),
            locked.get("/at-risk", headers={"X-Api-Key": "amity_SECRET"}),
            locked.get("/at-risk", headers={"X-Request-Id": "C-SECRET"}),
        ]
        return {reply.status_code for reply in asked}

    assert {200, 401, 404, 405, 422} <= every()

    def fails(*_: Any) -> Any:
        raise ValueError("C-SECRET in O-SECRET, amount 77.125")

    monkeypatch.setattr(type(locked.store), "current", fails)
    monkeypatch.setattr("serving.batches.Batches.score", fails)
    assert 500 in every()
    locked.store.engine.dispose()
    told = lines.getvalue()
    assert '"level": "error"' in told
    assert '"error": "ValueError"' in told
    for word in ("SECRET", "C17", "77.125", *(key.split("_", 2)[2] for key in locked.keys.values())):
        assert word not in told, word
    assert all(json.loads(line) for line in told.splitlines())


def test_what_fails_says_where_and_not_with_what(lines: io.StringIO) -> None:
    try:
        raise KeyError("C17")
    except KeyError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    (line,) = [json.loads(text) for text in lines.getvalue().splitlines()]
    assert line["error"] == "KeyError"
    assert line["at"][0].endswith("test_what_fails_says_where_and_not_with_what")
    assert "C17" not in lines.getvalue()


def test_what_fails_for_a_setting_or_the_store_says_with_what(lines: io.StringIO) -> None:
    try:
        raise ConfigError("The store can't be used.")
    except ConfigError:
        logging.getLogger("serving").exception("the service can't start")
    (line,) = [json.loads(text) for text in lines.getvalue().splitlines()]
    assert (line["error"], line["says"]) == ("ConfigError", "The store can't be used.")


def test_paths_that_the_server_would_log_are_not(lines: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").warning("GET /explain/C17")
    logging.getLogger("some.library").info("nothing for us")
    assert lines.getvalue() == ""


def test_line_breaks_cannot_forge_a_line() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, 'a\n{"level": "error"}', None, None)
    assert len(JsonLines().format(record).splitlines()) == 1
