"""API keys: made once, shown once, kept as a hash only."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Engine, RowMapping, insert, select, update

from features.clock import now
from features.errors import RequestError
from serving.database import told
from serving.errors import AbsentError
from serving.locks.roles import ROLES, Role
from serving.locks.schema import api_keys

KEY = re.compile(r"amity_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
LONGEST_NAME = 100
NOBODYS = sha256(b"").hexdigest()
"""What the hash of an unknown key is compared with, so that unknown and wrong take the same time."""


@dataclass(frozen=True)
class Caller:
    """Who holds a key that is good now."""

    key_id: str
    name: str
    role: Role


@dataclass(frozen=True)
class Key:
    """A key without its secret. Times are UTC without a zone; null: never."""

    id: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, row: RowMapping) -> Key:
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})

    @property
    def state(self) -> str:
        """good, expired or revoked, now."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now() else "good"


class Keys:
    """The keys of a store; every method raises ConfigError where the database fails."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def make(self, name: str, role: Role, expires_at: datetime | None = None) -> tuple[Key, str]:
        """A new key and its text, which is kept nowhere; raises RequestError where one can't be made so.

        The secret is 256 random bits: nobody can guess it, so one round of SHA-256 keeps it as safe as a slow
        hash would, and costs a request nothing. Slow hashes are for what people choose themselves.
        """
        _require_sound(name, role, expires_at)
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        key = Key(key_id, name.strip(), role, now(), expires_at, None)
        with told(self._engine.url), self._engine.begin() as connection:
            connection.execute(insert(api_keys), vars(key) | {"hash": _hash(secret)})
        return key, f"amity_{key_id}_{secret}"

    def all(self) -> list[Key]:
        """Oldest first."""
        wanted = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        with told(self._engine.url), self._engine.connect() as connection:
            return [Key.of(row) for row in connection.execute(wanted).mappings()]

    def any(self) -> bool:
        """Whether a key was ever made; from then on nobody is let in without one."""
        with told(self._engine.url), self._engine.connect() as connection:
            return connection.execute(select(api_keys.c.id).limit(1)).first() is not None

    def revoke(self, key_id: str) -> Key:
        """Raises AbsentError where there is no such key, RequestError where it was revoked before."""
        this = api_keys.c.id == key_id
        with told(self._engine.url), self._engine.begin() as connection:
            row = connection.execute(select(api_keys).where(this)).mappings().first()
            if row is None:
                raise AbsentError(f"There is no key {key_id[:40]!r}; `amity keys list` shows the ids.")
            if row["revoked_at"] is not None:
                raise RequestError(f"Key {key_id} was revoked on {row['revoked_at']:%Y-%m-%d} already.")
            connection.execute(update(api_keys).where(this).values(revoked_at=now()))
        return Key.of(row)

    def caller_of(self, secret: str) -> Caller | None:
        """Who holds this key; null where it is unknown, wrong, expired or revoked."""
        parts = KEY.fullmatch(secret)
        if parts is None:
            return None
        row = self._row(parts[1])
        right = hmac.compare_digest(row["hash"] if row else NOBODYS, _hash(parts[2]))
        return _caller(row) if row and right else None

    def caller_with(self, key_id: str) -> Caller | None:
        """Who a key belongs to that was shown before, as in a session; null where it is good no more."""
        row = self._row(key_id)
        return _caller(row) if row else None

    def _row(self, key_id: str) -> RowMapping | None:
        with told(self._engine.url), self._engine.connect() as connection:
            return connection.execute(select(api_keys).where(api_keys.c.id == key_id)).mappings().first()


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _caller(row: RowMapping) -> Caller | None:
    key = Key.of(row)
    return Caller(key.id, key.name, key.role) if key.state == "good" else None


def _require_sound(name: str, role: str, expires_at: datetime | None) -> None:
    problems = []
    if not 1 <= len(name.strip()) <= LONGEST_NAME or not name.isprintable():
        problems.append(f"the name is {name[:40]!r}; give 1 to {LONGEST_NAME} printable characters")
    if role not in ROLES:
        problems.append(f"the role is {role[:40]!r}; use one of {', '.join(ROLES)}")
    if expires_at is not None and expires_at <= now():
        problems.append(f"the key would expire on {expires_at:%Y-%m-%d}, which is over; give a later day")
    if problems:
        raise RequestError(f"No such key can be made: {'; '.join(problems)}.")
