"""The customers of a scoring by rank, with what a filter asks for and a list adds up, in memory.

Over the rows of a table a filter of a million customers takes a second; over these columns, milliseconds.
They are packed when a scoring is loaded, in its transaction, as blocks of ranks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection, insert, select, update

from serving.filters import Filter
from serving.rows import Row
from serving.schema import WEAK_POINTS, rankings

BLOCK = 100_000
"""Ranks in one row of the table: far below what a database takes as one value."""

WORDS = ("segment", "country", "status", *WEAK_POINTS)
NUMBERS = ("clv", "churn_probability", "value_at_risk")
COLUMNS = (*WORDS, *NUMBERS, "last_contact_at")


@dataclass(frozen=True)
class Ranking:
    """`frame`: `COLUMNS`, the customer of rank 1 first. The row of who was forgotten is all null."""

    frame: pd.DataFrame

    def holds(self, only: Filter) -> np.ndarray:
        """Which customers pass, by rank."""
        return only.holds(self.frame) & self.frame["status"].notna().to_numpy()

    def words(self, name: str) -> list[str]:
        """The segments or the countries (`name`) that somebody bears, sorted."""
        return sorted(self.frame[name].cat.categories)

    def by_status(self) -> dict[str, Row]:
        """Status → `customers`, their `value_at_risk`, and `expected_to_churn`, the sum of probabilities."""
        groups = self.frame.groupby("status", observed=True)
        told: Any = groups.agg(
            customers=("value_at_risk", "size"),
            value_at_risk=("value_at_risk", "sum"),
            expected_to_churn=("churn_probability", "sum"),
        )
        return {str(status): dict(row) for status, row in told.to_dict("index").items()}


def keep(connection: Connection, scoring_id: int, ranked: pd.DataFrame) -> None:
    """`ranked`: `COLUMNS` at least, of a whole scoring, the customer of rank 1 first."""
    for first in range(0, len(ranked), BLOCK):
        columns = _packed(ranked[list(COLUMNS)].iloc[first : first + BLOCK])
        values = {"scoring_id": scoring_id, "first_rank": first + 1, "columns": columns}
        connection.execute(insert(rankings), values)


def read(connection: Connection, scoring_id: int) -> Ranking:
    """Empty where there is no such scoring."""
    wanted = (
        select(rankings.c.columns).where(rankings.c.scoring_id == scoring_id).order_by(rankings.c.first_rank)
    )
    return Ranking(_frame(connection.scalars(wanted)))


def blank(connection: Connection, scoring_id: int, rank: int) -> None:
    """Take the customer of that rank out of a scoring's ranking; the others keep their places."""
    first = (rank - 1) // BLOCK * BLOCK + 1
    block = (rankings.c.scoring_id == scoring_id, rankings.c.first_rank == first)
    frame = _frame(connection.scalars(select(rankings.c.columns).where(*block)))
    without = frame.drop(index=rank - first).reindex(frame.index)
    connection.execute(update(rankings).where(*block).values(columns=_packed(without)))


def _packed(part: pd.DataFrame) -> bytes:
    """In Arrow's stream format."""
    arrays: dict[str, pa.Array] = {}
    for name in WORDS:
        arrays[name] = pa.array(part[name].astype("str"), from_pandas=True).dictionary_encode()
    arrays |= {name: pa.array(part[name], pa.float64(), from_pandas=True) for name in NUMBERS}
    arrays["last_contact_at"] = pa.array(part["last_contact_at"], pa.timestamp("us"), from_pandas=True)
    sink = pa.BufferOutputStream()
    table = pa.table(arrays)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _frame(blocks: Iterable[bytes]) -> pd.DataFrame:
    nothing = _packed(pd.DataFrame(columns=list(COLUMNS)))
    tables = _tables([nothing, *blocks])
    found: pd.DataFrame = pa.concat_tables(tables).unify_dictionaries().to_pandas()
    return found


def _tables(blocks: Iterable[bytes]) -> Iterator[pa.Table]:
    for block in blocks:
        with pa.ipc.open_stream(block) as reader:
            yield reader.read_all()
