"""Ibis on Spark, with Spark's answers made the same as those of the other engines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from math import isfinite
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.schema as sch
import pyspark.sql.types as pt
import sqlglot.expressions as sge
from ibis.backends.pyspark import Backend
from ibis.backends.pyspark.datatypes import PySparkType
from ibis.backends.sql.compilers.base import NULL
from ibis.backends.sql.compilers.pyspark import PySparkCompiler
from ibis.backends.sql.datatypes import PySparkType as SqlType
from ibis.common.exceptions import IbisError
from ibis.formats.pandas import PandasData
from ibis.formats.pyarrow import PyArrowData
from ibis.util import gen_name
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from features.spark.session import first_line

SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
}
"""What changes results is set, whatever the session had: UTC, and an overflow is an error."""

BLANKS = (9, 10, 11, 12, 13, 32)
WRITTEN_TIME = r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?(Z|UTC)|[+-]\d\d(:?\d\d)?)?)?$"
SPELLINGS = (
    (r"^(\d{4})/(\d{1,2})/", "$1-$2-"),
    ("^infinity$", "9999-12-31"),
    ("^-infinity$", "0001-01-01"),
)
"""Ways to write a time that DuckDB reads and Spark doesn't, and the same for Spark."""
WRITTEN_NUMBER = r"^[+-]?((\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|(?i:nan|inf|infinity))$"
MICROSECONDS = 1_000_000


class Types(SqlType):  # type: ignore[misc]
    """Times without a zone are Spark's `TIMESTAMP_NTZ`; Ibis knows only `TIMESTAMP`, which has one."""

    @classmethod
    def from_ibis(cls, dtype: dt.DataType) -> sge.DataType:
        if dtype.is_timestamp():
            kind = sge.DataType.Type
            return sge.DataType(this=kind.TIMESTAMPLTZ if dtype.timezone else kind.TIMESTAMPNTZ)
        return super().from_ibis(dtype)  # type: ignore[no-any-return]


class Compiler(PySparkCompiler):  # type: ignore[misc]
    """Ibis's SQL for Spark, mended where it gives another answer than DuckDB's and PostgreSQL's."""

    __slots__ = ()
    type_mapper = Types

    def visit_DefaultLiteral(self, op: Any, *, value: Any, dtype: Any) -> Any:
        """A number with a point is a float; Spark takes it for a decimal, and counts on in decimals."""
        literal = super().visit_DefaultLiteral(op, value=value, dtype=dtype)
        return self.cast(literal, dtype) if dtype.is_floating() and isfinite(value) else literal

    def visit_IsNull(self, _op: Any, *, arg: Any) -> Any:
        """NaN is no null."""
        return arg.is_(NULL)

    def visit_NotNull(self, _op: Any, *, arg: Any) -> Any:
        return sge.Not(this=arg.is_(NULL))

    def visit_IsInf(self, _op: Any, *, arg: Any) -> Any:
        """Ibis compares the texts of the two sides, not their values."""
        return sge.Paren(this=sge.Or(this=arg.eq(self.POS_INF), expression=arg.eq(self.NEG_INF)))

    def visit_CountStar(self, op: Any, *, arg: Any, where: Any) -> Any:
        """Of no rows 0, not null."""
        count = super().visit_CountStar(op, arg=arg, where=where)
        return count if where is None else self.f.coalesce(count, 0)

    def visit_BitOr(self, _op: Any, *, arg: Any, where: Any) -> Any:
        return self.agg.bit_or(arg, where=where)

    def visit_BitwiseLeftShift(self, _op: Any, *, left: Any, right: Any) -> Any:
        """Spark shifts by `INT` alone."""
        return self.f.shiftleft(left, self.cast(right, dt.int32))

    def visit_ExtractEpochSeconds(self, _op: Any, *, arg: Any) -> Any:
        """With the fraction of a second."""
        return sge.Paren(this=self.f.unix_micros(self.cast(arg, dt.Timestamp(timezone="UTC"))) / MICROSECONDS)

    def visit_TimestampTruncate(self, op: Any, *, arg: Any, unit: Any) -> Any:
        """Without a zone where the time has none."""
        return self.cast(super().visit_TimestampTruncate(op, arg=arg, unit=unit), op.dtype)

    visit_DateTruncate = visit_TimestampTruncate

    def visit_TryCast(self, op: Any, *, arg: Any, to: Any) -> Any:
        """Text is a time or a number only where the other engines read it so («2024» is no time)."""
        form = WRITTEN_TIME if to.is_timestamp() else WRITTEN_NUMBER if to.is_floating() else None
        if form is None or not op.arg.dtype.is_string():
            return super().visit_TryCast(op, arg=arg, to=to)
        spellings = SPELLINGS if to.is_timestamp() else ()
        text = reduce(lambda text, pair: self.f.regexp_replace(text, *pair), spellings, arg)
        tried = super().visit_TryCast(op, arg=text, to=to)
        return self.if_(self.f.regexp_like(text, form), tried, NULL)

    def visit_Strip(self, _op: Any, *, arg: Any) -> Any:
        """Blanks by their codes: Spark reads the escapes of two of them as letters."""
        return self.f.btrim(arg, self.f.concat(*(self.f.anon.char(code) for code in BLANKS)))

    def visit_RegexReplace(self, op: Any, *, arg: Any, pattern: Any, **_: Any) -> Any:
        r"""Groups in the replacement are `$1` in Java, `\1` elsewhere."""
        text = re.sub(r"\\(\d)", r"$\1", op.replacement.value)
        return self.f.regexp_replace(arg, pattern, sge.convert(text))


class Spark(Backend):  # type: ignore[misc]
    """Ibis's backend over a session of its own. What Spark raises comes as `IbisError`, in one line."""

    compiler = Compiler()

    def do_connect(self, session: Any) -> None:
        self._views: list[str] = []
        self.register_options()
        super().do_connect(session)
        for name, value in SETTINGS.items():
            session.conf.set(name, value)

    @property
    def session(self) -> Any:
        return self._session

    def disconnect(self) -> None:
        """Forgets the tables; the session is its owner's to stop."""
        while self._views:
            self._session.catalog.dropTempView(self._views.pop())

    def view(self, name: str, frame: Any) -> ibis.Table:
        """A Spark data frame as a table."""
        self._views.append(gen_name(f"amity_{name}"))
        with told():
            frame.createOrReplaceTempView(self._views[-1])
            return self.table(self._views[-1])

    def frame(self, table: ibis.Table) -> Any:
        """The table as a Spark data frame, nothing computed yet."""
        self._run_pre_execute_hooks(table)
        return self.raw_sql(self.compile(table))

    def raw_sql(self, query: Any, **kwargs: Any) -> Any:
        with told():
            return super().raw_sql(query, **kwargs)

    def get_schema(self, table_name: str, **_: Any) -> sch.Schema:
        with told():
            fields = self._session.table(table_name).schema.fields
            return sch.Schema({field.name: _type_of(field.dataType) for field in fields})

    def to_pyarrow(self, expr: ibis.Expr, /, *, params: Any = None, limit: Any = None, **kwargs: Any) -> Any:
        """Through Arrow alone: a detour over pandas would make whole numbers with nulls floats."""
        self._run_pre_execute_hooks(expr)
        table = expr.as_table()
        with told():
            found = self.raw_sql(self.compile(table, params=params, limit=limit, **kwargs)).toArrow()
        return expr.__pyarrow_result__(PyArrowData.convert_table(found, table.schema()))

    def execute(self, expr: ibis.Expr, /, *, params: Any = None, limit: Any = None, **kwargs: Any) -> Any:
        table = expr.as_table()
        found = self.to_pyarrow(table, params=params, limit=limit, **kwargs)
        return expr.__pandas_result__(PandasData.convert_table(found.to_pandas(), table.schema()))


@contextmanager
def told() -> Iterator[None]:
    """Spark's failures as `IbisError`: one line each, without the stack of its Java."""
    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise IbisError(first_line(error)) from error


def connect(session: Any) -> Spark:
    """A backend over the session's cluster; settings and tables of the given session aren't touched.

    A Spark Connect session can't be split: there the settings are set on the session given.
    """
    with told():
        own = session.newSession() if hasattr(session, "newSession") else session
        for name, value in session.conf.getAll.items():
            if own.conf.get(name, None) != value and own.conf.isModifiable(name):
                own.conf.set(name, value)
        return Spark().connect(own)  # type: ignore[no-any-return]


def _type_of(kind: pt.DataType) -> dt.DataType:
    """The Ibis type; Ibis itself forgets that Spark's `TIMESTAMP` has a zone."""
    return dt.Timestamp(timezone="UTC") if isinstance(kind, pt.TimestampType) else PySparkType.to_ibis(kind)
