"""Features of rows in memory, as statements that DuckDB has prepared over empty tables.

A *session* is a DuckDB of its own with the tables and the statements. A request fills the tables in a
transaction that is never committed, so nothing of it is there for the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa
import sqlglot.expressions as sge
from ibis.backends.sql.compilers.base import NULL, STAR, AggGen
from ibis.backends.sql.compilers.duckdb import DuckDBCompiler

from features.build import catalog, finished, joined, part
from features.catalog import Aggregate, Feature
from features.known import facts, moments
from features.reader.opening import memory

if TYPE_CHECKING:
    from features.reference import Reference

BATCH = 2048
"""Rows of an answer that memory is made ready for: DuckDB's own million costs more than all its work."""
MOST_IDLE = 4
SNAPSHOTS, MOMENTS, OF_ORDERS = "snapshots", "moments", "of_orders"
SNAPSHOT = pa.schema([("customer_id", pa.string()), ("as_of", pa.timestamp("us"))])

Groups = Sequence[Sequence[Feature]]
Wanted = Mapping[str, Sequence[Aggregate]]


@dataclass
class Prepared:
    """Statements that share what they need of the orders; safe to use from several threads.

    `given`: the tables that are filled. `stored`: those that the `stages` fill from them, with what several
    answers need. `answers`: each gives customer_id, as_of and some features; one of all is slower to run.
    `types`: of all columns that the answers give.
    """

    given: Mapping[str, pa.Schema]
    stored: Mapping[str, ibis.Schema]
    stages: Mapping[str, str]
    answers: Sequence[str]
    types: Mapping[str, dt.DataType]
    _idle: list[_Session] = field(default_factory=list)

    @classmethod
    def of(cls, schemas: Mapping[str, pa.Schema], groups: Groups, reference: Reference) -> Prepared:
        """An answer for each group of features. `schemas`: of all tables, `orders` among them."""
        tables = {name: _unbound(name, schema) for name, schema in schemas.items()}
        book = catalog(tables)
        needs = book.aggregates(feature for group in groups for feature in group)
        stages = {MOMENTS: moments(_unbound(SNAPSHOTS, SNAPSHOT), tables.get("orders"))}
        measured = ibis.table(stages[MOMENTS].schema(), MOMENTS)

        def row(start: ibis.Table, wanted: Wanted, names: Iterable[str]) -> ibis.Table:
            parts = {name: part(facts(name, tables, measured, reference), wanted[name]) for name in names}
            return joined(start, parts, wanted)

        of_orders = {name: some for name, some in needs.items() if name == "orders"}
        stages[OF_ORDERS] = row(measured, of_orders, of_orders)
        start = ibis.table(stages[OF_ORDERS].schema(), OF_ORDERS)
        answers = []
        for group in groups:
            wanted = book.aggregates(group)
            others = [name for name in wanted if name != "orders"]
            answers.append(finished(row(start, wanted, others), group, reference))
        filled = {name: schema for name, schema in schemas.items() if name == "orders" or name in needs}
        return cls(
            given=filled | {SNAPSHOTS: SNAPSHOT},
            stored={name: stage.schema() for name, stage in stages.items()},
            stages={name: _sql(stage) for name, stage in stages.items()},
            answers=[_sql(answer) for answer in answers],
            types={name: dtype for answer in answers for name, dtype in answer.schema().items()},
        )

    def ask(self, tables: Mapping[str, pa.Table]) -> list[pa.Table]:
        """The answers for these rows, which are all before the `as_of` of the snapshots."""
        with self.session() as session, session.filled(tables):
            return session.ask()

    @contextmanager
    def session(self) -> Iterator[_Session]:
        """A session of one's own; it goes back where all went well."""
        session = self._idle.pop() if self._idle else _Session(self)
        try:
            yield session
        except BaseException:
            session.close()
            raise
        if len(self._idle) < MOST_IDLE:
            self._idle.append(session)
        else:
            session.close()


def _unbound(name: str, schema: pa.Schema) -> ibis.Table:
    return ibis.table(ibis.Schema.from_pyarrow(schema), name)


class _Given:
    """What a prepared INSERT reads: whatever table it holds by then."""

    def __init__(self, schema: pa.Schema) -> None:
        self.table = self._empty = schema.empty_table()

    def clear(self) -> None:
        self.table = self._empty

    def __arrow_c_stream__(self, requested: object = None) -> object:
        return self.table.__arrow_c_stream__(requested)


class _Session:
    """A DuckDB with empty tables and the statements, prepared."""

    def __init__(self, prepared: Prepared) -> None:
        self._backend = memory()
        self._connection = self._backend.con
        self._connection.execute("SET threads = 1")
        # what the statistics of empty tables prove doesn't hold once they are filled
        self._connection.execute("SET disabled_optimizers = 'statistics_propagation'")
        for name, schema in prepared.given.items():
            self._backend.create_table(name, schema=ibis.Schema.from_pyarrow(schema))
        for name, schema in prepared.stored.items():
            self._backend.create_table(name, schema=schema)
        self._given = {name: _Given(schema) for name, schema in prepared.given.items()}
        for name, given in self._given.items():
            self._connection.register(f"given_{name}", given)
            self._prepare(f"fill_{name}", f'INSERT INTO "{name}" SELECT * FROM given_{name}')  # noqa: S608
        self._stages = [
            self._prepare(f"store_{name}", f'INSERT INTO "{name}" {stage}')
            for name, stage in prepared.stages.items()
        ]
        self._answers = [self._prepare(f"answer_{n}", each) for n, each in enumerate(prepared.answers)]

    def _prepare(self, name: str, statement: str) -> str:
        self._connection.execute(f"PREPARE {name} AS {statement}")
        return f"EXECUTE {name}"

    @contextmanager
    def filled(self, tables: Mapping[str, pa.Table]) -> Iterator[None]:
        self._connection.execute("BEGIN")
        try:
            for name, given in self._given.items():
                if len(tables[name]):
                    given.table = tables[name]
                    self._connection.execute(f"EXECUTE fill_{name}")
            yield
        finally:
            self._connection.execute("ROLLBACK")
            for given in self._given.values():
                given.clear()

    def ask(self) -> list[pa.Table]:
        for stage in self._stages:
            self._connection.execute(stage)
        return [self._connection.execute(answer).to_arrow_table(BATCH) for answer in self._answers]

    def close(self) -> None:
        self._backend.disconnect()


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


def _sql(table: ibis.Table) -> str:
    sql: str = _Compiler().to_sqlglot(table).sql("duckdb")
    return sql
