"""All that the report tells: the assessment, what scores add to it, the plan, and what became of the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ibis
import pandas as pd

from configs.settings import Measures
from features.indicators.assess import Assessment
from serving.report.followed import Outcome, followed
from serving.report.losses import losses
from serving.report.plan import Action, plan
from serving.report.segments import segments


@dataclass(frozen=True)
class Findings:
    """`source`: as the report names it; `address`: where it lies, without a password.

    `losses`, `segments`, `plan`, `scored_as_of`: null without scores. `before`: the kept document whose plan
    `followed` follows.
    """

    told: Assessment
    source: str
    address: str
    watched: tuple[str, ...] = ()
    scored_as_of: datetime | None = None
    losses: pd.DataFrame | None = None
    segments: pd.DataFrame | None = None
    plan: list[Action] | None = None
    before: Mapping[str, Any] | None = None
    followed: list[Outcome] = field(default_factory=list)

    @property
    def newest(self) -> datetime:
        """The newest month told."""
        newest: datetime = pd.Timestamp(self.told.measured.months["month"].max()).to_pydatetime()
        return newest

    @property
    def day_text(self) -> str:
        return f"{self.told.measured.day:%Y-%m-%d}"


@dataclass(frozen=True)
class Looked:
    """What is looked at. `address`: without a password. `scores`: as `amity score` writes them."""

    told: Assessment
    tables: Mapping[str, ibis.Table]
    address: str
    watched: tuple[str, ...] = ()
    scores: pd.DataFrame | None = None


def findings(looked: Looked, measures: Measures, before: Mapping[str, Any] | None = None) -> Findings:
    """`before`: the last kept assessment of this source."""
    told, scores = looked.told, looked.scores
    name = looked.address.split("?")[0].rstrip("/").rsplit("/", 1)[-1] or looked.address
    if scores is None:
        rest = followed(before, told.measured, None)
        return Findings(told, name, looked.address, looked.watched, before=before, followed=rest)
    lost = losses(scores, looked.tables)
    return Findings(
        told,
        name,
        looked.address,
        looked.watched,
        _scored_as_of(scores),
        lost,
        segments(scores, looked.tables, told.measured.day),
        plan(told, scores, lost, measures),
        before,
        followed(before, told.measured, lost),
    )


def _scored_as_of(scores: pd.DataFrame) -> datetime | None:
    if "as_of" not in scores.columns or scores.empty:
        return None
    day: datetime = pd.Timestamp(scores["as_of"].iloc[0]).to_pydatetime()
    return day
