"""The check of a source against the contract, and its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import duckdb
import ibis
import ibis.expr.types as ir
import psycopg
import pyarrow as pa
from ibis.common.exceptions import IbisError

from features.check.dimensions import Dimension, dimensions
from features.check.keys import duplicates
from features.check.problems import Problem
from features.check.raw import Raw
from features.check.relations import id_types, orphans, strangers, unknown_customers
from features.check.table import Summary, check_table, summarise
from features.tables import CONTRACT

if TYPE_CHECKING:
    from rich.console import Console

LEVELS = ("error", "bad rows", "note")
CSV_FAULTS = ("Expected Number of Columns", "Invalid unicode", "Value with unterminated quote")
READ_ERRORS = (duckdb.Error, psycopg.Error, IbisError, pa.ArrowException, OSError)


@dataclass(frozen=True)
class Report:
    """What is there, what is wrong, and what it unlocks.

    `tables`: their usable rows. `dimensions`: all seven, unlocked or dark. `skipped`: whether bad rows
    may be left out.
    """

    address: str
    tables: Mapping[str, Summary]
    problems: tuple[Problem, ...]
    dimensions: Mapping[str, Dimension]
    skipped: bool = False

    @property
    def blocking(self) -> tuple[Problem, ...]:
        """The problems for which the source is refused."""
        levels = ("error",) if self.skipped else ("error", "bad rows")
        return tuple(problem for problem in self.problems if problem.level in levels)

    @property
    def refuses(self) -> bool:
        return bool(self.blocking)

    def to_dict(self) -> dict[str, object]:
        return {
            "address": self.address,
            "refuses": self.refuses,
            "tables": {name: asdict(summary) for name, summary in self.tables.items()},
            "problems": [problem.to_dict() for problem in self.problems],
            "dimensions": {name: asdict(dimension) for name, dimension in self.dimensions.items()},
        }

    def render(self, console: Console) -> None:
        from features.check.render import render

        render(self, console)


@dataclass
class _Sheet:
    """The state of a check under way."""

    backend: ibis.BaseBackend
    tables: dict[str, ir.Table] = field(default_factory=dict)
    summaries: dict[str, Summary] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def check(
    address: str, backend: ibis.BaseBackend, raws: Mapping[str, Raw], problems: Sequence[Problem] = ()
) -> tuple[dict[str, ir.Table], Report]:
    """The clean tables with bad rows left out, and the report. `problems`: what was found before."""
    sheet = _Sheet(backend, problems=list(problems))
    for raw in raws.values():
        try:
            _check_one(sheet, raw)
        except READ_ERRORS as error:
            sheet.problems.append(unreadable(raw.name, error))
    if "order_lines" in sheet.tables:
        _check_lines(sheet)
    unmatched = strangers(sheet.tables)
    for problem in unmatched:
        if problem.level == "error":
            del sheet.tables[problem.table]
    sheet.problems += [*unmatched, *id_types(raws), *unknown_customers(sheet.tables)]
    found = tuple(sorted(sheet.problems, key=lambda problem: LEVELS.index(problem.level)))
    return sheet.tables, Report(address, sheet.summaries, found, dimensions(sheet.tables))


def unreadable(table: str, error: Exception) -> Problem:
    """The problem of a table whose bytes can't be read."""
    return Problem("error", table, None, f"it can't be read: {reason(error)}", "Mend it or export it anew.")


def reason(error: Exception) -> str:
    """What an engine says of a failure: its first line, and of CSV the fault; not its advice on settings."""
    lines = [line.strip().rstrip(".!") for line in str(error).strip().splitlines()] or [type(error).__name__]
    faults = [line for line in lines[1:] if line.startswith(CSV_FAULTS)]
    return "; ".join([lines[0], *faults[:1]])


def _check_one(sheet: _Sheet, raw: Raw) -> None:
    checked = check_table(raw)
    if not checked.found:
        sheet.problems.append(_empty(raw.name))
        return
    sheet.problems += checked.problems
    if checked.table is None:
        return
    if not checked.summary.rows:
        says, remedy = "no row of it can be used", "Mend the rows, or leave the table out."
        sheet.problems.append(Problem("error", raw.name, None, says, remedy))
        return
    table, summary = checked.table, checked.summary
    if raw.engine.loose:
        table = _keep(sheet.backend, raw.name, table)
    unique, repeats = duplicates(raw.contract, table, summary.rows)
    if repeats:
        table = _keep(sheet.backend, f"{raw.name}_once", unique)
        summary = summarise(table, raw.contract)
        sheet.problems += repeats
    sheet.tables[raw.name] = table
    sheet.summaries[raw.name] = replace(summary, left_out=checked.found - summary.rows)


def _empty(name: str) -> Problem:
    if name == "orders":
        return Problem("error", name, None, "the table is empty", "Export it again, with its rows.")
    return Problem("note", name, None, "the table is empty", "It counts as not there.")


def _check_lines(sheet: _Sheet) -> None:
    before = sheet.summaries["order_lines"]
    if "orders" not in sheet.tables:
        del sheet.tables["order_lines"], sheet.summaries["order_lines"]
        says = "lines without orders can't be used"
        sheet.problems.append(Problem("note", "order_lines", None, says, removes="the table"))
        return
    lines, found = orphans(sheet.tables["order_lines"], sheet.tables["orders"], before.rows)
    if not found:
        return
    after = summarise(lines, CONTRACT["order_lines"])
    sheet.tables["order_lines"] = lines
    sheet.summaries["order_lines"] = replace(after, left_out=before.left_out + before.rows - after.rows)
    sheet.problems += found


def _keep(backend: ibis.BaseBackend, name: str, table: ir.Table) -> ir.Table:
    """The table computed once, where the engine is ours (DuckDB); elsewhere the expression as it is."""
    if backend.name != "duckdb":
        return table
    return backend.create_table(f"amity_{name}", table, temp=True)
