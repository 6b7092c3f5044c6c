"""A file with one row per customer → a frame of trimmed values."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from features.check.report import READ_ERRORS, reason
from features.errors import SourceError
from features.reader.csv_files import read_csv
from features.reader.opening import ENDINGS, memory

NOTHING = ("", "na", "n/a", "nan", "null", "none", "nil", "?", "-", "#n/a", "missing")
"""Texts that stand for a missing value, in small letters."""


def is_file(address: str | Path) -> bool:
    """Whether an address is a file of a table of one's own, by its ending."""
    path = Path(address)
    return path.is_file() and path.name.lower().endswith(ENDINGS["csv"] + ENDINGS["parquet"])


def read_file(path: Path) -> pd.DataFrame:
    """The rows as they stand in a CSV or Parquet file, texts trimmed, and null for what stands for nothing.

    Raises SourceError where the file isn't there, can't be read, has no rows, or names a column twice.
    """
    if not path.is_file():
        raise SourceError(f"There is no file at {path}.")
    if not is_file(path):
        raise SourceError(f"{path} is no table: give a file that ends in .csv, .csv.gz or .parquet.")
    try:
        frame = _parquet(path) if path.name.lower().endswith(ENDINGS["parquet"]) else _csv(path)
    except READ_ERRORS as error:
        raise SourceError(f"{path} can't be read: {reason(error)}. Mend it or export it anew.") from None
    frame.columns = [str(name).strip() for name in frame.columns]
    twice = sorted({name for name in frame.columns if list(frame.columns).count(name) > 1})
    if twice:
        raise SourceError(f"{path} names a column twice: {', '.join(twice)}. Rename one of each.")
    if frame.empty:
        raise SourceError(f"{path} has no rows. Export it again, with its rows.")
    return pd.DataFrame({name: trimmed(frame[name]) for name in frame.columns})


def trimmed(values: pd.Series) -> pd.Series:
    """Texts without spaces around them, and null where they stand for nothing; other values as they are."""
    if not _is_text(values):
        return values
    texts = values.astype("str").str.strip().where(values.notna())
    return texts.mask(texts.str.lower().isin(NOTHING))


def _is_text(values: pd.Series) -> bool:
    return pd.api.types.is_string_dtype(values) or values.dtype == object


def _parquet(path: Path) -> pd.DataFrame:
    frame: pd.DataFrame = pq.read_table(path).to_pandas()
    return frame.reset_index(drop=True)


def _csv(path: Path) -> pd.DataFrame:
    backend = memory()
    try:
        frame: pd.DataFrame = read_csv(backend, "own", [path]).to_pandas()
    finally:
        backend.disconnect()
    return frame
