"""The at-risk list and one customer's story, as people read them in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from features.catalog import DIMENSIONS
from models import words
from models.weakpoints import NAMED
from serving.scoring import Page, Scoring

Row = Mapping[str, Any]


def at_risk(page: Page) -> Group:
    """The list: who, how much is at stake, why, and what to do."""
    currency = page.scoring.definitions.currency
    usual = words.percent(page.scoring.base_risk)
    entries = (Padding(_entry(row, currency, usual), (0, 0, 1, 0), expand=False) for row in page.rows)
    return Group(*entries, Text(_footer(page)))


def explain(row: Row, scoring: Scoring) -> str:
    """One customer in a few lines: risk, worth, each dimension's points, evidence, action."""
    currency, horizon = scoring.definitions.currency, scoring.definitions.horizon_days
    lines = [
        f"Customer {row['customer_id']}, as of {words.date(scoring.as_of)}, model version {scoring.model_version}",
        "",
        f"Status {row['status']}. {words.percent(row['churn_probability'])} likely not to order in the next "
        f"{horizon} days; the average customer starts at {words.percent(scoring.base_risk)}.",
        f"Worth {words.money(row['clv'], currency)} over the next {scoring.definitions.clv_horizon_days} days"
        f"{_interval(row, currency)}; {words.money(row['value_at_risk'], currency)} of it at risk.",
        _next_order(row),
        "",
        "What moves the risk, in percentage points:",
        *(f"  {name:<13}{row[f'{name}_points']:+6.1f}" for name in _by_weight(row)),
        "",
        *_weak_points(row),
        "",
        f"What to do: {row['action']}",
    ]
    return "\n".join(lines)


def _entry(row: Row, currency: str, usual: str) -> Group:
    head = Text(f"{row['rank']:>4}. ").append(row["customer_id"], style="bold")
    head.append(
        f"  {words.money(row['value_at_risk'], currency)} at risk: {words.percent(row['churn_probability'])} of "
        f"{words.money(row['clv'], currency)}; {row['status']}"
    )
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


def _weak_points(row: Row) -> Sequence[str]:
    told = [
        f"{place}. {row[f'weak_point_{place}']}: {row[f'weak_point_{place}_says']}"
        for place in range(1, NAMED + 1)
        if row[f"weak_point_{place}"] is not None
    ]
    return ["Weak points:", *told] if told else ["No weak point stands out."]


def _by_weight(row: Row) -> list[str]:
    return sorted(DIMENSIONS, key=lambda name: -float(row[f"{name}_points"]))


def _interval(row: Row, currency: str) -> str:
    if row["clv_low"] is None:
        return ""
    low, high = words.money(row["clv_low"], currency), words.money(row["clv_high"], currency)
    return f" (8 in 10 such customers: {low} to {high})"


def _next_order(row: Row) -> str:
    if row["expected_next_order_at"] is None:
        return "No next order is expected."
    return f"If they stay, the next order is expected around {words.date(row['expected_next_order_at'])}."
