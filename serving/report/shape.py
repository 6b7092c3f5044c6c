"""The shape of the assessment as JSON: docs/assessment.schema.json is made of it.

Days are ISO texts, money is in `currency`, null stands for what isn't known.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IndicatorPart(_Part):
    """A definition. `rows`: the command that lists the rows behind the figure."""

    name: str
    group: str
    title: str
    definition: str
    formula: str
    kind: str
    unit: str
    better: Literal["high", "low"] | None
    tables: list[str]
    breakdowns: list[str]
    collect: str
    rows: str


class PeriodPart(_Part):
    """A figure of the last twelve months, or of their end: of the company (`all`) or of one value."""

    indicator: str
    breakdown: str
    value: str
    figure: float | None
    low: float | None
    high: float | None
    error: float | None
    cases: float | None
    few: bool
    months: int
    before: float | None
    change: float | None
    change_low: float | None
    change_high: float | None
    p: float | None
    significant: bool
    last_month: float | None
    year_before: float | None
    last_p: float | None


class MonthPart(_Part):
    """A figure of one month."""

    indicator: str
    breakdown: str
    value: str
    month: str
    figure: float | None
    low: float | None
    high: float | None
    error: float | None
    cases: float | None


class CausePart(_Part):
    """Where most of an excess comes from, and which share of it."""

    breakdown: str
    value: str
    share: float


class AlarmPart(_Part):
    """An early warning. `expected`, `p`: null where a limit was passed; `says`: the same in words."""

    indicator: str
    title: str
    breakdown: str
    value: str
    since: str
    figure: float
    expected: float | None
    p: float | None
    limit: float | None
    cause: CausePart | None
    money: float | None = Field(description="What it has cost since then; null where that isn't known.")
    money_low: float | None
    money_high: float | None
    says: str


class SalesPart(_Part):
    revenue: float
    orders: int
    buyers: int


class BranchPart(_Part):
    """Why revenue changed: `parts` add up to `change`; empty where it can't be told."""

    span: str
    against: str
    now: SalesPart
    before: SalesPart
    parts: dict[str, float]
    change: float
    says: str


class SegmentPart(_Part):
    """Scored customers: the churn probability is their mean, the rest are sums."""

    kind: Literal["group", "status"]
    name: str
    customers: int
    clv: float
    value_at_risk: float
    churn_probability: float


class WeakPointPart(_Part):
    """Where value at risk comes from. `customer_ids`: where they are few; null in what is kept."""

    weak_point: str
    breakdown: str
    value: str
    customers: int
    money: float
    clv: float
    share: float
    customer_ids: list[str] | None


class RankedPart(_Part):
    """A weak point of the company: one that warns (`since`, what it has cost) or that the scores tell."""

    weak_point: str
    breakdown: str
    value: str
    since: str | None
    money: float | None
    low: float | None
    high: float | None
    customers: int | None
    says: str


class GoalPart(_Part):
    """`of`: whether `now` is of the newest months or the year. `reason`: back, chance or least."""

    indicator: str
    breakdown: str
    value: str
    now: float
    target: float
    reason: Literal["back", "chance", "least"]
    of: Literal["month", "year"]
    says: str


class ActionPart(_Part):
    """A measure. `saved` and its interval: of an early warning (`since`) what it has cost since then; else an
    estimate by the model, had the repair worked for all."""

    weak_point: str
    breakdown: str
    value: str
    since: str | None
    customers: int | None
    at_risk: float | None
    saved: float | None
    saved_low: float | None
    saved_high: float | None
    begin: CausePart | None
    do: dict[str, str]
    owner: dict[str, str]
    due: str
    goal: GoalPart | None
    says: str


class OutcomePart(_Part):
    """What became of a measure of the last plan."""

    weak_point: str
    do: dict[str, str]
    owner: dict[str, str]
    due: str
    indicator: str | None
    breakdown: str
    value: str
    then: float | None
    target: float | None
    now: float | None
    verdict: Literal["reached", "closer", "not_closer", "unknown"]
    at_risk: float | None
    at_risk_now: float | None
    says: str


class MissingPart(_Part):
    name: str
    title: str
    collect: str


class Document(_Part):
    """An assessment. What needs orders is null without them, what needs scores is null without these."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="The relationship assessment of Amity")

    as_of: str
    source: str
    language: str
    currency: str
    rules: dict[str, float]
    indicators: list[IndicatorPart]
    period: list[PeriodPart]
    months: list[MonthPart]
    alarms: list[AlarmPart]
    watched: int = Field(description="How many figures were looked at for early warnings.")
    watched_indicators: list[str]
    revenue: list[BranchPart] | None
    gains: dict[str, list[dict[str, Any]]] | None
    groups: list[dict[str, Any]] | None
    moves: list[dict[str, Any]] | None
    concentration: list[dict[str, Any]] | None
    scored_as_of: str | None
    ranked: list[RankedPart] = Field(description="The weak points of the company, the first first.")
    weak_points: list[WeakPointPart] | None
    sheets: dict[str, list[dict[str, Any]]] = Field(
        description="The other tables, by name; none of customers."
    )
    segments: list[SegmentPart] | None
    plan: list[ActionPart]
    plan_before: str | None = Field(description="The day of the assessment whose plan `followed` follows.")
    followed: list[OutcomePart]
    not_measured: list[MissingPart]


def schema() -> dict[str, Any]:
    """By JSON Schema 2020-12."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Document.model_json_schema()}


if __name__ == "__main__":
    import json

    print(json.dumps(schema(), indent=1))  # noqa: T201
