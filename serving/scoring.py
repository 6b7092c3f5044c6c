"""One scoring: what a run of `amity score` left in the store, and a page of its list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping

from configs.settings import Definitions
from serving.filters import Cursor
from serving.rows import Row


@dataclass(frozen=True)
class Scoring:
    """The head of a scoring. `created_at`: UTC without a zone. `customers`: how many it scored.

    `base_risk`: churn probability of the average active customer on the day of training. `source`: without
    a password. `value_at_risk`: of all customers. `knows_contacts`: the source told who was contacted.
    `ever`, `active_then`, `churned_since`: of `serving.census`; null where nobody counted.
    """

    id: int
    as_of: datetime
    model_version: str
    source: str
    created_at: datetime
    base_risk: float
    customers: int
    definitions: Definitions
    value_at_risk: float = 0.0
    knows_contacts: bool = False
    ever: int | None = None
    active_then: int | None = None
    churned_since: int | None = None

    @classmethod
    def of(cls, row: RowMapping) -> Scoring:
        return cls(**dict(row) | {"definitions": Definitions(**row["definitions"])})


@dataclass(frozen=True)
class Page:
    """Rows of one scoring, ranked.

    `matching`, `value_at_risk`: how many rows pass the filter on all pages, and what they are worth together.
    `next`: where the next page goes on; null on the last.
    """

    scoring: Scoring
    rows: list[Row]
    matching: int
    value_at_risk: float
    next: Cursor | None
