"""One customer's rows in Parquet and DuckDB files, each replaced whole or left as it was."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from serving.forgetting.drafts import replaced


def erase_from_parquet(file: Path, column: str, values: set[str], *, dry_run: bool) -> int:
    """How many rows hold one of the values in the column; the file keeps its schema and metadata."""
    with pq.ParquetFile(file) as parquet:
        if column not in parquet.schema_arrow.names or parquet.schema_arrow.field(column).type in (
            pa.null(),
        ):
            return 0
        wanted = pa.array(sorted(values), pa.string())
        held = [
            _held(parquet.read_row_group(n, [column])[column], wanted) for n in range(parquet.num_row_groups)
        ]
        rows = sum(pc.sum(group).as_py() or 0 for group in held)
        if rows and not dry_run:
            with replaced(file) as draft, pq.ParquetWriter(draft, parquet.schema_arrow) as writer:
                for number, group in enumerate(held):
                    writer.write_table(parquet.read_row_group(number).filter(pc.invert(group)))
    return int(rows)


def values_of_parquet(file: Path, column: str, where: str, values: set[str]) -> set[str]:
    """The texts in `column` of the rows whose `where` is one of the values."""
    table = pq.read_table(file, columns=[column, where])
    held = _held(table[where], pa.array(sorted(values), pa.string()))
    return {str(value) for value in table.filter(held)[column].to_pylist()}


def erase_from_duckdb(file: Path, customer_id: str, *, dry_run: bool) -> int:
    """Rows of all its tables; the file is written anew, for DuckDB keeps deleted bytes for a while."""
    with duckdb.connect(str(file), read_only=dry_run) as connection:
        having = (
            "SELECT schema_name, table_name FROM duckdb_columns() WHERE lower(column_name) = 'customer_id'"
        )
        tables = connection.execute(having + " AND NOT internal").fetchall()
        rows = 0
        for schema, table in tables:
            where = f'FROM "{schema}"."{table}" WHERE trim(customer_id::VARCHAR) = ?'
            (found,) = cast(
                "tuple[int]", connection.execute(f"SELECT count(*) {where}", [customer_id]).fetchone()
            )
            rows += found
            if found and not dry_run:
                connection.execute(f"DELETE {where}", [customer_id])
    if rows and not dry_run:
        with replaced(file) as draft:
            draft.unlink()
            with duckdb.connect() as connection:
                connection.execute(f"ATTACH '{_quoted(file)}' AS old (READ_ONLY)")
                connection.execute(f"ATTACH '{_quoted(draft)}' AS new")
                connection.execute("COPY FROM DATABASE old TO new")
    return rows


def _held(column: pa.ChunkedArray, values: pa.Array) -> pa.ChunkedArray:
    texts = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    return pc.fill_null(pc.is_in(texts, values), fill_value=False)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
