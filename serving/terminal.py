"""The at-risk list and one customer's story, as people read them in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from features.catalog import DIMENSIONS
from models import words
from models.weakpoints import NAMED
from serving.rows import Row
from serving.scoring import Page, Scoring
from serving.summary import summary


def at_risk(page: Page) -> Group:
    """The list: who, how much is at stake, why, and what to do."""
    currency = page.scoring.definitions.currency
    usual = words.percent(page.scoring.base_risk)
    entries = (Padding(_entry(row, currency, usual), (0, 0, 1, 0), expand=False) for row in page.rows)
    return Group(*entries, Text(_footer(page)))


def explain(row: Row, scoring: Scoring, history: Sequence[Row]) -> str:
    """One customer's story, and what each dimension adds to the risk. `history`: as `Store.history` gives."""
    moves = sorted(DIMENSIONS, key=lambda name: -float(row[f"{name}_points"]))
    told = (f"  {name:<13}{row[f'{name}_points']:+6.1f}" for name in moves)
    return "\n".join(
        (summary(row, scoring, history), "", "What moves the risk, in percentage points:", *told)
    )


def _entry(row: Row, currency: str, usual: str) -> Group:
    worth, at_risk = words.money(row["clv"], currency), words.money(row["value_at_risk"], currency)
    chance = words.percent(row["churn_probability"])
    head = Text(f"{row['rank']:>4}. ").append(row["customer_id"], style="bold")
    head.append(f"  {at_risk} at risk: {chance} of {worth}; {row['status']}")
    return Group(head, *(Padding(line, (0, 0, 0, 6), expand=False) for line in _why(row, usual)))


def _why(row: Row, usual: str) -> Iterator[Text]:
    if row["weak_point_1"] is None:
        yield Text(f"Nothing stands out that lifts their risk above the usual {usual}.")
    for place in range(1, NAMED + 1):
        name, size = row[f"weak_point_{place}"], row[f"weak_point_{place}_points"]
        if name is not None:
            yield Text(f"{name} +{size:.0f}  ", style="yellow").append(
                row[f"weak_point_{place}_says"], "default"
            )
    yield Text(f"→ {row['action']}", style="italic")


def _footer(page: Page) -> str:
    scoring = page.scoring
    shown = f"{len(page.rows):,} of {page.matching:,} customers"
    at_stake = words.money(page.value_at_risk, scoring.definitions.currency)
    return (
        f"{shown}, as of {words.date(scoring.as_of)}, model version {scoring.model_version}; "
        f"{at_stake} at risk in all. Points: percentage points of churn probability."
    )
