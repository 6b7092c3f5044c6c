"""Where the store is, and what is said where it can't be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import ConfigError
from serving.database import address, shown
from serving.store import Store


def test_the_store_is_in_the_home_unless_an_address_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMITY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("AMITY_STORE_URL", raising=False)
    Store.open().close()
    assert (tmp_path / "home" / "store.db").exists()
    monkeypatch.setenv("AMITY_STORE_URL", f"sqlite:///{tmp_path}/elsewhere.db")
    Store.open().close()
    assert (tmp_path / "elsewhere.db").exists()


def test_postgresql_is_reached_by_the_driver_that_is_installed() -> None:
    assert address("postgresql://me:hush@db/scores").drivername == "postgresql+psycopg"
    assert shown(address("postgres://me:hush@db/scores")) == "postgresql+psycopg://me:***@db/scores"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "is no URL; write it like sqlite:"),
        ("mysql://me:hush@db/scores", "is neither SQLite nor PostgreSQL"),
        ("oracle+nothing://db", "is neither SQLite nor PostgreSQL"),
        ("sqlite+nothing:///x.db", "can't be opened"),
        ("postgresql://me:hush@127.0.0.1:1/scores", "can't be used: connection failed"),
        ("sqlite:////proc/nowhere/store.db", "can't be opened"),
    ],
)
def test_a_store_out_of_reach_is_told_in_one_sentence_without_its_password(url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as raised:
        Store.open(url)
    assert "hush" not in str(raised.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    file.write_text("customer_id,score\n" * 100, encoding="utf-8")
    with pytest.raises(ConfigError, match="can't be used: file is not a database"):
        Store.open(f"sqlite:///{file}")
