"""One raw column read as the contract wants it, with the tests that tell where it can't be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from features.check.probes import (
    Probe,
    converted,
    empty,
    not_finite,
    note,
    out_of_bounds,
    out_of_time,
    unreadable,
    unusable,
    wrong_type,
)
from features.check.raw import Engine
from features.tables import Column

NAIVE = dt.Timestamp(scale=6)
ZONED = dt.Timestamp(timezone="UTC")
TYPES = {"id": dt.string, "text": dt.string, "time": NAIVE, "money": dt.float64, "number": dt.float64}
WHOLE = 1e15  # beyond, a float no longer tells whole numbers apart
TIDIES = {"untidy", "bare"}
NO_SECONDS = r"([T ]\d\d:\d\d) ?(Z|UTC|[+-]\d\d(:?\d\d)?)$"


@dataclass(frozen=True)
class Reading:
    """A column of the contract type. `plain`: cheaper, and equal where the probes in `TIDIES` find none."""

    name: str
    value: ir.Value
    plain: ir.Value
    probes: tuple[Probe, ...] = ()


def read(column: Column, raw: ir.Column, engine: Engine) -> Reading:
    """Reads a raw column; of a type that can't be read at all it becomes nulls, and each value an error."""
    readers: dict[str, Callable[[Column, ir.Column, Engine], Reading | None]] = {
        "id": _read_id,
        "text": _read_text,
        "time": _read_time,
        "money": _read_number,
        "number": _read_number,
    }
    reading = readers[column.kind](column, raw, engine)
    if reading is not None:
        return reading
    castable = raw.type().is_string() and not engine.parses
    value = ibis.null(TYPES[column.kind])
    probes = (empty(column, raw.isnull()), wrong_type(column, raw, castable=castable))
    return Reading(column.name, value, value, probes)


def _read_id(column: Column, raw: ir.Column, _engine: Engine) -> Reading | None:
    dtype = raw.type()
    if dtype.is_string():
        tidy = raw.strip().nullif("")
        spaces = note(
            "untidy", column, "spaces around the id", "They are cut off.", raw.strip() != raw, shown=raw
        )
        return Reading(column.name, tidy, raw, (empty(column, tidy.isnull()), spaces))
    if dtype.is_integer() or dtype.is_uuid() or (dtype.is_decimal() and dtype.scale == 0):
        value = raw.cast("string")
        return Reading(column.name, value, value, (empty(column, raw.isnull()),))
    if dtype.is_floating() or dtype.is_decimal():
        number = raw.cast("float64")
        whole = (number.abs() < WHOLE) & (number.floor() == number)
        there = number.notnull() & ~number.isnan()
        value = ibis.ifelse(whole, number, None).cast("int64").cast("string")
        return Reading(
            column.name, value, value, (empty(column, ~there), unreadable(column, raw, there & ~whole))
        )
    return None


def _read_text(column: Column, raw: ir.Column, _engine: Engine) -> Reading | None:
    dtype = raw.type()
    if dtype.is_nested() or dtype.is_binary() or dtype.is_json():
        return None
    text = raw if dtype.is_string() else raw.cast("string")
    tidy = text.strip().nullif("")
    words: list[Probe] = []
    if column.one_of:
        tidy = tidy.lower()
        says = f"none of the words {', '.join(column.one_of)}"
        words = [unusable("word", column, says, "Use one of them.", tidy.notin(column.one_of), text)]
    untidy = text.notnull() & (tidy.isnull() | (tidy != text))
    return Reading(
        column.name,
        tidy,
        text,
        (empty(column, tidy.isnull()), *words, note("untidy", column, "", "", untidy)),
    )


def _read_time(column: Column, raw: ir.Column, engine: Engine) -> Reading | None:
    dtype = raw.type()
    if dtype.is_string() and engine.parses:
        text = raw.strip().nullif("")
        value = _parsed(text, ZONED).cast(NAIVE)
        probes = [
            empty(column, text.isnull()),
            unreadable(column, raw, text.notnull() & value.isnull()),
            converted(column, value != _parsed(text, NAIVE), raw),
        ]
    elif dtype.is_timestamp() or dtype.is_date():
        value = raw.cast(NAIVE)
        probes = [empty(column, raw.isnull())]
        if dtype.is_timestamp() and dtype.timezone:
            probes.append(converted(column, raw.notnull()))
    else:
        return None
    return Reading(column.name, value, value, (*probes, *out_of_time(column, value, raw)))


def _parsed(text: ir.StringValue, to: dt.Timestamp) -> ir.TimestampValue:
    """The text as a time, also with a zone but no seconds; null where it is none."""
    return ibis.coalesce(text.try_cast(to), text.re_replace(NO_SECONDS, r"\1:00\2").try_cast(to))


def _read_number(column: Column, raw: ir.Column, engine: Engine) -> Reading | None:
    dtype = raw.type()
    probes: list[Probe] = []
    if dtype.is_string() and engine.parses:
        text = raw.strip().nullif("")
        there, value = text.notnull(), text.try_cast("float64")
        probes.append(unreadable(column, raw, there & value.isnull()))
    elif dtype.is_numeric() and not dtype.is_boolean():
        there, value = raw.notnull(), raw.cast("float64")
    else:
        return None
    if not dtype.is_integer():
        probes += not_finite(column, value, raw)
        there = there & ~value.isnan().fill_null(False)
    probes += [empty(column, ~there), *out_of_bounds(column, value, raw)]
    return Reading(column.name, value, value, tuple(probes))
