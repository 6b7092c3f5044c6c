"""The only reader: an address or rows in memory → clean tables of the contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

from features.check.problems import Problem, refusal
from features.check.report import Report, check
from features.errors import SourceError
from features.reader.opening import Opened, engine, memory, open_address
from features.reader.rows import empty_table, raw_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

IN_MEMORY = "in memory"


@dataclass(frozen=True)
class Source:
    """Clean tables over their engine. `address`: as given. `tables`: only those that are there and not empty.

    Ids and texts are trimmed strings, an empty text is null; times are `timestamp(6)` in UTC without a zone;
    money and numbers are `float64`. A column of the contract that isn't there is missing from the table.
    """

    address: str
    backend: ibis.BaseBackend
    tables: dict[str, ir.Table]
    report: Report


def open_source(
    address: str | Path, *, skip_bad_rows: bool = False, spark: SparkSession | None = None
) -> Source:
    """Opens a folder of Parquet or CSV files, a DuckDB file (read-only) or a postgresql:// address.

    `spark`: a session, local or remote, that reads the folder instead of DuckDB; the folder may then be any
    address that Spark's executors reach.

    Raises `SourceError`, with all problems at once, where there is an error, or where there are bad rows and
    `skip_bad_rows` is off; on, they are left out and stand in the report.
    """
    opened = _open(address, spark)
    try:
        tables, report = check(opened.address, opened.backend, opened.raws, opened.problems)
        report = replace(report, skipped=skip_bad_rows)
        if report.refuses:
            raise SourceError(refusal(opened.address, report.blocking))
    except SourceError:
        opened.backend.disconnect()
        raise
    return Source(str(address), opened.backend, tables, report)


def source_from_rows(rows: Mapping[str, Sequence[Mapping[str, object]]]) -> Source:
    """Raw events, table → rows, in a fresh in-memory DuckDB; times are ISO texts or datetimes.

    A table given with no rows is there, with every column of the contract. Raises `SourceError`, with all
    problems at once, each with its row numbers from 1.
    """
    backend = memory()
    raws, problems = raw_rows(backend, rows, engine())
    if not rows.keys() & {"orders", "subscriptions"}:
        says, remedy = (
            "there is no table «orders» (and no «subscriptions»)",
            "Give orders, if only an empty list.",
        )
        problems.append(Problem("error", "", None, says, remedy))
    tables, report = check(IN_MEMORY, backend, raws, problems)
    if report.refuses:
        raise SourceError(refusal(IN_MEMORY, report.blocking, may_skip=False))
    empty = {name: empty_table(backend, name) for name in rows if name not in raws}
    return Source(IN_MEMORY, backend, tables | empty, report)


def inspect(address: str | Path, *, spark: SparkSession | None = None) -> Report:
    """The report of a source, whatever is wrong with its tables.

    Raises `SourceError` only where there is no source at the address, or it can't be opened.
    """
    opened = _open(address, spark)
    try:
        return check(opened.address, opened.backend, opened.raws, opened.problems)[1]
    finally:
        opened.backend.disconnect()


def _open(address: str | Path, spark: SparkSession | None) -> Opened:
    if spark is None:
        return open_address(str(address))
    from features.spark.folder import open_folder

    return open_folder(str(address), spark)
