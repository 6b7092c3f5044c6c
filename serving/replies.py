"""What the service answers. Times are UTC; money is in `currency`; null is said where it has a meaning."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from configs.settings import Definitions
from features.catalog import DIMENSIONS
from serving.rows import Row
from serving.schema import POINTS, WEAK_POINTS
from serving.scoring import Scoring

Utc = Annotated[datetime, AfterValidator(lambda time: time.replace(tzinfo=UTC))]


class _Reply(BaseModel):
    model_config = ConfigDict(protected_namespaces=())


class Scores(_Reply):
    """One customer's scores, as of a day."""

    customer_id: str
    as_of: Utc
    model_version: str
    rank: int = Field(description="By value at risk, from 1, among all who were scored together.")
    segment: str | None
    country: str | None
    status: str
    churn_probability: float
    clv: float
    clv_low: float | None
    clv_high: float | None
    value_at_risk: float
    expected_next_order_at: Utc | None = Field(description="null where no next order is expected")


class Customer(Scores):
    """A row of the list: the scores, up to three weak points in words, and the points of every dimension.

    A weak point is null where nothing more pushes the risk up. Points are percentage points of churn
    probability, signed; base_risk plus those of all dimensions / 100 is churn_probability.
    """

    weak_point_1: str | None
    weak_point_1_points: float | None
    weak_point_1_says: str | None
    weak_point_2: str | None
    weak_point_2_points: float | None
    weak_point_2_says: str | None
    weak_point_3: str | None
    weak_point_3_points: float | None
    weak_point_3_says: str | None
    action: str | None
    rhythm_points: float
    spend_points: float
    product_points: float
    service_points: float
    satisfaction_points: float
    engagement_points: float
    profile_points: float


class ScoreReply(_Reply):
    """`unknown_ids`: asked for, but not in the list."""

    as_of: Utc
    model_version: str
    currency: str
    base_risk: float
    customers: list[Customer]
    unknown_ids: list[str]


class EventsReply(_Reply):
    """`inactive_ids`: named in the tables, but without an order in the lookback before `as_of`."""

    as_of: Utc
    model_version: str
    currency: str
    base_risk: float
    customers: list[Customer]
    inactive_ids: list[str]


class AtRiskReply(_Reply):
    """One page; `matching` and `value_at_risk` are of all pages, `next_cursor` is null on the last."""

    as_of: Utc
    model_version: str
    currency: str
    matching: int
    value_at_risk: float
    customers: list[Customer]
    next_cursor: str | None


class WeakPoint(_Reply):
    dimension: str
    points: float
    says: str


class Past(_Reply):
    """The customer at the last scoring of one day."""

    as_of: Utc
    model_version: str
    status: str
    churn_probability: float
    clv: float
    value_at_risk: float
    rank: int


class Explanation(_Reply):
    """Why a customer is at risk. `base_risk` plus all `points` / 100 is `scores.churn_probability`."""

    customer_id: str
    summary: str
    currency: str
    scores: Scores
    base_risk: float
    points: dict[str, float] = Field(description="Dimension → signed percentage points of churn probability.")
    weak_points: list[WeakPoint]
    action: str | None
    history: list[Past] = Field(description="Oldest first; the last scoring of each day.")

    @classmethod
    def of(cls, row: Row, scoring: Scoring, history: list[Row], summary: str) -> Explanation:
        return cls(
            customer_id=row["customer_id"],
            summary=summary,
            currency=scoring.definitions.currency,
            scores=Scores(**{name: row[name] for name in Scores.model_fields}),
            base_risk=scoring.base_risk,
            points={name: row[POINTS[name]] for name in DIMENSIONS},
            weak_points=[
                WeakPoint(dimension=row[name], points=row[f"{name}_points"], says=row[f"{name}_says"])
                for name in WEAK_POINTS
                if row[name] is not None
            ],
            action=row["action"],
            history=[Past(**past) for past in history],
        )


class Health(_Reply):
    """`model_version`: of the bundle that scores events; the rest: of the stored scores, null without any."""

    model_version: str
    store_reachable: bool
    scores_model_version: str | None = None
    as_of: Utc | None = None
    scored_at: Utc | None = None
    scores_age_hours: float | None = None
    customers: int = 0


class Model(_Reply):
    """What the model that scores events is, and what it needs of them."""

    model_version: str
    as_of: Utc = Field(description="The day of training; it knows nothing later.")
    definitions: Definitions
    tables: dict[str, list[str]] = Field(
        description="Table → columns that `POST /score-events` needs; "
        "a table but `orders` may be an empty list, which says that nothing happened."
    )


class Refusal(_Reply):
    """Why a request was refused, and what to do, in one sentence."""

    error: str
