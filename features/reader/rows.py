"""Raw events handed over in memory, as tables of an in-memory DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

import ibis
import pyarrow as pa

from features.check.columns import TYPES
from features.check.problems import Problem
from features.check.raw import ROW, Engine, Raw
from features.tables import CONTRACT

Row = Mapping[str, object]
PLAIN = (str, bool, int, float, Decimal, date, type(None))


def raw_rows(
    backend: ibis.BaseBackend, rows: Mapping[str, Sequence[Row]], engine: Engine
) -> tuple[dict[str, Raw], list[Problem]]:
    """The tables of the contract that have rows, numbered from 1; what can't be a table is told."""
    raws: dict[str, Raw] = {}
    problems = [_unknown(name) for name in rows if name not in CONTRACT]
    for name in (name for name in CONTRACT if name in rows):
        wrong = _misshapen(name, rows[name])
        problems += wrong
        if rows[name] and not wrong:
            raws[name] = Raw(name, _table(backend, name, rows[name]), engine, numbered=True)
    return raws, problems


def empty_table(backend: ibis.BaseBackend, name: str) -> ibis.Table:
    """A table with no rows and all columns of the contract."""
    schema = ibis.schema({column.name: TYPES[column.kind] for column in CONTRACT[name].columns})
    return backend.create_table(f"empty_{name}", schema=schema, temp=True)


def _unknown(name: str) -> Problem:
    return Problem(
        "error", str(name), None, "there is no such table", f"The tables are {', '.join(CONTRACT)}."
    )


def _misshapen(name: str, rows: object) -> list[Problem]:
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        says = f"received {type(rows).__name__} where a list of rows is due"
        return [Problem("error", name, None, says, "Give a list of objects.")]
    problems = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            says = f"row {number} is {type(row).__name__}, not an object of columns"
            problems.append(Problem("error", name, None, says, 'Write it as {"column": value}.'))
            continue
        for column, value in row.items():
            if not isinstance(_plain(value), PLAIN):
                says = f"row {number} holds {type(value).__name__} where one value is due"
                problems.append(Problem("error", name, str(column), says, "Give one plain value."))
    return problems or _misnamed(name, {str(column) for row in rows for column in row})


def _misnamed(name: str, columns: set[str]) -> list[Problem]:
    unnamed = any(not column.strip() or not column.isprintable() for column in columns)
    if not unnamed and len({column.lower() for column in columns}) == len(columns):
        return []
    says = "columns have no name, unprintable names, or names that differ in upper and lower case only"
    return [Problem("error", name, None, says, "Name each column once, in plain letters.")]


def _table(backend: ibis.BaseBackend, name: str, rows: Sequence[Row]) -> ibis.Table:
    names = list(dict.fromkeys(str(column) for row in rows for column in row))
    columns = {column: _column([row.get(column) for row in rows]) for column in names}
    arrow = pa.table({ROW: pa.array(range(1, len(rows) + 1), pa.int64()), **columns})
    return backend.create_table(f"raw_{name}", arrow, temp=True)


def _column(values: Sequence[object]) -> pa.Array:
    """A typed array where the values are of one kind, else their text."""
    plain = [_plain(value) for value in values]
    kinds = {_kind(value) for value in plain if value is not None}
    if kinds == {"number"} and any(isinstance(value, float) for value in plain):
        return pa.array([None if value is None else float(value) for value in plain], pa.float64())  # type: ignore[arg-type]
    if len(kinds) == 1 and kinds <= {"text", "bool", "number"}:
        return pa.array(plain)
    return pa.array([_text(value) for value in plain], pa.string())


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "bool"
    if (isinstance(value, int) and abs(value) < 2**63) or isinstance(value, float):
        return "number"
    return "text" if isinstance(value, str) else "other"


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)


def _plain(value: object) -> object:
    """NumPy's and pandas' scalars as Python's; their missing values as null."""
    if isinstance(value, datetime):
        return None if value != value else value
    item = getattr(value, "item", None)
    return item() if callable(item) else value
