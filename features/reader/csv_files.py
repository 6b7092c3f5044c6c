"""CSV files as tables of text: UTF-8, a header, and commas, semicolons, tabs or bars between the columns."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path

import ibis
import ibis.expr.types as ir

SEPARATORS = ",;\t|"


def read_csv(backend: ibis.BaseBackend, name: str, paths: Sequence[Path]) -> ir.Table:
    """The files as one table; a column that a file lacks is null in its rows, an empty file has none.

    The header decides the separator and the columns, so that a line of another length is an error and not
    another guess.
    """
    tables = [
        _read_one(backend, f"file_{name}_{number}", path, header)
        for number, path in enumerate(paths)
        if (header := parse_header(_first_line(path)))[1]
    ]
    if not tables:
        return backend.create_table(f"file_{name}", schema={"empty": "string"}, temp=True)
    return stacked(tables)


def stacked(tables: Sequence[ir.Table]) -> ir.Table:
    """Tables of text as one; a column that one of them lacks is null in its rows."""
    columns = dict.fromkeys(column for table in tables for column in table.columns)
    aligned = [
        table.select({c: table[c] if c in table.columns else ibis.null("string") for c in columns})
        for table in tables
    ]
    return ibis.union(*aligned) if len(aligned) > 1 else tables[0]


def globbed(path: Path) -> str:
    """The path for DuckDB, its own brackets and stars being no pattern."""
    return "".join(f"[{sign}]" if sign in "[*?" else sign for sign in str(path))


def _first_line(path: Path) -> str:
    opener = gzip.open if path.name.lower().endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
        return str(file.readline())


def parse_header(line: str) -> tuple[str, list[str]]:
    """The separator and the column names, made distinct."""
    separator = max(SEPARATORS, key=line.count)
    names: list[str] = []
    for name in next(csv.reader([line], delimiter=separator), []):
        names.append(name if name not in names else f"{name} ({len(names) + 1})")
    return separator, names


def _read_one(backend: ibis.BaseBackend, name: str, path: Path, header: tuple[str, list[str]]) -> ir.Table:
    separator, names = header
    return backend.read_csv(
        globbed(path),
        table_name=name,
        columns=dict.fromkeys(names, "string"),
        delim=separator,
        header=True,
        quote='"',
        escape='"',
        auto_detect=False,
        hive_partitioning=False,
    )
