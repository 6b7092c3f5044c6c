"""How often a key and an address may ask."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import HTTPException

from configs.settings import ServiceSettings
from serving.locks.locks import locks_of
from serving.locks.rates import Rates, is_local

AWAY, ELSEWHERE = "203.0.113.7", "2001:db8::7"
FEW = ServiceSettings(requests_per_minute_of_key=3, requests_per_minute_of_address=5, wrong_keys_per_minute=2)


@pytest.fixture
def strict(locked: Any) -> Any:
    locks_of(locked.app).rates = Rates(FEW)
    return locked


def test_a_key_that_asks_too_often_waits_and_the_others_do_not(strict: Any) -> None:
    assert [strict.get("/health", "retention").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = strict.get("/health", "retention")
    seconds = int(refused.headers["retry-after"])
    assert 1 <= seconds <= 60
    assert refused.json()["error"].startswith(
        "Too many requests with this key: 3 a minute are allowed. Try again"
    )
    assert strict.get("/health", "marketing").status_code == 200


def test_an_address_that_asks_too_often_waits_whatever_its_keys(strict: Any) -> None:
    roles = ("retention", "marketing", "admin", "retention", "marketing", "admin", "data-science")
    told = [strict.get("/health", role, address=AWAY).status_code for role in roles]
    assert told == [200] * 5 + [429] * 2
    assert "from this address: 5 a minute" in strict.get("/health", "admin", address=AWAY).json()["error"]
    assert strict.get("/health", "admin", address=ELSEWHERE).status_code == 200


def test_guessing_keys_ends_soon(strict: Any) -> None:
    wrong = {"X-Api-Key": "amity_000000000000_" + "A" * 43}
    told = [strict.get("/health", headers=wrong, address=AWAY).status_code for _ in range(4)]
    assert told == [401, 401, 429, 429]
    assert strict.get("/health", "admin", address=AWAY).status_code == 429
    assert strict.get("/health", "admin", address=ELSEWHERE).status_code == 200


def test_this_machines_own_address_is_not_counted(strict: Any) -> None:
    """Behind a proxy it would be everybody's."""
    assert {strict.get("/docs").status_code for _ in range(20)} == {200}


def test_the_window_slides(monkeypatch: pytest.MonkeyPatch) -> None:
    rates, clock = Rates(FEW), [1_000_000.0]
    monkeypatch.setattr("time.time", lambda: clock[0])
    for _ in range(3):
        rates.count_key("k")
    with pytest.raises(HTTPException, match="429") as raised:
        rates.count_key("k")
    assert raised.value.headers is not None
    clock[0] += 121
    rates.count_key("k")


def test_as_many_at_once_as_are_allowed(house: Any) -> None:
    locks_of(house.app).settings = ServiceSettings(requests_at_once=1)
    assert house.get("/health").status_code == 200
    inner: list[Any] = []
    store = house.store
    latest = store.latest

    def asks_itself() -> Any:
        inner.append(house.get("/model"))
        return latest()

    store.latest = asks_itself
    assert house.get("/health").status_code == 200
    assert [reply.status_code for reply in inner] == [429]
    assert inner[0].headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("address", "local"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:203.0.113.7", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("localhost", False),
        ("", False),
    ],
)
def test_which_addresses_are_this_machines(address: str, local: bool) -> None:
    assert is_local(address) is local
