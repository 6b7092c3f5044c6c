"""What a source knew of one customer before a day, found without checking the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import ibis
import pyarrow as pa

from features.check.columns import read
from features.check.names import match_columns
from features.check.raw import Raw
from features.check.report import READ_ERRORS, check, reason
from features.errors import SourceError
from features.reader.events import InDoubt, clean_events, known_before
from features.reader.opening import Opened, open_address, shown


@dataclass(frozen=True)
class CustomerFacts:
    """`tables`: clean, those that have a row. `left_out`: table → its rows that can't be used."""

    tables: Mapping[str, pa.Table]
    left_out: Mapping[str, int]


def facts_of_customer(address: str | Path, customer_id: str, as_of: datetime) -> CustomerFacts:
    """The tables that name customers with the rows of one, as they were known before `as_of`.

    `customer_id`: as a source reads its ids. Raises SourceError where the source can't be opened or read.
    """
    with _opened(str(address)) as opened:
        raws = _of_customer(opened, customer_id)
        rows = {name: raw.table.to_pyarrow().to_pylist() for name, raw in raws.items()}
        clean = _clean(opened, raws, rows)
    left_out = {name: len(there) - len(clean.get(name, ())) for name, there in rows.items()}
    return CustomerFacts(_known(clean, as_of), {name: number for name, number in left_out.items() if number})


@contextmanager
def _opened(address: str) -> Iterator[Opened]:
    opened = open_address(address)
    try:
        yield opened
    except READ_ERRORS as error:
        raise SourceError(f"{shown(address)} can't be read: {reason(error)}.") from None
    finally:
        opened.backend.disconnect()


def _of_customer(opened: Opened, customer_id: str) -> dict[str, Raw]:
    cut = {name: _cut(opened.backend, raw, "customer_id", [customer_id]) for name, raw in opened.raws.items()}
    found = {name: raw for name, raw in cut.items() if raw is not None}
    if "orders" in found and "order_lines" in opened.raws:
        lines = _cut(opened.backend, opened.raws["order_lines"], "order_id", _order_ids(found["orders"]))
        found |= {} if lines is None else {"order_lines": lines}
    return found


def _order_ids(orders: Raw) -> list[str]:
    ids = _column(orders, "order_id")
    return [] if ids is None else [str(found) for found in ids.to_pyarrow().to_pylist() if found is not None]


def _column(raw: Raw, name: str) -> ibis.Value | None:
    """A column as a source reads it; null where the table lacks it."""
    names, _ = match_columns(raw)
    if name not in names:
        return None
    return read(raw.contract.column(name), raw.table[names[name]], raw.engine).value


def _cut(backend: ibis.BaseBackend, raw: Raw, column: str, wanted: Sequence[str]) -> Raw | None:
    """The table with the rows whose id is wanted; null where it lacks the id. DuckDB fetches them once."""
    ids = _column(raw, column)
    if ids is None:
        return None
    rows = raw.table.filter(ids.isin(list(wanted)))
    if backend.name == "duckdb":
        rows = backend.create_table(f"amity_of_one_{raw.name}", rows, temp=True)
    return replace(raw, table=rows)


def _clean(
    opened: Opened, raws: Mapping[str, Raw], rows: Mapping[str, list[dict[str, object]]]
) -> dict[str, pa.Table]:
    """Clean beyond doubt in a few milliseconds, else by the full check."""
    try:
        return clean_events(rows)
    except InDoubt:
        tables, _ = check(opened.address, opened.backend, raws)
        return {name: table.to_pyarrow() for name, table in tables.items()}


def _known(tables: Mapping[str, pa.Table], as_of: datetime) -> dict[str, pa.Table]:
    known = {name: known_before(name, table, as_of) for name, table in tables.items()}
    return {name: table for name, table in known.items() if len(table)}
