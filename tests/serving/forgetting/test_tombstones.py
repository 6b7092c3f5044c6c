"""Tombstones: who was forgotten is known again, and only with the key."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text

from features.errors import ConfigError
from serving.forgetting.tombstones import Tombstones
from serving.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{tmp_path}/store.db")
    yield store
    store.close()


def test_who_was_forgotten_is_known_again(store: Store, tmp_path: Path) -> None:
    stones = Tombstones(store.engine, tmp_path / "key")
    assert not stones.any()
    assert stones.among(["a", "b"]) == []
    for customer in ("b", "d", "b"):
        stones.add(customer)
    assert stones.any()
    assert stones.among(["a", "b", "c", "d", "B", "b "]) == ["b", "d"]


def test_no_id_is_kept_and_the_hash_needs_the_key(store: Store, tmp_path: Path) -> None:
    Tombstones(store.engine, tmp_path / "key").add("C00000042")
    key = bytes.fromhex((tmp_path / "key").read_text())
    with store.engine.connect() as connection:
        ((hash_,),) = connection.execute(text("SELECT hash FROM forgotten")).all()
    assert hash_ == hmac.digest(key, b"C00000042", "sha256").hex()
    assert hash_ != sha256(b"C00000042").hexdigest()
    assert len(key) == 32
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    files = [file for file in tmp_path.iterdir() if file.is_file()]
    assert not any(b"C00000042" in file.read_bytes() for file in files)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "1 customers were forgotten, and .*key is missing"),
        ("00" * 32, "is not the key"),
        ("x", "can't be read"),
    ],
)
def test_without_its_key_nothing_is_read(
    store: Store, tmp_path: Path, content: str | None, says: str
) -> None:
    """Else whoever was forgotten would come back unseen."""
    stones = Tombstones(store.engine, tmp_path / "key")
    stones.add("C1")
    (tmp_path / "key").unlink()
    if content is not None:
        (tmp_path / "key").write_text(content)
    with pytest.raises(ConfigError, match=says):
        stones.among(["C1"])


def test_a_home_without_a_store_has_none_and_gets_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))
    monkeypatch.delenv("AMITY_STORE_URL", raising=False)
    with Tombstones.of_home() as stones:
        assert stones is None
    assert list(tmp_path.iterdir()) == []
    Store.open().close()
    with Tombstones.of_home() as stones:
        assert stones is not None
        assert not stones.any()
