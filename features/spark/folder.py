"""A folder of Parquet or CSV files read by Spark: on this machine, or at an address the cluster reaches."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis.common.exceptions import IbisError

from features.check.report import reason
from features.errors import SourceError
from features.reader.csv_files import parse_header, stacked
from features.reader.opening import Opened, inside, is_data, open_files, shown
from features.spark.backend import Spark, connect, told

NO_FOLDER = ("postgres://", "postgresql://")


def open_folder(address: str, session: Any) -> Opened:
    """The raw tables of a folder, read where Spark's executors run; nothing passes through this process.

    A folder that is there on this machine is listed here and must lie under the same path on the executors;
    any other address (`s3a://…`, `hdfs://…`) is listed by Spark. Raises `SourceError` where there is none.
    """
    path = Path(address).expanduser()
    if address.startswith(NO_FOLDER) or path.is_file():
        raise SourceError(f"Spark reads folders of Parquet or CSV files, which {shown(address)} isn't.")
    backend = connect(session)
    if path.is_dir():
        found = {name: [f"file:{file.absolute()}" for file in files] for name, files in inside(path).items()}
    else:
        found = _listed(backend, address)
    return open_files(str(path) if path.is_dir() else address, backend, found, _read_parquet, _read_csv)


def _listed(backend: Spark, address: str) -> dict[str, list[str]]:
    """What lies in a folder, by name: the data files of each, as Spark lists them."""
    files = backend.session.read.format("binaryFile").option("recursiveFileLookup", "true")
    try:
        with told():
            paths = sorted(row.path for row in files.load(_globbed(address)).select("path").collect())
    except IbisError as error:
        raise SourceError(
            f"There is no folder at {shown(address)} that Spark can read: {reason(error)}."
        ) from error
    root = re.sub(r"^\w+:/*", "", address).strip("/")
    entries: dict[str, list[str]] = {}
    for path in paths:
        name = path.partition(f"{root}/")[2].partition("/")[0]
        entries.setdefault(name, []).extend([path] if is_data(path.rpartition("/")[2]) else [])
    return entries


def _globbed(path: str) -> str:
    """The path for Spark, its own brackets, braces and stars being no pattern."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", path)


def _read_parquet(backend: Spark, name: str, paths: Sequence[str]) -> ir.Table:
    with told():
        reader = backend.session.read.option("mergeSchema", "true")
        return backend.view(name, reader.parquet(*map(_globbed, paths)))


def _read_csv(backend: Spark, name: str, paths: Sequence[str]) -> ir.Table:
    """The files as one table of text, those of the same header read together."""
    alike: dict[str, list[str]] = {}
    for path in paths:
        alike.setdefault(_first_line(backend, path), []).append(path)
    tables = [_read_alike(backend, name, line, files) for line, files in alike.items() if line]
    return stacked(tables) if tables else _nothing(backend, name)


def _first_line(backend: Spark, path: str) -> str:
    with told():
        first = backend.session.read.text(_globbed(path)).head(1)
    return str(first[0].value).lstrip("\ufeff") if first else ""


def _read_alike(backend: Spark, name: str, line: str, paths: Sequence[str]) -> ir.Table:
    """A line of another length is an error, also where the query at hand needs none of its columns."""
    separator, names = parse_header(line)
    reader = backend.session.read.schema(_schema(names)).options(
        header=True,
        sep=separator,
        quote='"',
        escape='"',
        multiLine=True,
        mode="FAILFAST",
        columnPruning=False,
    )
    with told():
        return backend.view(name, reader.csv([_globbed(path) for path in paths]))


def _nothing(backend: Spark, name: str) -> ibis.Table:
    with told():
        return backend.view(name, backend.session.createDataFrame([], _schema(["empty"])))


def _schema(names: Sequence[str]) -> Any:
    from pyspark.sql.types import StringType, StructField, StructType

    return StructType([StructField(name, StringType()) for name in names])
