"""The columns of a raw table found under the contract's names, whatever their case and spaces."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from features.check.problems import Problem
from features.check.raw import ROW, Raw


def match_columns(raw: Raw) -> tuple[dict[str, str], list[Problem]]:
    """Contract columns → the raw columns that hold them; what is missing, renamed, ambiguous or not known."""
    spellings: dict[str, list[str]] = {}
    for name in raw.table.columns:
        spellings.setdefault(squeeze(name), []).append(name)
    names: dict[str, str] = {}
    problems: list[Problem] = []
    for column in raw.contract.columns:
        found = spellings.get(squeeze(column.name), [])
        if column.name in found or len(found) == 1:
            names[column.name] = column.name if column.name in found else found[0]
        elif found:
            problems.append(_ambiguous(raw.name, column.name, found))
    ambiguous = {str(problem.column) for problem in problems}
    problems += _missing(raw, {*names, *ambiguous})
    problems += [
        Problem("note", raw.name, column, f"read from the column «{found}»")
        for column, found in names.items()
        if found != column
    ]
    unknown = [name for name in raw.table.columns if name not in names.values() and name != ROW]
    if unknown and not raw.contract.attributes:
        says = "columns that are not known: " + ", ".join(unknown)
        problems.append(Problem("note", raw.name, None, says, "They are not read.", removes="these columns"))
    return names, problems


def squeeze(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _ambiguous(table: str, column: str, found: Sequence[str]) -> Problem:
    says = "more than one column of this name: " + ", ".join(f"«{name}»" for name in found)
    return Problem("error", table, column, says, f"Keep one, and call it {column}.")


def _missing(raw: Raw, names: Collection[str]) -> list[Problem]:
    absent = [column for column in raw.contract.columns if column.name not in names]
    columns = ", ".join(name for name in raw.table.columns if name != ROW)
    problems = [
        Problem("error", raw.name, c.name, "this column is missing", f"Add it; the table has {columns}.")
        for c in absent
        if not c.optional
    ]
    optional = [column.name for column in absent if column.optional]
    if optional:
        says = "without " + ", ".join(optional)
        problems.append(Problem("note", raw.name, None, says, "What is computed from them stays dark."))
    return problems
