"""What a request may ask, and how much of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from features.errors import RequestError
from serving.filters import LARGEST_ID, Cursor, Filter

MOST_IDS = 1_000
JSON_ROWS = 50
MOST_JSON_ROWS = 1_000
MOST_STREAMED_ROWS = 1_000_000
MOST_CUSTOMERS = 100
MOST_EVENTS = 50_000
MOST_CHANGES = 50
FIRST_YEAR, LAST_YEAR = 1900, 2199

CustomerId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Asked(BaseModel):
    """What is unknown is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ScoreRequest(Asked):
    """Whose stored scores are wanted."""

    customer_ids: list[CustomerId] = Field(min_length=1, max_length=MOST_IDS)


def _day(value: Any) -> datetime:
    """A day or a time as ISO 8601 text, in UTC without a zone."""
    if not isinstance(value, str):
        raise ValueError("write the day as text, such as 2025-06-30")
    try:
        time = datetime.fromisoformat(value)
        plain = time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError):
        raise ValueError("that is no day; write it as 2025-06-30") from None
    if not FIRST_YEAR <= plain.year <= LAST_YEAR:
        raise ValueError(f"give a day of the years {FIRST_YEAR} to {LAST_YEAR}")
    return plain


Day = Annotated[datetime, BeforeValidator(_day)]


class EventsRequest(Asked):
    """Raw events to score, in the tables and columns of a source."""

    as_of: Day = Field(description="The day to look from; facts at or after it count for nothing.")
    tables: dict[str, list[dict[str, Any]]] = Field(
        description="The orders of the customers to score, and every other table that `GET /model` lists; "
        "an empty list says that nothing happened.",
    )

    @property
    def events(self) -> int:
        """The rows of all tables."""
        return sum(len(rows) for rows in self.tables.values())

    def require_sound(self) -> None:
        """Raises RequestError where there is more than a request may carry."""
        if self.events > MOST_EVENTS:
            raise RequestError(
                f"The tables hold {self.events:,} rows; one request may carry {MOST_EVENTS:,}."
            )
        if len(self.customer_ids()) > MOST_CUSTOMERS:
            raise RequestError(
                f"The tables name {len(self.customer_ids()):,} customers; one request may carry "
                f"{MOST_CUSTOMERS:,}. Use `amity score` for more."
            )

    def customer_ids(self) -> set[str]:
        """All customers that the tables name, as a source reads their ids."""
        ids = (row.get("customer_id") for rows in self.tables.values() for row in rows)
        return {str(customer_id).strip() for customer_id in ids if customer_id is not None}


class Parameters(Asked):
    """Parameters; one left empty counts as left out."""

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if value != ""}


class DayQuery(Parameters):
    """Which scoring is asked; the one made last where both are left out."""

    as_of: Day | None = Field(default=None, description="The scoring made last of that day.")
    scoring: int | None = Field(
        default=None, ge=1, le=LARGEST_ID, description="A scoring of `GET /scorings`."
    )


Repairable = Literal["rhythm", "spend", "product", "service", "satisfaction", "engagement"]


class WhatIfRequest(DayQuery):
    """One customer, and what would be otherwise: weak points back to normal, features of another value."""

    customer_id: CustomerId
    repaired: list[Repairable] = Field(default=[], description="Dimensions that are back to normal.")
    features: dict[str, float] = Field(
        default={},
        max_length=MOST_CHANGES,
        description="Feature → its value, within what training has seen; `GET /what-if/{customer_id}` lists "
        "them. They are computed from the source that was scored, which has to be there.",
    )


class AtRiskQuery(DayQuery):
    """The at-risk list's parameters; one left empty counts as left out."""

    top: int | None = Field(
        default=None,
        ge=1,
        description=f"How many rows. JSON: at most {MOST_JSON_ROWS:,}, {JSON_ROWS} where left out; "
        f"CSV and JSON lines: at most {MOST_STREAMED_ROWS:,}, all where left out.",
    )
    segment: str | None = Field(default=None, max_length=200)
    country: str | None = Field(default=None, max_length=200)
    status: str | None = None
    weak_point: str | None = Field(default=None, description="A dimension, named first, second or third.")
    min_clv: float | None = Field(default=None, ge=0)
    min_churn_probability: float | None = Field(default=None, ge=0, le=1)
    not_contacted_since: Day | None = Field(
        default=None, description="Only whose last contact lies before that day, or who had none."
    )
    cursor: str | None = Field(default=None, description="`next_cursor` of the page before.")
    format: Literal["json", "csv", "jsonl"] = "json"

    def filter(self) -> Filter:
        return Filter(
            segment=self.segment,
            country=self.country,
            status=self.status,
            weak_point=self.weak_point,
            min_clv=self.min_clv,
            min_churn_probability=self.min_churn_probability,
            not_contacted_since=self.not_contacted_since,
        )

    def after(self) -> Cursor | None:
        return None if self.cursor is None else Cursor.parse(self.cursor)

    def require_top(self) -> int | None:
        """How many rows, null for all; raises RequestError where it is more than the format gives at once."""
        streamed = self.format != "json"
        if self.top is None:
            return None if streamed else JSON_ROWS
        most = MOST_STREAMED_ROWS if streamed else MOST_JSON_ROWS
        if self.top > most:
            rest = "leave top out for all" if streamed else "go on with next_cursor"
            raise RequestError(
                f"top is {self.top}; ask for at most {most:,} rows as {self.format}, or {rest}."
            )
        return self.top
