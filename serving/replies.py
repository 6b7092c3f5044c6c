"""What the service answers. Times are UTC; money is in `currency`; null is said where it has a meaning."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from configs.settings import Definitions
from features.catalog import DIMENSIONS
from serving.rows import Row
from serving.schema import POINTS, REPAIRED, WEAK_POINTS
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
    probability, signed; base_risk plus those of all dimensions / 100 is churn_probability. Repaired: the
    churn probability, were that dimension alone back to normal; null where it isn't known.
    """

    weak_point_1: str | None
    weak_point_1_points: float | None
    weak_point_1_says: str | None
    weak_point_1_confidence: str | None
    weak_point_1_repaired: float | None
    weak_point_2: str | None
    weak_point_2_points: float | None
    weak_point_2_says: str | None
    weak_point_2_confidence: str | None
    weak_point_2_repaired: float | None
    weak_point_3: str | None
    weak_point_3_points: float | None
    weak_point_3_says: str | None
    weak_point_3_confidence: str | None
    weak_point_3_repaired: float | None
    smallest_repair: str | None = Field(
        description="The one or two dimensions whose repair takes the risk down to the usual; rhythm only "
        "where causes are not enough, none where nothing is; null for who is not above the usual."
    )
    action: str | None
    rhythm_points: float
    spend_points: float
    product_points: float
    service_points: float
    satisfaction_points: float
    engagement_points: float
    profile_points: float
    rhythm_repaired: float | None
    spend_repaired: float | None
    product_repaired: float | None
    service_repaired: float | None
    satisfaction_repaired: float | None
    engagement_repaired: float | None
    days_since_order: float | None
    usual_gap: float | None = Field(description="Days between two orders of this customer.")
    overdue: float | None = Field(
        description="days_since_order over the usual gap plus its usual variation; the status comes from it."
    )


class Listed(Customer):
    """A row of a stored list."""

    last_contact_at: Utc | None = Field(
        description="null where there was none, or the source has no contacts"
    )


class ScoreReply(_Reply):
    """`unknown_ids`: asked for, but not in the list."""

    as_of: Utc
    model_version: str
    currency: str
    base_risk: float
    customers: list[Listed]
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

    scoring: int
    as_of: Utc
    model_version: str
    currency: str
    matching: int
    value_at_risk: float
    customers: list[Listed]
    next_cursor: str | None


class ScoringHead(_Reply):
    """One run of `amity score`."""

    scoring: int
    as_of: Utc
    scored_at: Utc
    model_version: str
    customers: int
    value_at_risk: float
    currency: str

    @classmethod
    def of(cls, scoring: Scoring) -> ScoringHead:
        return cls(
            scoring=scoring.id,
            as_of=scoring.as_of,
            scored_at=scoring.created_at,
            model_version=scoring.model_version,
            customers=scoring.customers,
            value_at_risk=scoring.value_at_risk,
            currency=scoring.definitions.currency,
        )


class ScoringsReply(_Reply):
    """The newest first."""

    scorings: list[ScoringHead]


class WeakPoint(_Reply):
    """`confidence`: sure, likely or unsure. `repaired`: churn probability, were this alone back to normal."""

    dimension: str
    points: float
    says: str
    confidence: str | None
    repaired: float | None


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
    repaired: dict[str, float | None] = Field(
        description="Dimension → churn probability, were it alone back to normal; null where it isn't known."
    )
    smallest_repair: str | None
    action: str | None
    last_contact_at: Utc | None = Field(
        description="null where there was none, or the source has no contacts"
    )
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
                WeakPoint(
                    dimension=row[name],
                    **{of: row[f"{name}_{of}"] for of in ("points", "says", "confidence", "repaired")},
                )
                for name in WEAK_POINTS
                if row[name] is not None
            ],
            repaired={name: row[column] for name, column in REPAIRED.items()},
            smallest_repair=row["smallest_repair"],
            action=row["action"],
            last_contact_at=row["last_contact_at"],
            history=[Past(**past) for past in history],
        )


class Outlook(_Reply):
    """A customer's risk and worth, as they are or as they would be."""

    churn_probability: float
    clv: float
    value_at_risk: float


class WhatIfReply(_Reply):
    """`now` and `then` by the same model. Repairs leave the CLV as it is; changed features may move it."""

    customer_id: str
    as_of: Utc
    model_version: str
    currency: str
    now: Outlook
    then: Outlook


class Changeable(_Reply):
    """A feature, its value now (null where it is missing), and the range that training has seen."""

    name: str
    words: str
    dimension: str
    unit: str
    value: float | None
    low: float
    high: float


class WhatIfFeatures(_Reply):
    """The features that may be changed, those that move this customer's risk most first."""

    customer_id: str
    as_of: Utc
    model_version: str
    features: list[Changeable]


class Example(_Reply):
    """A customer, and why they count as what they do."""

    customer_id: str
    because: str


class Group(_Reply):
    """A word, what it means here, how many it holds, and some of them. Null: nobody counted."""

    name: str
    means: str
    customers: int | None
    share: float | None = Field(description="Of `of`; null where that isn't known.")
    of: str = Field(description="What the share is a share of.")
    value_at_risk: float | None
    examples: list[Example]


class DefinitionsReply(_Reply):
    """Who counts as what in a scoring, and by which definitions."""

    scoring: int
    as_of: Utc
    model_version: str
    currency: str
    definitions: Definitions
    groups: list[Group]


class Health(_Reply):
    """`model_version`: of the bundle that scores events; the rest: of the stored scores, null without any."""

    model_version: str
    model_trouble: str | None = Field(
        default=None, description="Why a newer champion may be missing; null where the registry answers."
    )
    store_reachable: bool
    scores_model_version: str | None = None
    as_of: Utc | None = None
    scored_at: Utc | None = None
    scores_age_hours: float | None = None
    customers: int = 0


class Cause(_Reply):
    """The value of a breakdown from which most of an excess comes, and which share of it."""

    breakdown: str
    value: str
    share: float


class EarlyWarning(_Reply):
    """A figure of the company (`all`) or of a breakdown's value that left its usual course."""

    indicator: str
    title: str
    breakdown: str
    value: str
    since: date = Field(description="The first day of the month since which it is so.")
    figure: float
    expected: float | None = Field(description="null where a limit of the company's own was passed")
    p: float | None = Field(description="Of as much by chance; null at a limit.")
    limit: float | None
    cause: Cause | None = Field(description="null where no value stands out")
    money: float | None = Field(description="What it has cost since then; null where that isn't known.")
    money_low: float | None
    money_high: float | None
    says: str = Field(description="The same in words, in the language of the assessment.")


class AlarmsReply(_Reply):
    """The early warnings of the assessment that was kept last; `as_of` is null while none is kept."""

    as_of: date | None
    currency: str | None
    watched: list[str] = Field(description="The indicators that were watched.")
    alarms: list[EarlyWarning]


class Calibration(_Reply):
    """Parts of equal size, by rising prediction: the mean prediction, and the share that churned."""

    predicted: list[float]
    churned: list[float]


class Judged(_Reply):
    """How the recipe did, trained as of an earlier day, on the last horizon that was over.

    `churn`: of the model; `baselines`: of simple models on the same customers. Null and empty: a bundle of an
    older Amity doesn't tell. `on_customers_held_out`: history was too short to train on earlier days.
    """

    as_of: Utc
    on_customers_held_out: bool | None
    customers: int | None
    churned: int | None
    churn: dict[str, float]
    baselines: dict[str, dict[str, float]]
    calibration: Calibration | None


class Model(_Reply):
    """What the model that scores events is, what it needs of them, and how it was judged."""

    model_version: str
    as_of: Utc = Field(description="The day of training; it knows nothing later.")
    definitions: Definitions
    tables: dict[str, list[str]] = Field(
        description="Table → columns that `POST /score-events` needs; "
        "a table but `orders` may be an empty list, which says that nothing happened."
    )
    code: str = Field(description="The revision of the code that trained it.")
    data: str = Field(description="The fingerprint of the tables it was trained on.")
    settings: dict[str, Any]
    judged: Judged | None = Field(description="null where it was not judged")


class Refusal(_Reply):
    """Why a request was refused, and what to do, in one sentence."""

    error: str
