"""The tests of one column: where a value can't be used, what that costs, and in which words it is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.check.problems import Level
from features.tables import Column

DUE = {"id": "an id", "text": "text", "time": "a date", "money": "money", "number": "a number"}
REMEDY = {
    "id": "Write each id as one text or whole number.",
    "text": "Write it as text.",
    "time": "Write dates as 2024-03-31 or 2024-03-31 14:00:00, with a zone such as +02:00 if it isn't UTC.",
    "money": "Write it as a plain number, such as 12.50.",
    "number": "Write it as a plain number, such as 12.5.",
}
FIRST, NEVER = datetime(1900, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001

Takes = Literal["row", "value", "nothing"]


@dataclass(frozen=True)
class Probe:
    """A test of a column. `where`: true in the rows it finds. `takes`: what goes with a finding.

    `shown`: the value as text, for the example. A probe that says nothing only counts.
    """

    name: str
    column: str
    level: Level
    takes: Takes
    says: str
    remedy: str
    where: ir.BooleanValue
    shown: ir.StringValue | None = None


def unusable(
    name: str, column: Column, says: str, remedy: str, where: ir.BooleanValue, shown: ir.StringValue | None
) -> Probe:
    """A value that can't be used, and takes with it what the contract says."""
    if column.spoils == "source":
        return Probe(name, column.name, "error", "nothing", says, remedy, where, shown)
    return Probe(name, column.name, "bad rows", column.spoils, says, remedy, where, shown)


def note(
    name: str,
    column: Column,
    says: str,
    remedy: str,
    where: ir.BooleanValue,
    *,
    shown: ir.StringValue | None = None,
    takes: Takes = "nothing",
) -> Probe:
    """A value that works as it is, or plainly means «missing»."""
    return Probe(name, column.name, "note", takes, says, remedy, where, shown)


def empty(column: Column, where: ir.BooleanValue) -> Probe:
    if column.optional:
        return note("empty", column, "", "", where)
    return Probe("empty", column.name, "bad rows", "row", "no value", "Fill it in.", where)


def unreadable(column: Column, raw: ir.Column, where: ir.BooleanValue) -> Probe:
    says = f"{received(raw.type())} where {DUE[column.kind]} is due"
    return unusable("unreadable", column, says, REMEDY[column.kind], where, raw.cast("string"))


def wrong_type(column: Column, raw: ir.Column, *, castable: bool) -> Probe:
    """All values of the column. `castable`: text that the engine could cast, but can't try to."""
    says, remedy = f"{received(raw.type())} where {DUE[column.kind]} is due", REMEDY[column.kind]
    if castable:
        due = "timestamptz" if column.kind == "time" else "double precision"
        remedy = f"Cast it in a view, such as SELECT {raw.get_name()}::{due} AS {column.name}."
    shown = None if raw.type().is_nested() or raw.type().is_binary() else raw.cast("string")
    return Probe("type", column.name, "error", "nothing", says, remedy, raw.notnull(), shown)


def converted(column: Column, where: ir.BooleanValue, shown: ir.StringValue | None = None) -> Probe:
    return note("zone", column, "times with a zone, converted to UTC", "", where, shown=shown)


def out_of_time(column: Column, value: ir.TimestampValue, raw: ir.Column) -> list[Probe]:
    shown = raw.cast("string")
    remedy = "Correct the year, or leave the value out."
    early = unusable("early", column, "a date before 1900", remedy, value < FIRST, shown)
    if not column.optional:
        return [early, unusable("never", column, "a date after 2199", remedy, value >= NEVER, shown)]
    says = "a date after 2199, which stands for «never»"
    return [early, _missing("never", column, says, value >= NEVER, shown)]


def not_finite(column: Column, value: ir.FloatingValue, raw: ir.Column) -> list[Probe]:
    shown = raw.cast("string")
    infinite = unusable("infinite", column, "an infinite number", REMEDY[column.kind], value.isinf(), shown)
    if not column.optional:
        return [infinite]
    return [infinite, _missing("nan", column, "NaN (not a number)", value.isnan(), None)]


def out_of_bounds(column: Column, value: ir.FloatingValue, raw: ir.Column) -> list[Probe]:
    shown = raw.cast("string")
    finite = ~value.isinf() & ~value.isnan()
    probes = []
    if column.low is not None:
        says = f"a number below {column.low:g}" if column.low else "a negative number"
        remedy = "Refunds belong in returns, at their own date." if column.name == "amount" else "Correct it."
        probes.append(unusable("low", column, says, remedy, (value < column.low) & finite, shown))
    if column.high is not None:
        says = f"a number above {column.high:g}"
        probes.append(unusable("high", column, says, "Correct it.", (value > column.high) & finite, shown))
    return probes


def received(dtype: dt.DataType) -> str:
    """The type in plain words."""
    words: tuple[tuple[bool, str], ...] = (
        (dtype.is_string(), "text"),
        (dtype.is_integer(), "whole numbers"),
        (dtype.is_floating() or dtype.is_decimal(), "numbers"),
        (dtype.is_boolean(), "true and false"),
        (dtype.is_timestamp() or dtype.is_date(), "dates"),
    )
    return next((word for holds, word in words if holds), f"values of type {dtype}")


def _missing(
    name: str, column: Column, says: str, where: ir.BooleanValue, shown: ir.StringValue | None
) -> Probe:
    return note(name, column, says, "It reads as missing.", where, shown=shown, takes="value")
