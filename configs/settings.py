"""What may be set: a model for each file of configs/, with its defaults and limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from configs.catalogues import DEFAULT, catalogue
from features.catalog import Dimension
from features.indicators.alarms import Limit, Watch
from features.indicators.measure import book
from features.indicators.rules import Rules
from features.tables import Mode


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("yes, no, true or false where a number or text is due; put text in quotes")
        return value


class Definitions(Settings):
    """What the words mean: days, money, and the thresholds of status and weak points.

    `mode`: churn is silence (non_contractual), or the end of all subscriptions (contractual).
    """

    mode: Mode = "non_contractual"
    horizon_days: int = Field(default=90, ge=1, le=3650)
    lookback_days: int = Field(default=365, ge=1, le=3650)
    clv_horizon_days: int = Field(default=365, ge=1, le=3650)
    currency: str = Field(default="EUR", min_length=1, max_length=10)
    slowing_from: float = Field(default=1.0, gt=0)
    lapsed_from: float = Field(default=2.0, gt=0)
    lost_from: float = Field(default=4.0, gt=0)
    named_from_points: float = Field(default=1.0, ge=0, le=100)
    cause_before_rhythm: float = Field(default=0.25, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Definitions:
        if not self.slowing_from < self.lapsed_from < self.lost_from:
            raise ValueError("slowing_from, lapsed_from and lost_from must rise in this order")
        return self


class TrainingSettings(Settings):
    """How a model is trained: snapshots, seed, and the size of the trees."""

    step_days: int = Field(default=7, ge=1, le=365)
    max_snapshots: int = Field(default=52, ge=2, le=500)
    first_history_days: int = Field(default=60, ge=0, le=3650)
    seed: int = Field(default=7, ge=0, le=2**31 - 1)
    trees: int = Field(default=350, ge=1, le=20_000)
    leaves: int = Field(default=7, ge=2, le=1024)
    learning_rate: float = Field(default=0.03, gt=0, le=1)
    min_leaf_share: float = Field(default=0.002, ge=0, le=0.5)


class Judging(Settings):
    """When a new model takes the champion's place, and what a campaign costs that acts on it."""

    promote_by: Literal["log_loss", "brier", "auroc", "average_precision"] = "log_loss"
    log_loss_tolerance: float = Field(default=0.01, ge=0)
    calibration_limit: float = Field(default=0.03, ge=0, le=1)
    large_group: int = Field(default=200, ge=2)
    kept_value: float = Field(default=200.0, gt=0)
    offer_cost: float = Field(default=10.0, ge=0)
    contact_cost: float = Field(default=1.0, ge=0)

    @model_validator(mode="after")
    def _worth_an_offer(self) -> Judging:
        if self.offer_cost >= self.kept_value:
            raise ValueError("offer_cost must be less than kept_value, or no offer ever pays")
        return self


class ServiceSettings(Settings):
    """What a request, a key and an address may take of the service, and who counts as at risk in metrics."""

    requests_per_minute_of_key: int = Field(default=3000, ge=1)
    requests_per_minute_of_address: int = Field(default=6000, ge=1)
    wrong_keys_per_minute: int = Field(default=20, ge=1)
    requests_at_once: int = Field(default=128, ge=1, le=10_000)
    seconds_per_request: int = Field(default=60, ge=1, le=3600)
    largest_body_mb: int = Field(default=32, ge=1, le=1024)
    most_json_values: int = Field(default=2_000_000, ge=1000)
    at_risk_from: float = Field(default=0.5, gt=0, lt=1)


Value = Literal["valuable", "usual", "minor"]
Status = Literal["new", "active", "slowing", "lapsed", "lost"]


class Conditions(Settings):
    """All that is given must hold; of several names one. `weak_point`: the first, or none.

    `evidence`: what speaks for it, by the names of `languages/en.po`; an open complaint always counts.
    """

    weak_point: tuple[Dimension | Literal["none"], ...] = ()
    evidence: tuple[str, ...] = ()
    value: tuple[Value, ...] = ()
    status: tuple[Status, ...] = ()

    @field_validator("*", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("evidence")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = {name for context, name in catalogue(DEFAULT).texts if context == "evidence"}
        for name in names:
            if name not in known:
                nearest = get_close_matches(name, known, n=1)
                hint = f"; is {nearest[0]} meant" if nearest else ""
                raise ValueError(f"{name} is no evidence that Amity knows{hint}")
        return names


def in_language(texts: Mapping[str, str], code: str) -> str:
    """The text in the language, else in the default one, else the first that is given."""
    return texts.get(code) or texts.get(DEFAULT) or next(iter(texts.values()))


class Rule(Settings):
    """What to do, by language, where the conditions hold."""

    when: Conditions = Conditions()
    do: Mapping[str, str] = Field(min_length=1)

    def text(self, code: str) -> str:
        return in_language(self.do, code)


class Playbook(Settings):
    """What to do about a customer: the first rule that fits.

    `valuable_from`, `minor_below`: the CLV over what the typical active customer brings in as many days.
    """

    valuable_from: float = Field(default=2.0, gt=0)
    minor_below: float = Field(default=0.5, gt=0)
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Playbook:
        if self.minor_below > self.valuable_from:
            raise ValueError("minor_below must not be above valuable_from")
        if self.rules[-1].when != Conditions():
            raise ValueError("the last rule of rules must have no condition, so that one always fits")
        return self

    def in_language(self, action: str, code: str) -> str:
        """An action that was told in the default language; as it is where no rule has it any more."""
        return next((rule.text(code) for rule in self.rules if rule.text(DEFAULT) == action), action)


class Offer(Settings):
    """What a customer may get. Money per customer; `most`: to so many customers, null: to any number."""

    name: str = Field(min_length=1, max_length=60)
    channel: str = Field(min_length=1, max_length=60)
    coupon_value: float = Field(ge=0)
    contact_cost: float = Field(ge=0)
    most: int | None = Field(default=None, ge=0)


class Webhook(Settings):
    """Where messages may be delivered, and how patiently.

    `targets`: hosts (with or without a port), addresses and networks. An address that isn't public is only
    delivered to where it is listed itself. `secret_file`: holds what messages are signed with, unless the
    environment does (AMITY_WEBHOOK_SECRET).
    """

    targets: tuple[str, ...] = ()
    secret_file: str | None = None
    senders: int = Field(default=8, ge=1, le=64)
    seconds_per_attempt: float = Field(default=10.0, gt=0, le=300)
    lease_seconds: float = Field(default=60.0, gt=0, le=3600)
    most_attempts: int = Field(default=12, ge=1, le=100)
    first_wait_seconds: float = Field(default=5.0, gt=0)
    longest_wait_seconds: float = Field(default=3600.0, gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> Webhook:
        if self.lease_seconds <= self.seconds_per_attempt:
            raise ValueError("lease_seconds must be more than seconds_per_attempt")
        if self.longest_wait_seconds < self.first_wait_seconds:
            raise ValueError("longest_wait_seconds must not be below first_wait_seconds")
        return self


class Winback(Settings):
    """What may be offered, what it costs, and how cautious a plan is.

    `source`: read by plans made over HTTP and when messages go out; where it is null, the one that was
    scored. `webhook`: not kept with a plan; what holds at the moment of sending counts.
    """

    campaign_days: int = Field(default=30, ge=1, le=365)
    margin_share: float = Field(default=0.4, ge=0, le=1)
    amounts_are: Literal["after_coupons", "before_coupons"] = "after_coupons"
    offers: tuple[Offer, ...] = Field(min_length=1, max_length=50)
    most_per_channel: Mapping[str, int] = {}
    needs_column: Mapping[str, str] = {}
    rest_days: int = Field(default=30, ge=0, le=3650)
    min_gain: float = Field(default=0.0, ge=0)
    control_least: float = Field(default=0.1, ge=0, lt=1)
    control_most: float = Field(default=0.5, gt=0, lt=1)
    power: float = Field(default=0.8, gt=0.05, lt=1)
    save_rate: float = Field(default=0.02, ge=0, le=1)
    save_half_life_days: float = Field(default=60.0, gt=0)
    source: str | None = None
    webhook: Webhook = Webhook()

    @model_validator(mode="after")
    def _sound(self) -> Winback:
        names = [offer.name for offer in self.offers]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two offers are called {twice[0]}; give each a name of its own")
        if self.control_least > self.control_most:
            raise ValueError("control_least must not be above control_most")
        if any(most < 0 for most in self.most_per_channel.values()):
            raise ValueError("most_per_channel must hold no number below 0")
        return self


class IndicatorSettings(Settings):
    """The days and months that the assessment's figures speak of, as `Rules` explains them."""

    trend_months: int = Field(default=Rules.trend_months, ge=24, le=120)
    active_months: int = Field(default=Rules.active_months, ge=1, le=60)
    churn_months: int = Field(default=Rules.churn_months, ge=1, le=60)
    lapsed_after_gaps: float = Field(default=Rules.lapsed_after_gaps, gt=0, le=100)
    answered_within_hours: int = Field(default=Rules.answered_within_hours, ge=1, le=720)
    resolved_within_days: int = Field(default=Rules.resolved_within_days, ge=1, le=31)
    reopened_within_days: int = Field(default=Rules.reopened_within_days, ge=1, le=31)
    returned_within_days: int = Field(default=Rules.returned_within_days, ge=1, le=31)
    redeemed_within_days: int = Field(default=Rules.redeemed_within_days, ge=1, le=31)
    most_values: int = Field(default=Rules.most_values, ge=1, le=100)
    few: int = Field(default=Rules.few, ge=0)
    confidence: float = Field(default=Rules.confidence, gt=0.5, lt=1)
    false_discoveries: float = Field(default=Rules.false_discoveries, gt=0, lt=1)

    def rules(self) -> Rules:
        return Rules(**self.model_dump())


def _require_indicators(names: Iterable[str]) -> None:
    """Raise ValueError at the first that is no indicator of the book."""
    known = {indicator.name for indicator in book()}
    for name in names:
        if name not in known:
            nearest = get_close_matches(name, known, n=1)
            hint = f"; is {nearest[0]} meant" if nearest else ""
            raise ValueError(f"{name} is no indicator that Amity knows{hint}")


class LimitSettings(Settings):
    """A figure that the newest month must not pass, beyond its interval."""

    above: float | None = None
    below: float | None = None


class WarningSettings(Settings):
    """What is watched for early warnings, as `Watch` explains it."""

    watched: tuple[str, ...] = Watch.indicators
    windows: tuple[int, ...] = Field(default=Watch.windows, min_length=1)
    false_alarms: float = Field(default=Watch.false_alarms, gt=0, lt=1)
    fewest_cases: int = Field(default=Watch.fewest_cases, ge=2)
    limits: Mapping[str, LimitSettings] = {}

    @field_validator("windows")
    @classmethod
    def _short(cls, windows: tuple[int, ...]) -> tuple[int, ...]:
        if not all(1 <= window <= 6 for window in windows):
            raise ValueError("windows are of 1 to 6 months: the others tell what is usual")
        return windows

    @model_validator(mode="after")
    def _known(self) -> WarningSettings:
        _require_indicators((*self.watched, *self.limits))
        return self

    def watch(self) -> Watch:
        limits = {name: Limit(limit.above, limit.below) for name, limit in self.limits.items()}
        return Watch(self.watched, self.windows, self.false_alarms, self.fewest_cases, limits)


class Measure(Settings):
    """What the company does about a weak point, by whom and within how many days, in each language.

    `worse`: fits where one of these indicators warns or got worse; always where there are none.
    `measured_by`: the first that is measured tells whether it worked.
    """

    weak_point: Dimension
    worse: tuple[str, ...] = ()
    days: int = Field(ge=1, le=3650)
    measured_by: tuple[str, ...] = Field(min_length=1)
    owner: Mapping[str, str] = Field(min_length=1)
    do: Mapping[str, str] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> Measure:
        _require_indicators((*self.worse, *self.measured_by))
        return self


class Measures(Settings):
    """What the company does about each weak point: the first measure that fits.

    `least_change`: what an indicator must get better by, as a share of it, where chance tells nothing.
    """

    least_change: float = Field(default=0.05, gt=0, lt=1)
    measures: tuple[Measure, ...] = ()


FILES: dict[type[Settings], str] = {
    Definitions: "definitions.yaml",
    TrainingSettings: "training.yaml",
    Judging: "judging.yaml",
    Playbook: "playbook.yaml",
    ServiceSettings: "service.yaml",
    Winback: "winback.yaml",
    IndicatorSettings: "indicators.yaml",
    WarningSettings: "warnings.yaml",
    Measures: "measures.yaml",
}
