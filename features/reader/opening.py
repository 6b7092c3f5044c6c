"""An address opened: its engine and its raw tables, untouched."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from typing import TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import duckdb
import ibis
import ibis.expr.types as ir
import psycopg

from features.check.problems import Problem
from features.check.raw import Engine, Raw
from features.check.report import READ_ERRORS, reason, unreadable
from features.clock import now
from features.errors import SourceError
from features.reader.csv_files import globbed, read_csv
from features.tables import CONTRACT

MEMORY = "4GB"
"""What DuckDB holds in memory before it spills, unless the environment says otherwise."""

ENDINGS = {"parquet": (".parquet", ".pq"), "csv": (".csv", ".csv.gz")}
File = TypeVar("File", Path, str)


@dataclass(frozen=True)
class Opened:
    """`address` is safe to show. `problems`: tables or files that are unknown, unreadable or missing."""

    address: str
    backend: ibis.BaseBackend
    raws: dict[str, Raw]
    problems: tuple[Problem, ...]


def open_address(address: str) -> Opened:
    """Raises `SourceError` where there is nothing at the address, or nothing that can be opened."""
    if re.match(r"postgres(ql)?://", address):
        return _open_postgres(address)
    path = Path(address).expanduser()
    if path.is_dir():
        return _open_folder(path)
    if path.is_file():
        return _open_duckdb(path)
    if "://" in address:
        raise SourceError(
            f"{shown(address)} is no source: give a folder, a DuckDB file or a postgresql:// address."
        )
    raise SourceError(f"There is no folder and no file at {path}.")


def memory() -> ibis.BaseBackend:
    """A fresh DuckDB in memory."""
    return _settled(ibis.duckdb.connect())


def _settled(backend: ibis.BaseBackend) -> ibis.BaseBackend:
    """DuckDB in UTC, and bounded: beyond `AMITY_MEMORY` it spills, never beside the user's data.

    Raises `SourceError` where `AMITY_MEMORY` is no size.
    """
    memory = os.environ.get("AMITY_MEMORY") or MEMORY
    backend.raw_sql("SET TimeZone = 'UTC'")
    backend.raw_sql(f"SET temp_directory = '{gettempdir()}'")
    try:
        backend.con.execute("SET memory_limit = $memory", {"memory": memory})
    except duckdb.Error as error:
        raise SourceError(
            f"AMITY_MEMORY is {memory!r}, and no size of memory: write it like {MEMORY}."
        ) from error
    return backend


def engine(*, parses: bool = True, loose: bool = False) -> Engine:
    return Engine(parses, loose, now())


def shown(address: str) -> str:
    """The address without its password."""
    hidden = re.sub(r"(?<=://)([^:/?#]*):[^/?#]*@", r"\1:***@", address)
    return re.sub(r"(?<=[?&]password=)[^&]*", "***", hidden)


def _open_folder(folder: Path) -> Opened:
    return open_files(str(folder), memory(), inside(folder), _read_parquet, read_csv)


def open_files(
    address: str,
    backend: ibis.BaseBackend,
    entries: Mapping[str, Sequence[File]],
    read_parquet: Callable[[ibis.BaseBackend, str, Sequence[File]], ir.Table],
    read_csv: Callable[[ibis.BaseBackend, str, Sequence[File]], ir.Table],
) -> Opened:
    """The raw tables of a folder, whatever engine reads it. `entries`: as `inside` gives them."""
    raws, problems = {}, []
    files, unknown = _by_table(entries)
    if unknown:
        says = f"files that are no table of the contract: {', '.join(sorted(unknown))}"
        problems.append(Problem("note", "", None, says, "They are not read."))
    for name in (name for name in CONTRACT if name in files):
        parquet = [file for file in files[name] if _ends(file, "parquet")]
        if parquet and len(parquet) < len(files[name]):
            says = "it is there both as Parquet and as CSV"
            problems.append(Problem("error", name, None, says, "Keep one of the two."))
            continue
        reader = read_parquet if parquet else read_csv
        try:
            raws[name] = Raw(name, reader(backend, name, files[name]), engine(loose=not parquet))
        except READ_ERRORS as error:
            problems.append(unreadable(name, error))
    return _opened(address, backend, raws, problems)


def _opened(address: str, backend: ibis.BaseBackend, raws: dict[str, Raw], problems: list[Problem]) -> Opened:
    named = {*raws, *(problem.table for problem in problems)}
    if not named & {"orders", "subscriptions"}:
        there = f"; there is {', '.join(raws)}" if raws else ""
        says = f"there is no table «orders» (and no «subscriptions»){there}"
        remedy = "A folder holds orders.parquet or orders.csv; a database holds a table orders."
        problems = [Problem("error", "", None, says, remedy), *problems]
    return Opened(address, backend, raws, tuple(problems))


def inside(folder: Path) -> dict[str, list[Path]]:
    """What lies in a folder, by name, hidden things left out: the data files of each, itself or below it."""
    return {
        path.name: [
            file
            for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
            if file.is_file() and is_data(file.name)
        ]
        for path in sorted(folder.iterdir())
        if not path.name.startswith((".", "_"))
    }


def is_data(name: str) -> bool:
    return not name.startswith((".", "_")) and _ends(name, "parquet", "csv")


def _by_table(entries: Mapping[str, Sequence[File]]) -> tuple[dict[str, list[File]], list[str]]:
    """Table → its data files, and the entries that belong to no table."""
    known: dict[str, list[File]] = {}
    unknown = []
    for entry, files in entries.items():
        name = entry.lower().split(".")[0].strip()
        if name in CONTRACT and files:
            known.setdefault(name, []).extend(files)
        else:
            unknown.append(entry)
    return known, unknown


def _ends(file: str | Path, *forms: str) -> bool:
    return str(file).lower().endswith(tuple(ending for form in forms for ending in ENDINGS[form]))


def _read_parquet(backend: ibis.BaseBackend, name: str, paths: Sequence[Path]) -> ir.Table:
    return backend.read_parquet(
        [globbed(path) for path in paths],
        table_name=f"file_{name}",
        union_by_name=True,
        hive_partitioning=False,
    )


def _open_duckdb(path: Path) -> Opened:
    if _ends(path, "parquet", "csv"):
        raise SourceError(f"{path} is a single file: give the folder it is in, {path.parent}.")
    try:
        backend = _settled(ibis.duckdb.connect(str(path), read_only=True))
    except duckdb.Error as error:
        raise SourceError(f"{path} can't be opened as a DuckDB file: {reason(error)}.") from error
    return _open_database(str(path), backend, dict.fromkeys(backend.list_tables()), engine())


def _open_postgres(address: str) -> Opened:
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query))
    schema = query.pop("schema", None)
    url = urlunsplit(parts._replace(query=urlencode(query, quote_via=quote)))
    try:
        connection = psycopg.connect(url, autocommit=True)
    except psycopg.Error as error:
        raise SourceError(f"{shown(address)} can't be reached: {reason(error)}.") from error
    connection.execute("SET TimeZone = 'UTC'")
    found = connection.execute(
        "SELECT c.relname, n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f')"
        " AND (n.nspname = %(schema)s"
        " OR %(schema)s::name IS NULL AND n.nspname = ANY(current_schemas(false)))"
        " ORDER BY array_position(current_schemas(false), n.nspname) DESC",
        {"schema": schema},
    ).fetchall()
    backend = ibis.postgres.from_connection(connection)
    return _open_database(shown(address), backend, dict(found), engine(parses=False))


def _open_database(
    address: str, backend: ibis.BaseBackend, found: dict[str, str | None], how: Engine
) -> Opened:
    names = {name.strip().lower(): name for name in found}
    raws, problems = {}, []
    for name in (name for name in CONTRACT if name in names):
        try:
            raws[name] = Raw(name, backend.table(names[name], database=found[names[name]]), how)
        except READ_ERRORS as error:
            problems.append(unreadable(name, error))
    unknown = ", ".join(sorted(own for name, own in names.items() if name not in CONTRACT))
    if unknown:
        says = f"tables outside the contract: {unknown}"
        problems.append(Problem("note", "", None, says, "They are not read."))
    return _opened(address, backend, raws, problems)
