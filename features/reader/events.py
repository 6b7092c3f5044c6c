"""Raw events that are clean beyond doubt, read in milliseconds; the rest is left to the full check."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.check.names import squeeze
from features.check.probes import FIRST, NEVER
from features.check.raw import ROW
from features.tables import CONTRACT, SURVEY_SCALES, Column, Table

ARROW = {
    "id": pa.string(),
    "text": pa.string(),
    "time": pa.timestamp("us"),
    "money": pa.float64(),
    "number": pa.float64(),
}
SPACES = " \t\n\r\v\f"
TIME = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)?)?", re.ASCII
)
NONE = type(None)
_SIGNS = frozenset("-/\\ :.")
_DATES = frozenset({"epoch", "inf", "infinity", "now", "today", "tomorrow", "yesterday"})

Row = Mapping[str, object]


class InDoubt(Exception):  # noqa: N818
    """Something that only the full check can clean, or tell in its words."""


def clean_events(rows: Mapping[str, Sequence[Row]]) -> dict[str, pa.Table]:
    """The tables as the full check would give them, the columns of the contract first.

    Attributes that are numbers or true and false are `float64`. Raises InDoubt where any value, name or
    relation might be told or changed by the full check in a way that isn't sure here.
    """
    if not rows.keys() <= CONTRACT.keys() or not rows.get("orders"):
        raise InDoubt
    tables = {name: _table(CONTRACT[name], rows[name]) for name in CONTRACT if name in rows}
    _require_related(tables)
    return tables


def empty_events(name: str) -> pa.Table:
    """A table without rows and with every column of the contract."""
    return pa.schema([(column.name, ARROW[column.kind]) for column in CONTRACT[name].columns]).empty_table()


def _table(contract: Table, rows: Sequence[Row]) -> pa.Table:
    if type(rows) not in (list, tuple):
        raise InDoubt
    if not rows:
        return empty_events(contract.name)
    if set(map(type, rows)) != {dict}:
        raise InDoubt
    names = dict.fromkeys(chain.from_iterable(rows))
    more = _more_columns(contract, names)
    columns = {
        column.name: _column(column, [row.get(column.name) for row in rows])
        for column in contract.columns
        if column.name in names
    }
    if contract.attributes:
        columns |= {name: _attribute([row.get(name) for row in rows]) for name in more}
    _require_key(contract, columns)
    _require_across(contract, columns)
    return pa.table(columns)


def _more_columns(contract: Table, names: Mapping[Any, object]) -> list[str]:
    """The columns beyond the contract; none is one of the contract's in another spelling."""
    known = {column.name for column in contract.columns}
    if any(not column.optional and column.name not in names for column in contract.columns):
        raise InDoubt
    if names.keys() <= known:
        return []
    if not all(type(name) is str and name.strip() and name.isprintable() for name in names) or ROW in names:
        raise InDoubt
    more = sorted(names.keys() - known)
    absent = {squeeze(name) for name in known - names.keys()}
    if len({name.lower() for name in names}) < len(names) or absent & {squeeze(name) for name in more}:
        raise InDoubt
    return more


def _column(column: Column, values: list[Any]) -> pa.Array:
    readers: dict[str, Callable[[Column, list[Any]], pa.Array]] = {
        "id": _texts,
        "text": _texts,
        "time": _times,
        "money": _numbers,
        "number": _numbers,
    }
    array = readers[column.kind](column, values)
    if array.null_count and not column.optional:
        raise InDoubt
    return array


def _kinds(values: list[Any]) -> set[type]:
    return set(map(type, values)) - {NONE}


def _texts(column: Column, values: list[Any]) -> pa.Array:
    kinds = _kinds(values)
    if not kinds:
        return pa.nulls(len(values), pa.string())
    if kinds == {int}:
        values = [None if value is None else str(_whole(value)) for value in values]
    elif kinds == {str}:
        values = _tidy(values)
    else:
        raise InDoubt
    if column.one_of and not set(values) <= {None, *column.one_of}:
        raise InDoubt
    return _array(values, pa.string())


def _whole(value: int) -> int:
    if not -(2**63) < value < 2**63:
        raise InDoubt
    return value


def _tidy(values: list[Any]) -> list[Any]:
    """Texts without the spaces around them, an empty one as null; in doubt about spaces outside ASCII."""
    tidy = [value.strip() or None if value is not None else None for value in values]
    if tidy != values and tidy != [
        value.strip(SPACES) or None if value is not None else None for value in values
    ]:
        raise InDoubt
    return tidy


def _times(_column: Column, values: list[Any]) -> pa.Array:
    kinds = _kinds(values)
    if kinds == {datetime}:
        times = values
        if any(time is not None and time.tzinfo is not None for time in times):
            raise InDoubt
    elif kinds <= {str}:
        times = [None if value is None else _time(value) for value in values]
    else:
        raise InDoubt
    there = [time for time in times if time is not None]
    if there and (min(there) < FIRST or max(there) >= NEVER):
        raise InDoubt
    return _array(times, ARROW["time"])


def _time(text: str) -> datetime:
    """A day or a time to the second or finer; with a zone it is converted to UTC."""
    if not TIME.fullmatch(text):
        raise InDoubt
    try:
        time = datetime.fromisoformat(text)
        return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise InDoubt from None


def _numbers(column: Column, values: list[Any]) -> pa.Array:
    if not _kinds(values) <= {int, float}:
        raise InDoubt
    array = _array(values, pa.float64())
    there = [value for value in values if value is not None]
    if there and not pc.all(pc.is_finite(array)).as_py():
        raise InDoubt
    low, high = column.low, column.high
    if there and ((low is not None and min(there) < low) or (high is not None and max(there) > high)):
        raise InDoubt
    return array


def _attribute(values: list[Any]) -> pa.Array:
    kinds = _kinds(values)
    if kinds == {bool}:
        return _array([None if value is None else float(value) for value in values], ARROW["number"])
    if kinds and kinds <= {int, float}:
        return _numbers(Column("", "number", optional=True), values)
    if not kinds <= {str}:
        raise InDoubt
    if kinds and not any(_no_date(value) for value in values if value is not None):
        return _times(Column("", "time", optional=True), values)
    return _texts(Column("", "text", optional=True), values)


def _no_date(text: str) -> bool:
    """Whether a text is surely no date: it isn't empty, and has none of the signs that part a date."""
    return bool(text.strip()) and not _SIGNS & set(text) and text.lower() not in _DATES


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except (pa.ArrowException, ValueError, OverflowError):
        raise InDoubt from None


def _require_key(contract: Table, columns: Mapping[str, pa.Array]) -> None:
    if contract.key is None:
        return
    keys = columns[contract.key]
    if len(keys) > 1 and pc.count_distinct(keys).as_py() < len(keys):
        raise InDoubt


def _require_across(contract: Table, columns: Mapping[str, pa.Array]) -> None:
    """No time before the event it follows, no score outside its scale."""
    for column in contract.columns:
        if column.after and {column.name, column.after} <= columns.keys():
            early = pc.less(columns[column.name], columns[column.after])
            if pc.any(early).as_py():
                raise InDoubt
    if contract.name == "surveys":
        answers = zip(columns["metric"].to_pylist(), columns["score"].to_pylist(), strict=True)
        if not all(
            SURVEY_SCALES[metric][0] <= score <= SURVEY_SCALES[metric][1] for metric, score in answers
        ):
            raise InDoubt


def _require_related(tables: Mapping[str, pa.Table]) -> None:
    """Every line belongs to an order, and no table is about strangers only."""
    lines = tables.get("order_lines")
    if lines is not None and len(lines):
        orders = tables["orders"]["order_id"].combine_chunks()
        if not pc.all(pc.is_in(lines["order_id"], orders)).as_py():
            raise InDoubt
    buyers = pc.unique(tables["orders"]["customer_id"])
    for table in tables.values():
        if "customer_id" not in table.column_names:
            continue
        people = pc.drop_null(table["customer_id"])
        if len(people) and not pc.any(pc.is_in(people, buyers)).as_py():
            raise InDoubt


def known_before(name: str, table: pa.Table, as_of: datetime) -> pa.Table:
    """As `features.snapshots.before` cuts it."""
    contract, now = CONTRACT[name], pa.scalar(as_of, ARROW["time"])
    if contract.time:
        table = table.filter(pc.less(table[contract.time], now))
    for column in contract.fills_in:
        if column in table.column_names:
            known = pc.if_else(pc.less(table[column], now), table[column], None)
            table = table.set_column(table.column_names.index(column), column, known)
    return table
