"""Many rows into a table at once, the quickest way that each engine has."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from io import BytesIO
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import Connection, Table

T = TypeVar("T")
AT_ONCE = 50_000
CACHE_MB = 128


def load(connection: Connection, table: Table, frame: pd.DataFrame) -> None:
    """Insert the rows of `frame`, whose columns the table has, within the connection's transaction.

    PostgreSQL reads them as CSV (COPY), SQLite by one prepared statement. Missing becomes null.
    """
    if connection.dialect.name == "postgresql":
        _copy(connection, table, frame)
        return
    connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_MB * 1024}")
    names, marks = ", ".join(frame.columns), ", ".join("?" * len(frame.columns))
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608
    driver: Any = connection.connection.driver_connection
    for columns in _ahead(_columns, frame):
        driver.executemany(statement, zip(*columns, strict=True))


def _copy(connection: Connection, table: Table, frame: pd.DataFrame) -> None:
    driver: Any = connection.connection.driver_connection
    command = f"COPY {table.name} ({', '.join(frame.columns)}) FROM STDIN (FORMAT csv)"
    with driver.cursor() as cursor, cursor.copy(command) as copy:
        for lines in _ahead(_csv, frame):
            copy.write(lines)


def _csv(part: pd.DataFrame) -> bytes:
    """Texts in quotes, so that one that is empty is not null."""
    lines = BytesIO()
    told = pa.Table.from_pandas(part, preserve_index=False)
    pa.csv.write_csv(told, lines, pa.csv.WriteOptions(include_header=False, quoting_style="needed"))
    return lines.getvalue()


def _columns(part: pd.DataFrame) -> list[list[Any]]:
    return [_for_sqlite(part[name]) for name in part.columns]


def _for_sqlite(column: pd.Series) -> list[Any]:
    """Times as SQLAlchemy writes them, so that they sort and compare as text. Missing is NaN: SQLite keeps it
    as null, whatever the column holds, and the driver takes it eight times as fast as None."""
    if pd.api.types.is_datetime64_any_dtype(column):
        places, times = pd.factorize(column)
        return _taken(places, pd.DatetimeIndex(times).strftime("%Y-%m-%d %H:%M:%S.%f").tolist())
    if pd.api.types.is_numeric_dtype(column):
        return column.tolist()
    told = pa.array(column, pa.string(), from_pandas=True)
    whole = told.combine_chunks() if isinstance(told, pa.ChunkedArray) else told
    words = whole.dictionary_encode()
    return _taken(words.indices.fill_null(-1).to_numpy(), words.dictionary.to_pylist())


def _taken(places: np.ndarray, values: list[str]) -> list[Any]:
    """The value at each place, NaN at -1. What comes again is made once."""
    taken: list[Any] = np.array([*values, math.nan], dtype=object)[places].tolist()
    return taken


def _ahead(make: Callable[[pd.DataFrame], T], frame: pd.DataFrame) -> Iterator[T]:
    """What is made of each part of the rows; the next is made while the one before is written."""
    with ThreadPoolExecutor(1) as pool:
        made: deque[Future[T]] = deque()
        for start in range(0, len(frame), AT_ONCE):
            made.append(pool.submit(make, frame.iloc[start : start + AT_ONCE]))
            if len(made) > 1:
                yield made.popleft().result()
        while made:
            yield made.popleft().result()
