"""A table written by Spark: a folder of Parquet parts, which appears whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import ibis

from features.errors import RequestError

if TYPE_CHECKING:
    from features.spark.backend import Spark

DONE = "_SUCCESS"


def require_folder(target: str) -> None:
    """Raise `RequestError` where Spark can't write the folder, or would replace what isn't Spark's own."""
    if "://" in target:
        return
    path = Path(target).absolute()
    if path.suffix.lower() == ".csv":
        raise RequestError(f"Spark writes a folder of Parquet files; name it without .csv, not {target}.")
    if not path.parent.is_dir():
        raise RequestError(f"There is no folder {path.parent} to write {path.name} into; make it first.")
    if path.is_file() or (path.is_dir() and any(path.iterdir()) and not (path / DONE).is_file()):
        raise RequestError(f"{path} is there and no folder that Spark has written; name another.")


def write(backend: Spark, table: ibis.Table, target: str) -> None:
    """Write the parts where the executors run; no row passes through this process.

    On this machine the folder is replaced only when all parts are there. At another address (`s3a://…`) it
    must be new, and Spark's own `_SUCCESS` in it says that it is whole.
    """
    require_folder(target)
    if "://" in target:
        _write(backend, table, target)
        return
    path = Path(target).absolute()
    draft, old = (path.parent / f".{path.name}-{uuid4().hex}" for _ in range(2))
    try:
        _write(backend, table, f"file:{draft}")
        if path.exists():
            path.rename(old)
        draft.rename(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _write(backend: Spark, table: ibis.Table, target: str) -> None:
    from features.spark.backend import told

    with told():
        backend.frame(table).write.mode("errorifexists").parquet(target)
