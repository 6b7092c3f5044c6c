"""One raw table read by the contract: its problems, counted in one query, and its clean expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir

from features.check.across import across
from features.check.attributes import attributes
from features.check.columns import TIDIES, Reading, read
from features.check.names import match_columns
from features.check.probes import Probe
from features.check.problems import Problem, grave
from features.check.raw import ROW, Raw
from features.tables import Table

Counts = Mapping[tuple[str, str], int]
LONGEST = 60
REMOVES = {
    "row": "these rows",
    "value": "these values: they read as missing, the rows stay",
    "nothing": "nothing",
}


@dataclass(frozen=True)
class Summary:
    """Usable rows of a table, their customers, first and last time (UTC); null without such a column.

    `left_out`: the rows that can't be used.
    """

    rows: int
    customers: int | None = None
    first: datetime | None = None
    last: datetime | None = None
    left_out: int = 0


@dataclass(frozen=True)
class Checked:
    """A table after the check. `table`: clean; null where it has an error. `found`: its rows before."""

    table: ir.Table | None
    found: int
    summary: Summary
    problems: tuple[Problem, ...]


def check_table(raw: Raw) -> Checked:
    """Reads a table. The clean one leaves out bad rows; whether it may is the caller's decision."""
    names, problems = match_columns(raw)
    readings = [
        read(raw.contract.column(name), raw.table[found], raw.engine) for name, found in names.items()
    ]
    if raw.contract.attributes:
        extra, remarks = attributes(raw, names.values())
        readings, problems = [*readings, *extra], [*problems, *remarks]
    readings = across(raw.contract, readings)
    counts, summary = _count(raw, readings)
    problems += _problems(raw, names, readings, counts)
    broken = any(problem.level == "error" for problem in problems)
    table = None if broken else _clean(raw.table, readings, counts)
    return Checked(table, counts["", "all"], summary, tuple(problems))


def summarise(table: ir.Table, contract: Table) -> Summary:
    """The summary of a clean table."""
    fields = _overview(table, contract, ibis.literal(value=True))
    return Summary(**table.aggregate(fields).to_pyarrow().to_pylist()[0])


def _overview(table: ir.Table, contract: Table, good: ir.BooleanValue) -> dict[str, ir.Value]:
    """The fields of `Summary` as aggregates of the rows that are `good`."""
    fields: dict[str, ir.Value] = {"rows": table.count(where=good)}
    if "customer_id" in table.columns:
        fields["customers"] = table.customer_id.nunique(where=good)
    if contract.time and contract.time in table.columns:
        time = table[contract.time]
        fields |= {"first": time.min(where=good), "last": time.max(where=good)}
    return fields


def _count(raw: Raw, readings: Sequence[Reading]) -> tuple[Counts, Summary]:
    """How many rows each probe finds, «all» rows and usable ones in the «future», in one query."""
    time = raw.contract.time
    probes = {
        f"probe_{i}": probe for i, probe in enumerate(p for reading in readings for p in reading.probes)
    }
    values = {reading.name: reading.value for reading in readings if reading.name in {"customer_id", time}}
    tests = {name: probe.where for name, probe in probes.items()}
    staged = raw.table.select(every=ibis.literal(value=True), **values, **tests)
    bad = _any([staged[name] for name, probe in probes.items() if probe.takes == "row"])
    fields = {name: staged.count(where=staged[name]) for name in probes}
    fields["all"] = staged.count()
    if time in values:
        fields["future"] = staged.count(where=(staged[time] > raw.engine.now) & ~bad)
    row = staged.aggregate(_overview(staged, raw.contract, ~bad) | fields).to_pyarrow().to_pylist()[0]
    counts = {(probe.column, probe.name): row.pop(name) for name, probe in probes.items()}
    counts |= {("", "all"): row.pop("all"), ("", "future"): row.pop("future", 0)}
    return counts, Summary(**row)


def _problems(
    raw: Raw, names: Mapping[str, str], readings: Sequence[Reading], counts: Counts
) -> list[Problem]:
    found = [
        _problem(raw, names, probe, counts)
        for reading in readings
        for probe in reading.probes
        if probe.says and counts[probe.column, probe.name]
    ]
    if counts["", "future"]:
        says, remedy = "a date in the future", "It counts from its date on."
        found.append(
            Problem(
                "note", raw.name, raw.contract.time, says, remedy, counts["", "future"], counts["", "all"]
            )
        )
    return found


def _problem(raw: Raw, names: Mapping[str, str], probe: Probe, counts: Counts) -> Problem:
    rows, total = counts[probe.column, probe.name], counts["", "all"]
    level, removes, remedy = probe.level, REMOVES[probe.takes], probe.remedy
    there = total - counts.get((probe.column, "empty"), 0)
    if (probe.name == "unreadable" and rows > there / 2) or (probe.name == "empty" and rows == total):
        level, removes = "error", "nothing"
    example = _example(raw, names, probe) if probe.shown is not None or level != "note" else ""
    problem = Problem(level, raw.name, probe.column, probe.says, remedy, rows, total, example, removes)
    return grave(problem) if probe.takes == "row" else problem


def _example(raw: Raw, names: Mapping[str, str], probe: Probe) -> str:
    """The value and the row of the first row found, in the order of the columns that name a row."""
    labels = [ROW] if raw.numbered else _labels(raw.contract, names, probe.column)
    where: dict[str, ir.Value] = {
        f"label_{i}": raw.table[names.get(name, name)] for i, name in enumerate(labels)
    }
    shown = {"shown": probe.shown} if probe.shown is not None else {}
    rows = raw.table.select(found=probe.where, **where, **shown)
    rows = rows.filter(rows.found).drop("found")
    if not rows.columns:
        return ""
    row = rows.order_by([rows[name].asc() for name in rows.columns]).limit(1).to_pyarrow().to_pylist()[0]
    value = f'"{_short(row["shown"])}" ' if shown else ""
    if raw.numbered:
        return f"{value}in row {row['label_0']}"
    label = ", ".join(f"{name}={row[f'label_{i}']}" for i, name in enumerate(labels))
    return f"{value}in row {label}" if label else value.strip()


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _labels(contract: Table, names: Mapping[str, str], column: str) -> list[str]:
    """The columns that tell a reader which row is meant: the key, or else the ids and the time."""
    if contract.key and contract.key in names and contract.key != column:
        return [contract.key]
    ids = [c.name for c in contract.columns if c.kind == "id" or c.name == contract.time]
    return [name for name in ids if name in names and name != column][:2]


def _clean(table: ir.Table, readings: Sequence[Reading], counts: Counts) -> ir.Table:
    """The contract's columns without what the probes found; as cheap an expression as the findings allow."""
    found = {key for key, rows in counts.items() if rows}
    columns = {reading.name: _clean_column(reading, found) for reading in readings}
    bad = [
        probe.where
        for reading in readings
        for probe in reading.probes
        if probe.takes == "row" and (probe.column, probe.name) in found
    ]
    if not bad:
        return table.select(**columns)
    staged = table.select(**columns, amity_bad=_any(bad))
    return staged.filter(~staged.amity_bad).drop("amity_bad")


def _clean_column(reading: Reading, found: set[tuple[str, str]]) -> ir.Value:
    hits = [probe for probe in reading.probes if (probe.column, probe.name) in found]
    value = reading.value if any(probe.name in TIDIES for probe in hits) else reading.plain
    lost = [probe.where for probe in hits if probe.takes == "value"]
    return ibis.ifelse(_any(lost), None, value) if lost else value


def _any(tests: Sequence[ir.BooleanValue]) -> ir.BooleanValue:
    """Whether any holds; a test of a null doesn't."""
    return reduce(or_, (test.fill_null(False) for test in tests)) if tests else ibis.literal(value=False)
