"""A customer's events from the source: there, in part, away, or too slow."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import CapacityLimiter

from serving.console import facts
from serving.console.facts import Told, told_events


def told(customer_id: str, scoring: Any, source: str) -> Told:
    async def asked() -> Told:
        return await told_events(customer_id, replace(scoring, source=source), CapacityLimiter(1))

    return anyio.run(asked)


def test_what_can_not_be_used_is_counted(console: Any, put: Callable[..., str]) -> None:
    day = "2025-01-05"
    orders = [
        {"order_id": str(number), "customer_id": "c1", "ordered_at": day, "amount": amount}
        for number, amount in enumerate([10, 20, "free"])
    ]
    found = told("c1", console.resources.store.current(), put("csv", {"orders": orders}))
    assert sorted(event.says for event in found.events) == ["Order of EUR 10.00.", "Order of EUR 20.00."]
    assert found.remark.startswith(
        "Not shown, because they can’t be used (`amity check` tells why): 1 row of"
    )


def test_a_source_that_is_away_is_told(console: Any, tmp_path: Path) -> None:
    found = told("c1", console.resources.store.current(), str(tmp_path / "gone"))
    assert found.events == []
    assert found.remark.startswith("The events can’t be shown: There is no folder and no file at")


def test_a_source_that_does_not_answer_is_left(console: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts, "SECONDS", 0.05)
    monkeypatch.setattr(facts, "facts_of_customer", lambda *_: time.sleep(0.3))
    found = told("c1", console.resources.store.current(), "slow")
    assert found == Told(remark="The source didn’t answer within 0.05 seconds, so the events are not shown.")
