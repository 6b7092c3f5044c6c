"""The guard at every route: without a key, with a wrong one, from here and from elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from serving.locks import locks as module
from serving.locks.keys import Keys

AWAY = "203.0.113.7"


def test_without_any_key_this_machine_is_let_in(house: Any) -> None:
    for host in ("localhost", "127.0.0.1:3000", "[::1]:3000"):
        assert house.get("/at-risk", host=host).status_code == 200, host
    assert house.get("/at-risk", address="::1").status_code == 200
    assert house.get("/at-risk", address="::ffff:127.0.0.1").status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        {"address": AWAY},
        {"address": "not an address"},
        {"host": "evil.example"},
        {"host": "localhost.evil.example"},
        {"host": "127.0.0.1.evil.example"},
        {"address": AWAY, "host": "203.0.113.1"},
    ],
)
def test_without_any_key_nobody_else_is(house: Any, asked: dict[str, str]) -> None:
    for path in ("/at-risk", "/explain/C17", "/health", "/model", "/metrics"):
        reply = house.get(path, **asked)
        assert reply.status_code == 401
        assert reply.json()["error"].startswith(
            "No key has been made yet, so Amity answers only this machine"
        )
        assert reply.headers["www-authenticate"] == "Bearer"


def test_the_first_key_locks_a_service_that_runs(house: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOKED_EVERY", 0.0)
    assert house.get("/at-risk").status_code == 200
    house.make_keys()
    assert house.get("/at-risk").status_code == 401
    for key in Keys(house.store.engine).all():
        Keys(house.store.engine).revoke(key.id)
    assert house.get("/at-risk").status_code == 401


def test_a_key_comes_in_either_header_from_anywhere(locked: Any) -> None:
    key = locked.keys["retention"]
    for headers in (
        {"Authorization": f"Bearer {key}"},
        {"authorization": f"bearer {key}"},
        {"X-Api-Key": key},
        {"X-Api-Key": key, "Authorization": "Basic x"},
    ):
        reply = locked.get("/at-risk?top=3", headers=headers, address=AWAY, host="amity.example")
        assert reply.status_code == 200, headers


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({}, "This needs a key: send it as `Authorization: Bearer KEY` or as `X-Api-Key: KEY`."),
        ({"Authorization": "Basic eDp5"}, "This needs a key"),
        ({"Authorization": "Bearer"}, "This needs a key"),
        ({"X-Api-Key": ""}, "This needs a key"),
        ({"X-Api-Key": "amity"}, "This key is unknown, was revoked or has expired; ask"),
        ({"Authorization": "Bearer ' OR '1'='1"}, "This key is unknown"),
        ({"Authorization": "Bearer " + "x" * 5000}, "This key is unknown"),
        ({"Authorization": "Bearer \xff"}, "This key is unknown"),
    ],
)
def test_no_key_and_wrong_keys_are_refused_everywhere(
    locked: Any, headers: dict[str, str], says: str
) -> None:
    asked = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    for method, path in (
        ("GET", "/at-risk"),
        ("POST", "/score"),
        ("GET", "/explain/C17"),
        ("GET", "/metrics"),
    ):
        reply = locked.ask(method, path, headers=dict(asked))
        assert reply.status_code == 401
        assert list(reply.json()) == ["error"]
        assert reply.json()["error"].startswith(says)
        assert reply.headers["www-authenticate"] == "Bearer"


def test_a_key_in_the_address_is_none(locked: Any) -> None:
    reply = locked.get(f"/at-risk?api_key={locked.keys['admin']}")
    assert reply.status_code == 401


def test_a_revoked_key_is_refused_at_once(locked: Any) -> None:
    assert locked.get("/at-risk", "retention").status_code == 200
    Keys(locked.store.engine).revoke(locked.keys["retention"].split("_")[1])
    assert locked.get("/at-risk", "retention").status_code == 401


def test_who_may_not_learns_nothing_of_what_is_there(locked: Any) -> None:
    known = locked.get("/explain/C17", "marketing")
    unknown = locked.get("/explain/nobody", "marketing")
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())


def test_the_documentation_is_open_and_tells_of_nobody(locked: Any) -> None:
    assert locked.get("/docs", address=AWAY).status_code == 200
    document = locked.get("/openapi.json", address=AWAY)
    assert document.status_code == 200
    ids = {row["customer_id"] for row in locked.get("/at-risk?top=60", "admin").json()["customers"]}
    assert not any(f'"{customer}"' in document.text for customer in ids)


def test_the_documentation_tells_of_keys_and_refusals(locked: Any) -> None:
    document = locked.get("/openapi.json").json()
    schemes = document["components"]["securitySchemes"]
    assert {(scheme["type"], scheme.get("scheme")) for scheme in schemes.values()} == {
        ("http", "bearer"),
        ("apiKey", None),
    }
    for path, methods in document["paths"].items():
        for told in methods.values():
            assert {name for needed in told["security"] for name in needed} == set(schemes), path
            assert {"401", "403", "413", "429", "503", "504"} <= set(told["responses"]), path
            assert "Retry-After" in told["responses"]["429"]["headers"]
