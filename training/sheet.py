"""Tables for the terminal that fit into eighty columns."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table


def sheet(head: Sequence[str], left: Sequence[str] = (), title: str | None = None) -> Table:
    """An empty table with a column for each word of the head; `left`: those that hold words, not figures."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in head:
        table.add_column(name, justify="left" if name in left else "right", no_wrap=name in left)
    return table
