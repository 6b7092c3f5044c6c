"""Features of a few customers from raw events in memory, by the expressions of `build`, compiled once.

A *plan* holds for one signature: the tables, their columns and types.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

import ibis
import ibis.expr.datatypes as dt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from ibis.backends.duckdb.converter import DuckDBPandasData

from features.build import KEYS, catalog
from features.catalog import Catalog, Feature
from features.errors import HistoryError
from features.prepared import SNAPSHOT, SNAPSHOTS, Prepared
from features.reader.events import ARROW, InDoubt, clean_events, empty_events, known_before
from features.sources import source_from_rows
from features.tables import CONTRACT, Mode

if TYPE_CHECKING:
    from features.reference import Reference

MOST_PLANS = 16

Rows = Mapping[str, Sequence[Mapping[str, object]]]
Events = dict[str, pa.Table]
Signature = tuple[tuple[str, pa.Schema], ...]


class Live:
    """The features of customers whose raw events are handed over; safe to use from several threads.

    `lookback_days`: whoever ordered within them is a customer; where churn is contractual (`mode`), whoever
    has a subscription running. `only`: the features wanted; all that the
    tables give where left out. The first request of a signature takes seconds, those after it milliseconds.
    """

    def __init__(
        self,
        reference: Reference,
        lookback_days: int = 365,
        only: Sequence[str] | None = None,
        mode: Mode = "non_contractual",
    ) -> None:
        self._mode = mode
        self._reference = reference
        self._lookback = timedelta(days=lookback_days)
        self._only = None if only is None else frozenset(only)
        self._plans: OrderedDict[Signature, _Plan] = OrderedDict()
        self._lock = Lock()
        self._threads = ThreadPoolExecutor(thread_name_prefix="live")

    def features(self, rows: Rows, as_of: datetime) -> pd.DataFrame:
        """One row per customer active at `as_of` (UTC, no zone): customer_id, as_of, and their features.

        Sorted by customer_id. Raises SourceError, with all problems at once, as `source_from_rows` does,
        HistoryError where there is no table of orders.
        """
        return self.of(self.read(rows), as_of)

    def read(self, rows: Rows) -> Events:
        """The clean tables of raw events. Raises SourceError, with all problems at once."""
        try:
            return clean_events(rows)
        except InDoubt:
            return _checked(rows)

    def of(self, events: Events, as_of: datetime) -> pd.DataFrame:
        """The features of events that were `read`."""
        decides = "subscriptions" if self._mode == "contractual" else "orders"
        if decides not in events:
            raise HistoryError(f"There is no table of {decides}, so no customer is active.")
        known = {name: known_before(name, table, as_of) for name, table in events.items()}
        snapshots = self._active(known[decides], as_of)
        return self._plan(events).run(known | {SNAPSHOTS: snapshots}, self._threads)

    def _active(self, table: pa.Table, as_of: datetime) -> pa.Table:
        if self._mode == "contractual":
            return _subscribed(table, as_of)
        return _active(table, as_of, self._lookback)

    def dimensions(self, events: Events) -> Mapping[str, str]:
        """Feature → dimension, of all that these tables give."""
        return self._plan(events).dimensions

    def prepare(self, columns: Mapping[str, Sequence[str]], texts: Sequence[str] = ()) -> None:
        """Gets ready for requests with these tables and columns.

        `texts`: the features that hold names; an attribute that isn't among them is a number.
        """
        self._plan({name: _as_announced(name, given, texts) for name, given in columns.items()}).warm()

    def _plan(self, events: Events) -> _Plan:
        signature = tuple((name, events[name].schema) for name in sorted(events))
        with self._lock:
            plan = self._plans.pop(signature, None) or _plan(signature, self._reference, self._only)
            self._plans[signature] = plan
            if len(self._plans) > MOST_PLANS:
                self._plans.popitem(last=False)
        return plan


def _checked(rows: Rows) -> Events:
    source = source_from_rows(rows)
    try:
        return {name: _in_order(name, table.to_pyarrow()) for name, table in source.tables.items()}
    finally:
        source.backend.disconnect()


def _in_order(name: str, table: pa.Table) -> pa.Table:
    """The contract's columns first, the others by name; numbers, true and false as floats."""
    known = [column.name for column in CONTRACT[name].columns if column.name in table.column_names]
    names = known + sorted(set(table.column_names) - set(known))
    return pa.table({column: _plain(table[column]) for column in names})


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_boolean(kind):
        column = pc.cast(column, pa.int8())
    known = kind in (pa.string(), ARROW["time"])
    return column if known else pc.cast(column, pa.float64(), safe=False)


def _as_announced(name: str, columns: Sequence[str], texts: Sequence[str]) -> pa.Table:
    empty = empty_events(name)
    known = [column for column in empty.column_names if column in columns]
    table = empty.select(known)
    for column in sorted(set(columns) - set(known)) if CONTRACT[name].attributes else ():
        kind = pa.string() if f"attribute_{column}" in texts else pa.float64()
        table = table.append_column(column, pa.array([], kind))
    return table


def _active(orders: pa.Table, as_of: datetime, lookback: timedelta) -> pa.Table:
    """The snapshots, as `features.snapshots.population` finds them in orders before `as_of`."""
    recent = pc.greater_equal(orders["ordered_at"], pa.scalar(as_of - lookback, ARROW["time"]))
    return _snapshots(orders["customer_id"].filter(recent), as_of)


def _subscribed(subscriptions: pa.Table, as_of: datetime) -> pa.Table:
    """The snapshots of those with a subscription running, of subscriptions as they were known then."""
    if "cancelled_at" in subscriptions.column_names:
        subscriptions = subscriptions.filter(pc.is_null(subscriptions["cancelled_at"]))
    return _snapshots(subscriptions["customer_id"], as_of)


def _snapshots(customer_ids: pa.ChunkedArray, as_of: datetime) -> pa.Table:
    customers = pc.unique(customer_ids)
    days = pa.repeat(pa.scalar(as_of, ARROW["time"]), len(customers))
    return pa.Table.from_arrays([customers, days], schema=SNAPSHOT)


def _plan(signature: Signature, reference: Reference, only: frozenset[str] | None) -> _Plan:
    schemas = dict(signature)
    unbound = {name: ibis.table(ibis.Schema.from_pyarrow(schema), name) for name, schema in schemas.items()}
    book = catalog(unbound)
    wanted = [f for f in book.available(unbound) if only is None or f.name in only]
    halves = [Prepared.of(schemas, groups, reference) for groups in _halves(_groups(book, wanted))]
    types = dict(ibis.Schema.from_pyarrow(SNAPSHOT).items())
    for half in halves:
        types |= half.types
    return _Plan(
        halves,
        columns={name: types[name] for name in (*KEYS, *(feature.name for feature in wanted))},
        dimensions={feature.name: feature.dimension for feature in wanted},
    )


def _groups(book: Catalog, features: Sequence[Feature]) -> list[list[Feature]]:
    """Features by the tables beside orders that they need; those of one table go with others that need it."""
    by_tables: dict[frozenset[str], list[Feature]] = {}
    for feature in features:
        by_tables.setdefault(frozenset(book.tables(feature)) - {"orders"}, []).append(feature)
    groups: dict[frozenset[str], list[Feature]] = {}
    for tables in sorted(by_tables, key=lambda tables: (-len(tables), sorted(tables))):
        larger = next((others for others in groups if tables and tables < others), tables)
        groups.setdefault(larger, []).extend(by_tables[tables])
    return list(groups.values())


def _halves(groups: Sequence[list[Feature]]) -> list[list[list[Feature]]]:
    """The groups in two halves of about as many features, to be computed at the same time."""
    halves: list[list[list[Feature]]] = [[], []]
    for group in sorted(groups, key=len, reverse=True):
        min(halves, key=lambda half: sum(map(len, half))).append(group)
    return [half for half in halves if half]


@dataclass(frozen=True)
class _Plan:
    """`columns`: of the frame, in their order, and their types."""

    halves: Sequence[Prepared]
    columns: Mapping[str, dt.DataType]
    dimensions: Mapping[str, str]

    def run(self, tables: Mapping[str, pa.Table], threads: Executor) -> pd.DataFrame:
        later = [threads.submit(half.ask, tables) for half in self.halves[1:]]
        answers = [answer for half in self.halves[:1] for answer in half.ask(tables)]
        answers += [answer for half in later for answer in half.result()]
        found = dict(zip(SNAPSHOT.names, _sorted(tables[SNAPSHOTS]).columns, strict=True))
        for answer in map(_sorted, answers):
            found |= dict(zip(answer.column_names, answer.columns, strict=True))
        return _frame({name: found[name] for name in self.columns}, self.columns)

    def warm(self) -> None:
        for half in self.halves:
            with half.session():
                pass


def _sorted(part: pa.Table) -> pa.Table:
    return part if len(part) < 2 else part.sort_by("customer_id")


def _frame(columns: Mapping[str, pa.ChunkedArray], types: Mapping[str, dt.DataType]) -> pd.DataFrame:
    """The frame that Ibis would give."""
    # threads cost more than they bring for a few rows
    frame: pd.DataFrame = pa.table(dict(columns)).to_pandas(use_threads=False)
    for name, dtype in types.items():
        column = columns[name]
        if dtype.is_integer() and (column.null_count or not pa.types.is_integer(column.type)):
            frame[name] = DuckDBPandasData.convert_column(pd.Series(column.to_pylist()), dtype)
    return frame
