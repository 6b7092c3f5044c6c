"""The service warms up: what it compiles then, no request compiles."""

from __future__ import annotations

from typing import Any

import pytest

from serving.examples import events
from serving.warming import warm


def test_no_request_makes_a_plan_after_it(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    warm(client.resources)
    monkeypatch.delattr("features.live._plan")
    reply = client.post("/score-events", events(client.resources.bundle.manifest))
    assert reply.status_code == 200
    assert len(reply.json()["customers"]) == 1
