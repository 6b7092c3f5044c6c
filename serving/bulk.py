"""Many rows into a table at once, the quickest way that each engine has."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from sqlalchemy import Connection, Table

from serving.rows import plain

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
    for part in _parts(frame):
        columns = [_for_sqlite(part[name]) for name in part.columns]
        connection.exec_driver_sql(statement, list(zip(*columns, strict=True)))


def _copy(connection: Connection, table: Table, frame: pd.DataFrame) -> None:
    driver: Any = connection.connection.driver_connection
    command = f"COPY {table.name} ({', '.join(frame.columns)}) FROM STDIN (FORMAT csv)"
    with driver.cursor() as cursor, cursor.copy(command) as copy:
        for part in _parts(frame):
            copy.write(_csv(part))


def _csv(part: pd.DataFrame) -> bytes:
    """Texts in quotes, so that one that is empty is not null."""
    lines = BytesIO()
    told = pa.Table.from_pandas(part, preserve_index=False)
    pa.csv.write_csv(told, lines, pa.csv.WriteOptions(include_header=False, quoting_style="needed"))
    return lines.getvalue()


def _for_sqlite(column: pd.Series) -> list[Any]:
    """Times as SQLAlchemy writes them there, so that they sort and compare as text."""
    if not pd.api.types.is_datetime64_any_dtype(column):
        return plain(column)
    texts = np.datetime_as_string(column.to_numpy(dtype="datetime64[us]"), unit="us")
    told = pd.Series(np.char.replace(texts, "T", " "), dtype=object)
    return told.where(column.notna().to_numpy(), None).tolist()


def _parts(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(frame), AT_ONCE):
        yield frame.iloc[start : start + AT_ONCE]
