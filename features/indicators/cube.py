"""One aggregation a table: every tally by month and breakdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import ibis
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from features.indicators.book import Book, Stream, Tables, Tally
from features.indicators.calendar import number
from features.indicators.cells import ALL, Cells
from features.indicators.rules import YEAR, Rules
from features.tables import CONTRACT

Floats = NDArray[np.float64]
_FULL_FROM = 7
"""A table's first month counts as whole where its first row lies in its first days, up to this one."""


class Cube:
    """The tallies that the tables give, known as of the first day of a month.

    `tables`: cut at that day. `end`: its number; the months told are the `history_months` before.
    """

    def __init__(self, book: Book, tables: Tables, rules: Rules, end: int) -> None:
        self.months = np.arange(end - rules.history_months, end)
        self._book, self._tables, self.rules, self.end = book, tables, rules, end
        self._whole_from = whole_from(tables, end)
        self._cells: dict[str, Cells] = {}

    def fetch(self, tallies: Iterable[str]) -> None:
        """Ask the engine for these tallies, one aggregation for each of their streams."""
        by_stream: dict[str, list[Tally]] = {}
        for name in dict.fromkeys(tallies):
            tally = self._book.tallies[name]
            by_stream.setdefault(tally.stream, []).append(tally)
        for name, some in by_stream.items():
            self._cells[name] = self._asked(self._book.streams[name], some)

    def _asked(self, stream: Stream, tallies: list[Tally]) -> Cells:
        months = list(dict.fromkeys(tally.month for tally in tallies))
        breakdowns = self._book.breakdowns(stream, self._tables)
        if stream.frame is not None:
            frame = stream.frame(self._tables, self.rules, self.end)
            return Cells(frame, months, breakdowns, self.months)
        assert stream.rows is not None  # noqa: S101 (one of both, by the declaration)
        rows = stream.rows(self._tables, self.rules, self.end)
        values = {f"sum_of_{tally.name}": tally.value(rows) for tally in tallies if tally.value}
        frame = rows.group_by(*months, *breakdowns).aggregate(**values).to_pandas()
        names = {f"sum_of_{tally.name}": tally.name for tally in tallies}
        return Cells(frame.rename(columns=names), months, breakdowns, self.months)

    def breakdowns(self, tally: str) -> list[str]:
        return self._book.breakdowns(self._book.streams[self._book.tallies[tally].stream], self._tables)

    def largest(self, tally: str, breakdown: str) -> list[str]:
        """The values of a breakdown, as `Cells.largest` gives them."""
        told, rules = self._book.tallies[tally], self.rules
        cells = self._cells[told.stream]
        return cells.largest(tally, told.month, breakdown, rules.most_values, rules.trend_months)

    def counts(self, tally: str, breakdown: str | None = None, values: Sequence[str] = (ALL,)) -> Floats:
        """Shape (values, months): the sums; null where the tally isn't known yet."""
        told = self._book.tallies[tally]
        return np.where(
            self.known(told), self._cells[told.stream].counts(tally, told.month, breakdown, values), np.nan
        )

    def of_the_year(self, tally: str, counts: Floats) -> Floats:
        """Over the twelve months that end with each, null where not all are known; a stock stays as it is."""
        if self._book.tallies[tally].stock:
            return counts
        summed = np.full(counts.shape, np.nan)
        summed[:, YEAR - 1 :] = sliding_window_view(counts, YEAR, axis=1).sum(axis=2)
        return summed

    def known(self, tally: Tally) -> NDArray[np.bool_]:
        """Shape (months,): whether the tables reach back far enough."""
        tables = (*self._book.streams[tally.stream].tables, *(c.split(".")[0] for c in tally.needs))
        since = max(self._whole_from[name] for name in tables)
        reach = tally.reach(self.rules) if tally.reach else 1 if tally.month == "month" else 2
        known: NDArray[np.bool_] = self.months + 1 - since >= reach
        return known


def whole_from(tables: Tables, end: int) -> dict[str, int]:
    """The first month of which each table knows the whole; the first of all for one without times."""
    times = {name: "signed_up_at" if name == "customers" else CONTRACT[name].time for name in tables}
    timed = {name: time for name, time in times.items() if time and time in tables[name].columns}
    firsts = [
        tables[name].aggregate(first=tables[name][time].min()).mutate(table=ibis.literal(name))
        for name, time in timed.items()
    ]
    found = ibis.union(*firsts).to_pyarrow().to_pylist()
    return dict.fromkeys(tables, 0) | {row["table"]: _whole_month(row["first"], end) for row in found}


def _whole_month(first: datetime | None, end: int) -> int:
    return end if first is None else number(first) + (first.day > _FULL_FROM)
