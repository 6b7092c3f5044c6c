"""Keys that repeat: copies of a row, and rows that contradict each other."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from features.check.problems import Problem, grave
from features.tables import Table

REMOVES = "all but one row of each key"


def duplicates(contract: Table, table: ir.Table, total: int) -> tuple[ir.Table, list[Problem]]:
    """The clean table (`total` rows) with one row a key, and what was found; itself where no key repeats.

    The earliest row stays, ties broken by the other columns; the order of the rows doesn't matter.
    """
    if contract.key is None or total < 2:
        return table, []
    repeated = table.group_by(contract.key).aggregate(copies=table.count())
    repeated = repeated.filter(repeated.copies > 1)
    keys, rows = _pair(repeated.aggregate(a=repeated.count(), b=repeated.copies.sum()))
    if not keys:
        return table, []
    surplus = table.semi_join(repeated, contract.key)
    versions = surplus.distinct()
    different = versions.count().to_pyarrow().as_py()
    problems = []
    if rows > different:
        copied = surplus.group_by(surplus.columns).aggregate(copies=surplus.count())
        says = "exact copies of another row"
        problems.append(_problem(contract, says, "Deliver each row once.", rows - different, total, copied))
    if different > keys:
        against = versions.group_by(contract.key).aggregate(copies=versions.count())
        says, remedy = "rows that share their key and differ", "Decide which row of a key holds."
        problems.append(grave(_problem(contract, says, remedy, different - keys, total, against)))
    return _first_of_each(contract, table), problems


def _pair(table: ir.Table) -> tuple[int, int]:
    row = table.to_pyarrow().to_pylist()[0]
    return row["a"], row["b"] or 0


def _problem(contract: Table, says: str, remedy: str, rows: int, total: int, groups: ir.Table) -> Problem:
    key = str(contract.key)
    worst = groups.filter(groups.copies > 1).select(key, "copies").order_by([key, "copies"]).limit(1)
    row = worst.to_pyarrow().to_pylist()[0]
    example = f"{key}={row[key]}, {row['copies']} times"
    return Problem("bad rows", contract.name, key, says, remedy, rows, total, example, REMOVES)


def _first_of_each(contract: Table, table: ir.Table) -> ir.Table:
    vital = [column.name for column in contract.columns if column.spoils == "source"]
    first = [name for name in (*vital, contract.time) if name in table.columns]
    order = [*first, *(name for name in table.columns if name not in first)]
    window = ibis.window(group_by=contract.key, order_by=[table[n].asc(nulls_first=False) for n in order])
    numbered = table.mutate(amity_row=ibis.row_number().over(window))
    return numbered.filter(numbered.amity_row == 0).drop("amity_row")
