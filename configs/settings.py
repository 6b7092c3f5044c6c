"""The settings: a flag beats the environment, which beats configs/, which beats the defaults."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from features.errors import ConfigError
from features.tables import Mode

FOLDER = Path(__file__).parent
Origin = Literal["flag", "environment", "file", "default"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("yes, no, true or false where a number or text is due; put text in quotes")
        return value


class Definitions(_Settings):
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
    named_from_points: float = Field(default=1.5, ge=0, le=100)
    cause_before_rhythm: float = Field(default=0.25, ge=0)

    @model_validator(mode="after")
    def _in_order(self) -> Definitions:
        if not self.slowing_from < self.lapsed_from < self.lost_from:
            raise ValueError("slowing_from, lapsed_from and lost_from must rise in this order")
        return self


class TrainingSettings(_Settings):
    """How a model is trained: snapshots, seed, and the size of the trees."""

    step_days: int = Field(default=7, ge=1, le=365)
    max_snapshots: int = Field(default=52, ge=2, le=500)
    first_history_days: int = Field(default=60, ge=0, le=3650)
    seed: int = Field(default=7, ge=0, le=2**31 - 1)
    trees: int = Field(default=250, ge=1, le=20_000)
    leaves: int = Field(default=7, ge=2, le=1024)
    learning_rate: float = Field(default=0.03, gt=0, le=1)
    min_leaf_share: float = Field(default=0.002, ge=0, le=0.5)


class Judging(_Settings):
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


class Playbook(_Settings):
    """The action for the dimension that is named first, for none, and for an open complaint before all."""

    rhythm: str
    spend: str
    product: str
    service: str
    satisfaction: str
    engagement: str
    none: str
    open_complaint: str


FILES: dict[type[_Settings], str] = {
    Definitions: "definitions.yaml",
    TrainingSettings: "training.yaml",
    Judging: "judging.yaml",
    Playbook: "playbook.yaml",
}

OF_THE_PROCESS = {
    f"AMITY_{name}" for name in ("HOME", "CONFIGS", "STORE_URL", "BUNDLE", "MEMORY", "TRACEBACK")
}

S = TypeVar("S", bound=_Settings)


def folder() -> Path:
    """The folder of the configuration: `AMITY_CONFIGS`, or the one that Amity brings.

    Raises ConfigError where there is no such folder.
    """
    given = os.environ.get("AMITY_CONFIGS")
    if given and not Path(given).is_dir():
        raise ConfigError(f"AMITY_CONFIGS names {given}, and there is no such folder.")
    return Path(given or FOLDER)


def load(kind: type[S], flags: Mapping[str, Any] | None = None) -> S:
    """The settings of one kind; raises ConfigError naming every key that is unknown or out of range."""
    _require_known_environment()
    values = {name: value for name, (value, _) in origins(kind, flags).items()}
    try:
        return kind(**values)
    except ValidationError as error:
        raise ConfigError(_sentence(FILES[kind], error)) from None


def origins(kind: type[S], flags: Mapping[str, Any] | None = None) -> dict[str, tuple[Any, Origin]]:
    """Each setting's value and where it comes from."""
    found: dict[str, tuple[Any, Origin]] = {}
    for name, field in kind.model_fields.items():
        if not field.is_required():
            found[name] = (field.default, "default")
    found |= {name: (value, "file") for name, value in _read(folder() / FILES[kind]).items()}
    for name in kind.model_fields:
        from_environment = os.environ.get(f"AMITY_{name.upper()}")
        if from_environment is not None:
            found[name] = (from_environment, "environment")
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    return found | {name: (value, "flag") for name, value in given.items()}


def home() -> Path:
    """The folder under which Amity writes everything: `AMITY_HOME`, or ./var."""
    return Path(os.environ.get("AMITY_HOME") or "var").absolute()


def _require_known_environment() -> None:
    """Raise ConfigError where the environment names a setting that there isn't."""
    known = OF_THE_PROCESS | {f"AMITY_{name.upper()}" for kind in FILES for name in kind.model_fields}
    unknown = sorted(name for name in os.environ if name.startswith("AMITY_") and name not in known)
    if unknown:
        nearest = get_close_matches(unknown[0], known, n=1)
        hint = f" Is {nearest[0]} meant for {unknown[0]}?" if nearest else ""
        raise ConfigError(f"The environment sets {', '.join(unknown)}, and there is no such setting.{hint}")


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not readable YAML: {error}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{file} must hold names and values, one a line, such as `horizon_days: 90`.")
    return {str(name): value for name, value in values.items()}


def _sentence(file: str, error: ValidationError) -> str:
    problems = [_problem(".".join(map(str, e["loc"])) or file, e) for e in error.errors()]
    return f"The settings in {file}, the environment or the flags can't be used: " + "; ".join(problems) + "."


def _problem(name: str, error: Mapping[str, Any]) -> str:
    if error["type"] == "extra_forbidden":
        return f"{name}: there is no such setting"
    if error["type"] == "missing":
        return f"{name} is missing"
    return f"{name}: {error['msg']} (received {error['input']!r})"
