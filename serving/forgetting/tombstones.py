"""Who was forgotten: known again by a keyed hash of the id, and not to be read from it."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Engine, insert, select

from configs.loading import home
from features.clock import now
from features.errors import ConfigError
from serving.database import address, connect, is_made, told
from serving.forgetting.schema import forgotten

KEY_FILE = "forgotten.key"
KEY_BYTES = 32


class Tombstones:
    """The hashes lie in the store, their key in a file of the home: neither alone tells who was forgotten.

    Every method raises ConfigError where the database fails, the key can't be read or isn't the one that made
    the hashes: whoever was forgotten would come back unseen.
    """

    def __init__(self, engine: Engine, file: Path | None = None) -> None:
        self._engine = engine
        self._file = file or home() / KEY_FILE

    @classmethod
    @contextmanager
    def of_home(cls) -> Iterator[Tombstones | None]:
        """Those of the store by `AMITY_STORE_URL` or of the home; null where it has no store yet."""
        url = address(None)
        if not is_made(url):
            yield None
            return
        engine = connect(url)
        try:
            yield cls(engine)
        finally:
            engine.dispose()

    def add(self, customer_id: str) -> None:
        """Once or again: it is kept once."""
        key = self._key() or self._make_key()
        row = {"hash": _hash(key, customer_id), "key_mark": _mark(key), "at": now()}
        with told(self._engine.url), self._engine.begin() as connection:
            if connection.scalar(select(forgotten.c.hash).where(forgotten.c.hash == row["hash"])) is None:
                connection.execute(insert(forgotten), row)

    def any(self) -> bool:
        return bool(self._hashes())

    def among(self, customer_ids: Iterable[str]) -> list[str]:
        """Those of the ids that were forgotten, in their order."""
        hashes, key = self._hashes(), self._key()
        if not hashes or key is None:
            return []
        return [customer_id for customer_id in customer_ids if _hash(key, customer_id) in hashes]

    def _hashes(self) -> set[str]:
        with told(self._engine.url), self._engine.connect() as connection:
            rows = connection.execute(select(forgotten.c.hash, forgotten.c.key_mark)).all()
        key = self._key()
        if rows and (key is None or any(mark != _mark(key) for _, mark in rows)):
            raise ConfigError(
                f"{len(rows):,} customers were forgotten, and {self._file} is "
                f"{'missing' if key is None else 'not the key by which all of them are known'}: they would "
                "come back unseen. Put the file back from the home where they were forgotten, or a backup."
            )
        return {hash_ for hash_, _ in rows}

    def _key(self) -> bytes | None:
        try:
            key = bytes.fromhex(self._file.read_text(encoding="ascii").strip())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"The key {self._file} can't be read: {error}. Put it back from a backup."
            ) from None
        return key

    def _make_key(self) -> bytes:
        key = secrets.token_bytes(KEY_BYTES)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(key.hex())
        return key


def _hash(key: bytes, customer_id: str) -> str:
    return hmac.new(key, customer_id.encode(), sha256).hexdigest()


def _mark(key: bytes) -> str:
    return sha256(b"mark" + key).hexdigest()[:16]
