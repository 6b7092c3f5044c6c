"""The report of a check, for people at a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from features.check.problems import SKIP, Problem

if TYPE_CHECKING:
    from features.check.dimensions import Dimension
    from features.check.report import Report
    from features.check.table import Summary

TITLES = {
    "error": "Errors: nothing can be read until they are mended",
    "bad rows": "Bad rows",
    "note": "Notes: all of this works as it is",
}


def render(report: Report, console: Console) -> None:
    """Prints the tables, the dimensions, the problems by level, and the verdict in one sentence."""
    console.print(f"[bold]{escape(report.address)}[/bold]")
    if report.tables:
        console.print(_tables(report.tables))
    console.print(_dimensions(report.dimensions))
    for level, title in TITLES.items():
        found = [problem for problem in report.problems if problem.level == level]
        if found:
            console.print(_problems(title, found, removes=level == "bad rows"))
    console.print(_verdict(report))


def _sheet(title: str, *columns: str) -> Table:
    sheet = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        numeric = column in {"rows", "customers", "left out"}
        sheet.add_column(column, justify="right" if numeric else "left", header_style="dim")
    return sheet


def _tables(tables: Mapping[str, Summary]) -> Table:
    sheet = _sheet("\nTables", "table", "rows", "customers", "first", "last", "left out")
    for name, summary in tables.items():
        customers = "" if summary.customers is None else f"{summary.customers:,}"
        first, last = (f"{time:%Y-%m-%d}" if time else "" for time in (summary.first, summary.last))
        left_out = f"{summary.left_out:,}" if summary.left_out else ""
        sheet.add_row(name, f"{summary.rows:,}", customers, first, last, left_out)
    return sheet


def _dimensions(dimensions: Mapping[str, Dimension]) -> Table:
    sheet = _sheet("\nDimensions", "dimension", "", "")
    for name, dimension in dimensions.items():
        sheet.add_row(name, "unlocked" if dimension.unlocked else "[yellow]dark[/yellow]", dimension.why)
    return sheet


def _problems(title: str, problems: Sequence[Problem], *, removes: bool) -> Table:
    sheet = _sheet(f"\n{title}", "where", "what", "rows")
    for problem in problems:
        lines = [problem.says, f"for example {problem.example}" if problem.example else "", problem.remedy]
        if removes:
            lines.append(f"Left out with --skip-bad-rows: {problem.removes}.")
        sheet.add_row(
            escape(problem.place or "the source"), escape("\n".join(filter(None, lines))), _extent(problem)
        )
    return sheet


def _extent(problem: Problem) -> str:
    if not problem.rows:
        return ""
    share = problem.share * 100
    return f"{problem.rows:,} ({share:.1f} %)" if share >= 0.1 else f"{problem.rows:,} (< 0.1 %)"


def _verdict(report: Report) -> str:
    if any(problem.level == "error" for problem in report.problems):
        return "\n[red]This source can't be used as it is: mend the errors.[/red]"
    if report.refuses:
        return f"\n[yellow]This source has rows that can't be used. {SKIP}[/yellow]"
    return "\n[green]This source can be used.[/green]"
