"""Parquet files that grow chunk by chunk, and the Arrow columns that go into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from demo.retailer.days import Bools, Floats, Ints


class Files:
    """A folder of Parquet files, one a table; each chunk becomes a row group."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._rows: dict[str, int] = {}

    def __enter__(self) -> Files:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.close()

    def rows(self, name: str) -> int:
        """How many rows the table holds so far: where its next numbers begin."""
        return self._rows.get(name, 0)

    def append(self, name: str, columns: Mapping[str, pa.Array]) -> None:
        table = pa.table(dict(columns))
        if name not in self._writers:
            path = self._folder / f"{name}.parquet"
            self._writers[name] = pq.ParquetWriter(path, table.schema, compression="zstd")
        self._writers[name].write_table(table)
        self._rows[name] = self.rows(name) + table.num_rows


def ids(prefix: str, number: Ints, digits: int = 8) -> pa.Array:
    """Ids such as `C00000042`."""
    padded = pc.utf8_lpad(pa.array(number).cast(pa.string()), digits, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), padded, "")


def choice(words: Sequence[str], index: NDArray[np.integer]) -> pa.Array:
    """The words at `index`; null where the index is negative."""
    return pa.array(list(words), pa.string()).take(pa.array(index, mask=index < 0))


def money(cents: Ints, known: Bools | None = None) -> pa.Array:
    """Whole cents as money; null where not `known`."""
    return pa.array(cents / 100.0, mask=None if known is None else ~known)


def numbers(values: Floats, known: Bools | None = None) -> pa.Array:
    """Null where not `known`."""
    return pa.array(values, mask=None if known is None else ~known)
