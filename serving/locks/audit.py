"""The audit: who asked for customers' data, when, with which filters, and how many customers left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, insert, select

from serving.database import told
from serving.filters import storable
from serving.locks.schema import audit, audit_customers

R = TypeVar("R")
T = TypeVar("T")
MOST = 1_000_000


@dataclass
class Pulled:
    """What a request takes: the routes say it, record and metrics keep it.

    `rows`: how many customers leave. `customers`: those asked for by id. `model_version`: whose scores.
    """

    rows: int = 0
    customers: tuple[str, ...] = ()
    model_version: str = ""

    def note(self, reply: R, customers: Sequence[str] = ()) -> R:
        """The reply, once what it shows is noted: its `customers`, or one customer where it has none such."""
        shown = getattr(reply, "customers", None)
        self.rows = 1 if shown is None else len(shown)
        self.customers = tuple(customers)
        self.model_version = getattr(reply, "model_version", self.model_version)
        return reply

    def counting(self, rows: Iterable[T]) -> Iterator[T]:
        """The same rows; each counts once it has left."""
        for row in rows:
            yield row
            self.rows += 1


@dataclass(frozen=True)
class Entry:
    """One request. `at`: UTC without a zone. The key is null where the service was open."""

    at: datetime
    request_id: str
    key_id: str | None
    key_name: str | None
    role: str | None
    method: str
    route: str
    filters: dict[str, str]
    status: int
    pulled: Pulled = field(default_factory=Pulled)


class Audit:
    """The entries of a store. They are only ever added to; `amity forget` alone takes a customer out."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, entries: Iterable[Entry]) -> None:
        """All in one transaction; raises ConfigError where the database fails."""
        with told(self._engine.url), self._engine.begin() as connection:
            for entry in entries:
                _add(connection, entry)

    def read(
        self,
        *,
        last: int = MOST,
        since: datetime | None = None,
        key_id: str | None = None,
        customer_id: str | None = None,
    ) -> list[dict[str, Any]]:
        """The `last` entries that pass, oldest first, each with its `customers`; raises ConfigError."""
        wanted = select(audit).order_by(audit.c.id.desc()).limit(last)
        if since is not None:
            wanted = wanted.where(audit.c.at >= since)
        if key_id is not None:
            wanted = wanted.where(audit.c.key_id == key_id)
        if customer_id is not None:
            asked = select(audit_customers.c.audit_id).where(audit_customers.c.customer_id == customer_id)
            wanted = wanted.where(audit.c.id.in_(asked))
        with told(self._engine.url), self._engine.connect() as connection:
            found = [dict(row) for row in connection.execute(wanted).mappings()]
            for entry in found:
                entry["customers"] = _customers(connection, entry["id"])
        return found[::-1]


def _add(connection: Connection, entry: Entry) -> None:
    row = {name: value for name, value in vars(entry).items() if name != "pulled"}
    row["rows"] = entry.pulled.rows
    audit_id = connection.execute(insert(audit).returning(audit.c.id), row).scalar_one()
    named = sorted({storable(customer) for customer in entry.pulled.customers})
    if named:
        connection.execute(
            insert(audit_customers), [{"audit_id": audit_id, "customer_id": name} for name in named]
        )


def _customers(connection: Connection, audit_id: int) -> list[str]:
    wanted = select(audit_customers.c.customer_id).where(audit_customers.c.audit_id == audit_id)
    return list(connection.scalars(wanted.order_by(audit_customers.c.customer_id)))
