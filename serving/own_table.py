"""What was understood of a table of one's own, as people read it."""

from __future__ import annotations

from rich.table import Table

from features.own_table.table import OwnTable


def columns(table: OwnTable) -> Table:
    """The columns that a model sees, with kind and dimension."""
    sheet = Table(title="Columns", title_justify="left")
    for head in ("column", "holds", "dimension", ""):
        sheet.add_column(head)
    for column in table.columns:
        sheet.add_row(column.name, column.kind, column.dimension, "guessed" if column.guessed else "as given")
    return sheet
