"""What a customer's page says first: since when the risk is high, and how it came about."""

from __future__ import annotations

from collections.abc import Sequence

from features.catalog import DIMENSIONS
from models import words
from serving.rows import Row
from serving.schema import POINTS, WEAK_POINTS

PARTS = ("points", "says", "confidence", "repaired")
STEADY = 0.02
"""A risk that moved by less since it was scored before is called the same."""


def since(history: Sequence[Row], base_risk: float) -> str:
    """A sentence on the risk before. `history`: as `Store.history` gives it, up to the day shown."""
    if len(history) < 2:
        return "This is the first day on which they were scored."
    now, before = history[-1], history[-2]
    moved = now["churn_probability"] - before["churn_probability"]
    how = "the same as" if abs(moved) < STEADY else "up from" if moved > 0 else "down from"
    told = f"That is {how} {words.percent(before['churn_probability'])} on {words.date(before['as_of'])}"
    return f"{told}{_above(history, base_risk)}."


def _above(history: Sequence[Row], base_risk: float) -> str:
    """Since when it has been above the usual without a break."""
    first = None
    for past in reversed(history):
        if past["churn_probability"] <= base_risk:
            break
        first = past
    if first is None:
        return ""
    if first is history[-1]:
        return ", and now above the usual"
    if first is history[0]:
        return ", and has been above the usual ever since the first scoring"
    return f", and has been above the usual since {words.date(first['as_of'])}"


def weak_points(row: Row) -> list[Row]:
    """The weak points that are named, each with dimension, points, says, confidence and repaired."""
    return [
        {"dimension": row[name]} | {part: row[f"{name}_{part}"] for part in PARTS}
        for name in WEAK_POINTS
        if row[name] is not None
    ]


def sides(row: Row) -> list[tuple[str, float]]:
    """Every dimension with its signed percentage points, what raises the risk first."""
    return sorted(((name, row[POINTS[name]]) for name in DIMENSIONS), key=lambda side: -side[1])
