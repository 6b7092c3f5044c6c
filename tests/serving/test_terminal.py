"""The list and the story, as printed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.console import Console

from configs.settings import Definitions
from features.catalog import DIMENSIONS
from serving import terminal
from serving.rows import COLUMNS
from serving.scoring import Page, Scoring

DAY = datetime(2025, 6, 1)  # noqa: DTZ001
SCORING = Scoring(
    id=1,
    as_of=DAY,
    model_version="7",
    source="shop",
    created_at=DAY,
    base_risk=0.21,
    customers=2,
    definitions=Definitions(),
)


def row(**values: Any) -> dict[str, Any]:
    told = {"as_of": DAY, "status": "slowing", "churn_probability": 0.5, "clv": 300.0, "value_at_risk": 150.0}
    points = {f"{name}_points": 1.5 for name in DIMENSIONS}
    return dict.fromkeys(COLUMNS) | told | points | {"rank": 1, "action": "Call."} | values


def printed(thing: Any) -> str:
    console = Console(width=100, record=True, file=None)
    with console.capture() as capture:
        console.print(thing)
    return " ".join(capture.get().split())


def test_the_list_says_who_how_much_why_and_what_to_do() -> None:
    told = {"weak_point_1": "service", "weak_point_1_points": 12.4, "weak_point_1_says": "2 complaints."}
    rows = [row(customer_id="[b]A", **told), row(customer_id="B", rank=2)]
    page = Page(SCORING, rows, matching=2, value_at_risk=300.0, next=None)
    text = printed(terminal.at_risk(page))
    assert "1. [b]A EUR 150 at risk: 50 % of EUR 300; slowing service +12 2 complaints. → Call." in text
    assert "Nothing stands out that lifts their risk above the usual 21 %." in text
    assert "2 of 2 customers, as of 1 June 2025, model version 7; EUR 300 at risk in all." in text


def test_the_story_ends_with_every_dimension_heaviest_first() -> None:
    text = terminal.explain(row(customer_id="A", service_points=12.0, rhythm_points=-3.0), SCORING, [])
    lines = text.split("What moves the risk, in percentage points:\n")[1].splitlines()
    assert lines[0].split()[0] == "service"
    assert lines[-1].split()[0] == "rhythm"
    assert lines[0].split()[1] == "+12.0"
    assert len(lines) == len(DIMENSIONS)
