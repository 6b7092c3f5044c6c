"""All files of the home: the customer taken out of what holds rows or texts, and a look for what is left."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from serving.forgetting.csv_rows import erase_from_csv, id_column
from serving.forgetting.drafts import replaced
from serving.forgetting.rows import erase_from_sqlite, holds
from serving.forgetting.tables import erase_from_duckdb, erase_from_parquet, values_of_parquet

TEXTS = frozenset({".log", ".txt", ".html", ".json", ".jsonl", ".ndjson", ".md", ".svg", ".xml", ".yaml", ""})
BUNDLE = "manifest.json"
ORDERS, LINES = "orders.parquet", "order_lines.parquet"
PACKED = frozenset({"parquet", "duckdb", "csv"})
UNREADABLE = (OSError, sqlite3.Error, duckdb.Error, pa.ArrowException, UnicodeError)
"""What a file that isn't what it seems to be raises; it is still searched at the end."""
ERASED = b"[forgotten]"
TELLING = 6
"""An id shorter than this stands in other words and numbers too: free text isn't searched for it."""


@dataclass
class Swept:
    """File → how often the customer stood in it and was taken out; and the files that still name them."""

    erased: dict[Path, int] = field(default_factory=dict)
    left: list[Path] = field(default_factory=list)


def sweep(home: Path, customer_id: str, *, dry_run: bool = False, without: Path | None = None) -> Swept:
    """`without`: the store, if it is a file, which is erased by itself. With `dry_run` nothing is written."""
    found = Swept()
    for file in _files(home, without):
        try:
            lines = _erase_lines(file, customer_id, dry_run=dry_run) if file.name == ORDERS else 0
            times = _erase(file, customer_id, dry_run=dry_run)
        except UNREADABLE:
            continue
        if lines:
            found.erased[file.with_name(LINES)] = lines
        if times:
            found.erased[file] = times
    if not dry_run:
        found.left = [file for file in _files(home, None) if names(file, customer_id)]
    return found


def names(file: Path, customer_id: str) -> bool:
    """Whether the file, the values packed in it or its own name hold the id."""
    if _named(file, customer_id):
        return True
    try:
        kind = _kind(file)
        if kind == "sqlite":
            return holds(file, _token(customer_id))
        if kind in PACKED:
            return _erase(file, customer_id, dry_run=True) > 0
        return (kind == "text" and _times(file, customer_id) > 0) or (
            kind == "other" and _in(file, customer_id)
        )
    except UNREADABLE:
        return _in(file, customer_id)


def _erase(file: Path, customer_id: str, *, dry_run: bool) -> int:
    ways: dict[str, Callable[..., int]] = {
        "parquet": _erase_from_parquet,
        "csv": erase_from_csv,
        "duckdb": erase_from_duckdb,
        "sqlite": erase_from_sqlite,
        "text": _erase_from_text,
    }
    way = ways.get(_kind(file))
    return 0 if way is None else way(file, customer_id, dry_run=dry_run)


def _erase_lines(orders: Path, customer_id: str, *, dry_run: bool) -> int:
    """The lines of the customer's orders, which name the order only; before the orders themselves go."""
    lines = orders.with_name(LINES)
    if not lines.exists():
        return 0
    of_customer = values_of_parquet(orders, "order_id", "customer_id", {customer_id})
    return erase_from_parquet(lines, "order_id", of_customer, dry_run=dry_run)


def _kind(file: Path) -> str:
    """By how the file begins, else by its ending; of a bundle nothing is rewritten, for it is signed."""
    with file.open("rb") as raw:
        head = raw.read(16)
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith(b"SQLite format 3\0"):
        return "sqlite"
    if head[8:12] == b"DUCK":
        return "duckdb"
    if file.name.lower().endswith((".csv", ".csv.gz", ".tsv")):
        return "csv"
    is_text = file.suffix.lower() in TEXTS and not (file.parent / BUNDLE).exists()
    return "text" if is_text else "other"


def _erase_from_parquet(file: Path, customer_id: str, *, dry_run: bool) -> int:
    column = id_column(pq.read_schema(file).names)
    return 0 if column is None else erase_from_parquet(file, column, {customer_id}, dry_run=dry_run)


def _erase_from_text(file: Path, customer_id: str, *, dry_run: bool) -> int:
    times = _times(file, customer_id)
    if times and not dry_run:
        with replaced(file) as draft:
            draft.write_bytes(_token(customer_id).sub(ERASED, file.read_bytes()))
    return times


def _times(file: Path, customer_id: str) -> int:
    return len(_token(customer_id).findall(file.read_bytes())) if len(customer_id) >= TELLING else 0


def _in(file: Path, customer_id: str) -> bool:
    """In a file that may hold anything, the bytes before and after the id tell nothing."""
    return len(customer_id) >= TELLING and customer_id.encode() in file.read_bytes()


def _named(file: Path, customer_id: str) -> bool:
    return len(customer_id) >= TELLING and _token(customer_id).search(file.name.encode()) is not None


def _token(customer_id: str) -> re.Pattern[bytes]:
    """The id where it doesn't stand within a longer word."""
    return re.compile(rb"(?<![0-9A-Za-z_])" + re.escape(customer_id.encode()) + rb"(?![0-9A-Za-z_])")


def _files(home: Path, without: Path | None) -> Iterator[Path]:
    beside = set() if without is None else {without, *(Path(f"{without}{end}") for end in ("-wal", "-shm"))}
    for file in sorted(home.rglob("*")):
        if file.is_file() and not file.is_symlink() and file not in beside:
            yield file
