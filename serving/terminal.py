"""The at-risk list and one customer's story, as people read them in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from features.catalog import DIMENSIONS
from models.language import Language
from models.weakpoints import NAMED
from serving.rows import Row
from serving.scoring import Page, Scoring
from serving.summary import asides, spoken, summary

WIDTH = 13
"""Of a dimension's name and the gap after it."""


def at_risk(page: Page, language: Language | None = None) -> Group:
    """The list: who, how much is at stake, why, and what to do; in English where no language is given."""
    speak = language or spoken(page.scoring)
    usual = page.scoring.base_risk
    entries = (Padding(_entry(row, usual, speak), (0, 0, 1, 0), expand=False) for row in page.rows)
    return Group(*entries, Text(_footer(page, speak)))


def explain(row: Row, scoring: Scoring, history: Sequence[Row], language: Language | None = None) -> str:
    """One customer's story, and what each dimension adds to the risk. `history`: as `Store.history` gives."""
    speak = language or spoken(scoring)
    moves = sorted(DIMENSIONS, key=lambda name: -float(row[f"{name}_points"]))
    told = (
        f"  {_padded(speak.text('dimension', name))}{speak.points(row[f'{name}_points']):>6}"
        for name in moves
    )
    return "\n".join((summary(row, scoring, history, speak), "", speak.text("story", "moves"), *told))


def _padded(name: str) -> str:
    return name + " " * max(1, WIDTH - cell_len(name))


def _entry(row: Row, usual: float, speak: Language) -> Group:
    head = Text(f"{row['rank']:>4}. ").append(row["customer_id"], style="bold")
    told = speak.text(
        "list",
        "head",
        at_risk=row["value_at_risk"],
        risk=row["churn_probability"],
        clv=row["clv"],
        status=row["status"],
    )
    head.append(f"  {told}")
    return Group(head, *(Padding(line, (0, 0, 0, 6), expand=False) for line in _why(row, usual, speak)))


def _why(row: Row, usual: float, speak: Language) -> Iterator[Text]:
    yield from map(Text, asides(row, speak))
    if row["weak_point_1"] is None:
        yield Text(speak.text("list", "nothing", usual=usual))
    for place in range(1, NAMED + 1):
        name, size = row[f"weak_point_{place}"], row[f"weak_point_{place}_points"]
        if name is not None:
            sure = row[f"weak_point_{place}_confidence"]
            doubt = "" if sure in (None, "sure") else f" {speak.text('confidence', sure)}"
            head = f"{speak.text('dimension', name)} +{size:.0f}{doubt}  "
            yield Text(head, style="yellow").append(row[f"weak_point_{place}_says"], "default")
    yield Text(f"→ {row['action']}", style="italic")


def _footer(page: Page, speak: Language) -> str:
    return speak.text(
        "list",
        "foot",
        shown=len(page.rows),
        matching=page.matching,
        day=f"{page.scoring.as_of:%Y-%m-%d}",
        version=page.scoring.model_version,
        at_risk=page.value_at_risk,
    )
