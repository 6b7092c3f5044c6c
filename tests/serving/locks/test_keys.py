"""Keys: shown once, kept as a hash, good until they expire or are revoked."""

from __future__ import annotations

import hmac
import math
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from features.clock import now
from features.errors import RequestError
from serving.errors import AbsentError
from serving.locks import keys as module
from serving.locks.keys import KEY, Caller, Keys
from serving.store import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def keys(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Keys]:
    url = f"sqlite:///{tmp_path}/store.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
    store = Store.open(url)
    with store.engine.begin() as connection:
        connection.execute(text("DELETE FROM api_keys"))
    yield Keys(store.engine)
    store.close()


def test_a_key_lets_in_until_it_is_revoked(keys: Keys) -> None:
    assert not keys.any()
    key, secret = keys.make("  Till the morning list ", "retention")
    assert keys.any()
    assert keys.caller_of(secret) == Caller(key.id, "Till the morning list", "retention")
    assert keys.caller_with(key.id) == keys.caller_of(secret)
    assert keys.revoke(key.id).name == "Till the morning list"
    assert keys.caller_of(secret) is None
    assert keys.caller_with(key.id) is None
    assert [kept.state for kept in keys.all()] == ["revoked"]
    assert keys.any(), "a service that was locked once stays so"


def test_only_a_hash_is_kept(keys: Keys) -> None:
    key, secret = keys.make("shop", "admin")
    parts = KEY.fullmatch(secret)
    assert parts is not None
    assert parts[1] == key.id
    with keys._engine.connect() as connection:  # noqa: SLF001
        (row,) = connection.execute(text("SELECT * FROM api_keys")).mappings().all()
    assert row["hash"] == sha256(parts[2].encode()).hexdigest()
    assert not any(parts[2] in str(value) for value in row.values())
    assert parts[2] not in repr(key)


def test_the_secret_is_256_random_bits(tmp_path: Path) -> None:
    found = Keys(Store.open(f"sqlite:///{tmp_path}/store.db").engine)
    secrets = [found.make("n", "admin")[1].split("_", 2)[2] for _ in range(200)]
    assert len(set(secrets)) == 200
    letters = Counter("".join(secrets)[:-1])
    assert len(letters) == 64
    assert len(secrets[0]) * math.log2(64) >= 256


def test_an_expired_key_lets_nobody_in(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    key, secret = keys.make("a week", "marketing", now() + timedelta(days=7))
    assert keys.caller_of(secret) is not None
    later = now() + timedelta(days=7, seconds=1)
    monkeypatch.setattr(module, "now", lambda: later)
    assert keys.caller_of(secret) is None
    assert keys.caller_with(key.id) is None
    assert [kept.state for kept in keys.all()] == ["expired"]


def test_nearly_a_key_is_none(keys: Keys) -> None:
    key, secret = keys.make("shop", "admin")
    _, other = keys.make("web", "admin")
    swapped = f"amity_{key.id}_{other.split('_', 2)[2]}"
    flipped = secret[:-2] + ("A" if secret[-2] != "A" else "B") + secret[-1]
    for wrong in ("", "x", key.id, secret[:-1], secret + "A", f" {secret}", secret.upper(), swapped, flipped):
        assert keys.caller_of(wrong) is None, wrong
    assert keys.caller_of("amity_" + "0" * 12 + "_" + "A" * 43) is None
    assert keys.caller_of(secret + "\n") is None
    assert keys.caller_of("amity_' OR 1=1 --") is None


def test_right_wrong_and_unknown_are_compared_alike(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    """In constant time: each takes one comparison of two whole hashes by hmac.compare_digest."""
    _, secret = keys.make("shop", "admin")
    compared: list[tuple[int, int]] = []

    digest = hmac.compare_digest

    def compare(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return digest(one, other)

    monkeypatch.setattr(module.hmac, "compare_digest", compare)
    unknown = f"amity_{'0' * 12}_{secret.split('_', 2)[2]}"
    for asked in (secret, secret[:-3] + "AAA", unknown):
        keys.caller_of(asked)
    assert compared == [(64, 64)] * 3


@pytest.mark.parametrize(
    ("name", "role", "expires", "says"),
    [
        ("", "admin", None, "the name is ''; give 1 to 100 printable characters"),
        ("x" * 101, "admin", None, "give 1 to 100"),
        ("a\nb", "admin", None, "printable"),
        ("a", "boss", None, "the role is 'boss'; use one of retention, marketing, data-science, admin"),
        ("a", "admin", datetime(2020, 1, 1), "would expire on 2020-01-01, which is over"),  # noqa: DTZ001
        ("", "boss", datetime(2020, 1, 1), "the name is .*; the role is .*; the key would expire"),  # noqa: DTZ001
    ],
)
def test_a_key_that_cannot_be_made(tmp_path: Path, name: str, role: Any, expires: Any, says: str) -> None:
    keys = Keys(Store.open(f"sqlite:///{tmp_path}/store.db").engine)
    with pytest.raises(RequestError, match=says):
        keys.make(name, role, expires)
    assert not keys.any()


def test_what_cannot_be_revoked(keys: Keys) -> None:
    with pytest.raises(AbsentError, match="There is no key 'abc'; `amity keys list` shows the ids"):
        keys.revoke("abc")
    key, _ = keys.make("shop", "admin")
    keys.revoke(key.id)
    with pytest.raises(RequestError, match=f"Key {key.id} was revoked on .* already"):
        keys.revoke(key.id)
