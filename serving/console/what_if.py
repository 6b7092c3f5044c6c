"""What the risk would be, were sides of the relationship repaired, wholly or in part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from models.whatif import repaired_in_part, repaired_together
from serving.requests import DayQuery
from serving.rows import Row
from serving.schema import REPAIRED, WEAK_POINTS

RHYTHM = "rhythm"
Percent = Annotated[int | None, Field(ge=0, le=100)]


class CustomerQuery(DayQuery):
    """Of which scoring, and how much of each dimension is repaired, in percent; null: nothing is asked."""

    rhythm: Percent = None
    spend: Percent = None
    product: Percent = None
    service: Percent = None
    satisfaction: Percent = None
    engagement: Percent = None


@dataclass(frozen=True)
class Lever:
    """A dimension that can be repaired. `share`: in percent. `repaired`: the risk, were it alone repaired."""

    dimension: str
    share: int
    repaired: float


@dataclass(frozen=True)
class Outcome:
    """Churn probability and value at risk with the levers as they stand."""

    risk: float
    value_at_risk: float


def levers(row: Row, query: CustomerQuery, least: float) -> list[Lever]:
    """The weak points, and what else takes `least` percentage points off the risk; the strongest first.

    Where nothing is asked they stand at 100, and rhythm at 0: it is the symptom, and follows the causes.
    """
    shares = {name: getattr(query, name) for name in REPAIRED}
    asked = {name: share for name, share in shares.items() if share is not None}
    named = {row[name] for name in WEAK_POINTS}
    found = [
        Lever(name, asked.get(name, 0 if asked or name == RHYTHM else 100), row[column])
        for name, column in REPAIRED.items()
        if row[column] is not None
        and (name in named or 100 * (row["churn_probability"] - row[column]) >= least)
    ]
    return sorted(found, key=lambda lever: (lever.dimension == RHYTHM, lever.repaired))


def outcome(row: Row, chosen: Sequence[Lever]) -> Outcome:
    """With the CLV as it is."""
    now = row["churn_probability"]
    moved = [lever for lever in chosen if lever.share]
    risk = repaired_together(now, [repaired_in_part(now, each.repaired, each.share / 100) for each in moved])
    return Outcome(risk, risk * row["clv"])
