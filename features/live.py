"""Features of a few customers from raw events in memory, by the expressions of `build`, compiled once.

A *plan* holds for one signature: the tables, their columns and types. Its statements are prepared over
empty tables in a DuckDB of its own, a *session*. A request fills the tables in a transaction that is never
committed, so nothing of it is there for the next.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import sqlglot.expressions as sge
from ibis.backends.duckdb.converter import DuckDBPandasData
from ibis.backends.sql.compilers.base import NULL, STAR, AggGen
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from features.build import KEYS, build, catalog
from features.errors import HistoryError
from features.reader.events import ARROW, InDoubt, clean_events, empty_events
from features.reader.opening import memory
from features.sources import source_from_rows
from features.tables import CONTRACT

if TYPE_CHECKING:
    from features.reference import Reference

MOST_PLANS = 16
MOST_IDLE = 4
SNAPSHOTS = "snapshots"
SNAPSHOT = pa.schema([("customer_id", pa.string()), ("as_of", pa.timestamp("us"))])

Rows = Mapping[str, Sequence[Mapping[str, object]]]
Events = dict[str, pa.Table]
Signature = tuple[tuple[str, pa.Schema], ...]


class Live:
    """The features of customers whose raw events are handed over; safe to use from several threads.

    `lookback_days`: whoever ordered within them is a customer. `only`: the features wanted; all that the
    tables give where left out. The first request of a signature takes seconds, those after it milliseconds.
    """

    def __init__(
        self, reference: Reference, lookback_days: int = 365, only: Sequence[str] | None = None
    ) -> None:
        self._reference = reference
        self._lookback = timedelta(days=lookback_days)
        self._only = None if only is None else frozenset(only)
        self._plans: OrderedDict[Signature, _Plan] = OrderedDict()
        self._lock = Lock()

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
        if "orders" not in events:
            raise HistoryError("There is no table of orders, so no customer is active.")
        known = {name: _before(name, table, as_of) for name, table in events.items()}
        snapshots = _active(known["orders"], as_of, self._lookback)
        return self._plan(events).run(known | {SNAPSHOTS: snapshots})

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


def _before(name: str, table: pa.Table, as_of: datetime) -> pa.Table:
    """As `features.snapshots.before` cuts it."""
    contract, now = CONTRACT[name], pa.scalar(as_of, ARROW["time"])
    if contract.time:
        table = table.filter(pc.less(table[contract.time], now))
    for column in contract.fills_in:
        if column in table.column_names:
            known = pc.if_else(pc.less(table[column], now), table[column], None)
            table = table.set_column(table.column_names.index(column), column, known)
    return table


def _active(orders: pa.Table, as_of: datetime, lookback: timedelta) -> pa.Table:
    """The snapshots, as `features.snapshots.population` finds them in orders before `as_of`."""
    recent = pc.greater_equal(orders["ordered_at"], pa.scalar(as_of - lookback, ARROW["time"]))
    customers = pc.unique(orders["customer_id"].filter(recent))
    days = pa.repeat(pa.scalar(as_of, ARROW["time"]), len(customers))
    return pa.Table.from_arrays([customers, days], schema=SNAPSHOT)


def _plan(signature: Signature, reference: Reference, only: frozenset[str] | None) -> _Plan:
    schemas = {**dict(signature), SNAPSHOTS: SNAPSHOT}
    unbound = {name: ibis.table(ibis.Schema.from_pyarrow(schema), name) for name, schema in schemas.items()}
    snapshots = unbound.pop(SNAPSHOTS)
    book = catalog(unbound)
    wanted = [f for f in book.available(unbound) if only is None or f.name in only]
    groups: dict[tuple[str, ...], list[str]] = {}
    for feature in wanted:
        tables = tuple(sorted({*book.tables(feature)} - {"orders"}))
        groups.setdefault(tables, []).append(feature.name)
    parts = [build(unbound, snapshots, reference, only=group) for group in groups.values()]
    types = {name: dtype for part in [snapshots, *parts] for name, dtype in part.schema().items()}
    columns = {name: types[name] for name in (*KEYS, *(feature.name for feature in wanted))}
    dimensions = {feature.name: feature.dimension for feature in wanted}
    return _Plan(schemas, [_compiled(part) for part in parts], columns, dimensions)


@dataclass
class _Plan:
    """`statements`: each gives customer_id, as_of and some features; one of all is slower to run.

    `columns`: of the frame, in their order, and their types.
    """

    schemas: Mapping[str, pa.Schema]
    statements: Sequence[str]
    columns: Mapping[str, dt.DataType]
    dimensions: Mapping[str, str]
    _idle: list[_Session] = field(default_factory=list)

    def run(self, tables: Mapping[str, pa.Table]) -> pd.DataFrame:
        with self._session() as session, session.filled(tables):
            parts = [_sorted(part) for part in session.ask()]
        found = dict(zip(SNAPSHOT.names, _sorted(tables[SNAPSHOTS]).columns, strict=True))
        for part in parts:
            found |= dict(zip(part.column_names, part.columns, strict=True))
        return _frame({name: found[name] for name in self.columns}, self.columns)

    def warm(self) -> None:
        with self._session():
            pass

    @contextmanager
    def _session(self) -> Iterator[_Session]:
        """A session of one's own; it goes back where all went well."""
        session = self._idle.pop() if self._idle else _Session(self.schemas, self.statements)
        try:
            yield session
        except BaseException:
            session.close()
            raise
        if len(self._idle) < MOST_IDLE:
            self._idle.append(session)
        else:
            session.close()


class _Given:
    """What a prepared INSERT reads: whatever table it holds by then."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested: object = None) -> object:
        return self.table.__arrow_c_stream__(requested)


class _Session:
    """A DuckDB with empty tables and the statements of a plan, prepared."""

    def __init__(self, schemas: Mapping[str, pa.Schema], statements: Sequence[str]) -> None:
        self._backend = memory()
        self._connection = self._backend.con
        self._connection.execute("SET threads = 1")
        # what the statistics of empty tables prove doesn't hold once they are filled
        self._connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        self._given = {name: self._table(name, schema) for name, schema in schemas.items()}
        for name in schemas:
            self._connection.execute(
                f'PREPARE fill_{name} AS INSERT INTO "{name}" SELECT * FROM given_{name}'  # noqa: S608
            )
        for number, statement in enumerate(statements):
            self._connection.execute(f"PREPARE ask_{number} AS {statement}")
        self._asks = [f"EXECUTE ask_{number}" for number in range(len(statements))]

    def _table(self, name: str, schema: pa.Schema) -> _Given:
        self._backend.create_table(name, schema=ibis.Schema.from_pyarrow(schema))
        given = _Given(schema.empty_table())
        self._connection.register(f"given_{name}", given)
        return given

    @contextmanager
    def filled(self, tables: Mapping[str, pa.Table]) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            for name, table in tables.items():
                if len(table):
                    self._given[name].table = table
                    self._connection.execute(f"EXECUTE fill_{name}")
            yield
        finally:
            self._connection.execute("ROLLBACK")
            for given in self._given.values():
                given.table = given.table.schema.empty_table()

    def ask(self) -> list[pa.Table]:
        return [self._connection.execute(ask).to_arrow_table() for ask in self._asks]

    def close(self) -> None:
        self._backend.disconnect()


def _sorted(part: pa.Table) -> pa.Table:
    return part if len(part) < 2 else part.sort_by("customer_id")


def _frame(columns: Mapping[str, pa.ChunkedArray], types: Mapping[str, dt.DataType]) -> pd.DataFrame:
    """The frame that Ibis would give."""
    frame: pd.DataFrame = pa.table(dict(columns)).to_pandas()
    for name, dtype in types.items():
        if dtype.is_integer():
            values = columns[name].to_pylist() if columns[name].null_count else frame[name]
            frame[name] = DuckDBPandasData.convert_column(pd.Series(values), dtype)
    return frame


class _Unfiltered(AggGen):  # type: ignore[misc]
    """`sum(CASE WHEN … END)` for `sum(…) FILTER (WHERE …)`: equal, and DuckDB's FILTER is slow to set up."""

    SKIP_NULLS = frozenset({"avg", "count", "max", "median", "min", "sum"})

    def aggregate(
        self, compiler: Any, name: str, *args: Any, where: Any = None, order_by: tuple[Any, ...] = ()
    ) -> Any:
        if where is None or order_by or len(args) != 1 or name not in self.SKIP_NULLS:
            return super().aggregate(compiler, name, *args, where=where, order_by=order_by)
        arg = sge.convert(1) if args[0] == STAR else args[0]
        if isinstance(arg, sge.Distinct):
            (value,) = arg.expressions
            return compiler.f[name](sge.Distinct(expressions=[compiler.if_(where, value, NULL)]))
        return compiler.f[name](compiler.if_(where, arg, NULL))


class _Compiler(DuckDBCompiler):  # type: ignore[misc]
    agg = _Unfiltered(supports_filter=True, supports_order_by=True)


def _compiled(table: ibis.Table) -> str:
    sql: str = _Compiler().to_sqlglot(table).sql("duckdb")
    return sql
