"""Further columns of `customers`: attributes, kept as numbers, true/false, dates or text."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import ibis.expr.types as ir

from features.check.columns import ZONED, Reading, read
from features.check.probes import received
from features.check.problems import Problem
from features.check.raw import ROW, Raw
from features.tables import Column

LEADING_ZERO = r"^[+-]?0\d"


def attributes(raw: Raw, known: Iterable[str]) -> tuple[list[Reading], list[Problem]]:
    """Readings of the columns that aren't `known`, and a note on each that can't be kept."""
    names = [name for name in raw.table.columns if name not in {*known, ROW}]
    kinds = _kinds(raw, names)
    readings: list[Reading] = []
    problems: list[Problem] = []
    for name in names:
        column = raw.table[name]
        reading = _attribute(name, raw, kinds.get(name))
        if reading is None:
            says = f"{received(column.type())} can't be an attribute"
            remedy = "Attributes are numbers, true or false, dates, or text; this column is not read."
            problems.append(Problem("note", raw.name, name, says, remedy, removes="this column"))
        else:
            readings.append(reading)
    return readings, problems


def _attribute(name: str, raw: Raw, kind: str | None) -> Reading | None:
    """`kind`: what text stands for, where it isn't just text."""
    column = raw.table[name]
    dtype = column.type()
    if kind == "true and false":
        value = column.strip().lower() == "true"
        return Reading(name, value, value)
    if dtype.is_boolean() or dtype.is_integer():
        return Reading(name, column, column)
    if kind == "numbers" or dtype.is_floating() or dtype.is_decimal():
        return read(Column(name, "number", optional=True, spoils="value"), column, raw.engine)
    if kind == "dates" or dtype.is_timestamp() or dtype.is_date():
        return read(Column(name, "time", optional=True, spoils="value"), column, raw.engine)
    if dtype.is_string():
        return read(Column(name, "text", optional=True, spoils="value"), column, raw.engine)
    return None


def _kinds(raw: Raw, names: list[str]) -> dict[str, str]:
    """What the text of columns stands for: all of a CSV file is text, and so are the dates of raw events."""
    if raw.engine.loose:
        return _kinds_of_text(raw, names) if names else {}
    texts = [name for name in names if raw.numbered and raw.table[name].type().is_string()]
    found = _kinds_of_text(raw, texts) if texts else {}
    return {name: kind for name, kind in found.items() if kind == "dates"}


def _kinds_of_text(raw: Raw, names: list[str]) -> dict[str, str]:
    """The columns of text whose every value is of another kind; a leading zero (a postcode) makes it text."""
    other: dict[str, Callable[[ir.StringValue], ir.BooleanValue]] = {
        "numbers": lambda text: text.try_cast("float64").isnull() | text.re_search(LEADING_ZERO),
        "true and false": lambda text: text.lower().notin(["true", "false"]),
        "dates": lambda text: text.try_cast(ZONED).isnull(),
    }
    texts = {name: raw.table[name].strip().nullif("") for name in names}
    fields = {f"{name} all": text.count() for name, text in texts.items()}
    for kind, test in other.items():
        fields |= {
            f"{name} {kind}": raw.table.count(where=text.notnull() & test(text))
            for name, text in texts.items()
        }
    row = raw.table.aggregate(fields).to_pyarrow().to_pylist()[0]
    return {
        name: kind for name in names for kind in other if row[f"{name} all"] and not row[f"{name} {kind}"]
    }
