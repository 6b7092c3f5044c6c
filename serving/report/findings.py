"""All that the report tells: the assessment, what scores add to it, the plan, and what became of the last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import ibis
import pandas as pd

from configs.settings import Measures
from features.indicators.assess import Assessment
from features.indicators.cells import ALL
from features.indicators.weak_points import COLUMNS, is_crossed, placed, remarkable
from features.snapshots import before as known_before
from serving.report.followed import Outcome, followed
from serving.report.plan import Action, plan
from serving.report.segments import segments


@dataclass(frozen=True)
class Findings:
    """`source`: as the report names it; `address`: where it lies, without a password.

    `segments`, `placed`, `scored_as_of`: null without scores. `placed`: the weak points of each customer and
    where they are at home. `before`: the kept document whose plan `followed` follows.
    """

    told: Assessment
    source: str
    address: str
    watched: tuple[str, ...] = ()
    scored_as_of: datetime | None = None
    segments: pd.DataFrame | None = None
    placed: pd.DataFrame | None = None
    plan: list[Action] = field(default_factory=list)
    before: Mapping[str, Any] | None = None
    followed: list[Outcome] = field(default_factory=list)

    @property
    def is_scored(self) -> bool:
        return self.segments is not None

    @property
    def newest(self) -> datetime:
        """The newest month told."""
        newest: datetime = pd.Timestamp(self.told.measured.months["month"].max()).to_pydatetime()
        return newest

    @property
    def day_text(self) -> str:
        return f"{self.told.measured.day:%Y-%m-%d}"

    @property
    def sums(self) -> pd.DataFrame:
        """Weak points in money, as `weak_points.summed` gives them; empty where nobody is scored."""
        return self.told.sheets.get("weak_points", pd.DataFrame(columns=list(COLUMNS)))

    def whole(self) -> pd.DataFrame:
        """Of everyone."""
        return self.sums[self.sums["breakdown"] == ALL]

    def single(self) -> pd.DataFrame:
        """Of each value of a breakdown that holds more of it than of others, with enough customers."""
        places = self._places()
        return places[~is_crossed(places)]

    def crossed(self) -> pd.DataFrame:
        """Of two breakdowns crossed, the same."""
        places = self._places()
        return places[is_crossed(places)]

    def _places(self) -> pd.DataFrame:
        found = remarkable(self.sums)
        return found[(found["breakdown"] != ALL) & (found["customers"] >= self.told.measured.rules.few)]


@dataclass(frozen=True)
class Looked:
    """What is looked at. `address`: without a password. `scores`: as `amity score` writes them, those that
    `told` was made with."""

    told: Assessment
    tables: Mapping[str, ibis.Table]
    address: str
    watched: tuple[str, ...] = ()
    scores: pd.DataFrame | None = None


def findings(looked: Looked, measures: Measures, before: Mapping[str, Any] | None = None) -> Findings:
    """`before`: the last kept assessment of this source."""
    told, scores = looked.told, looked.scores
    name = looked.address.split("?")[0].rstrip("/").rsplit("/", 1)[-1] or looked.address
    found = Findings(
        told,
        name,
        looked.address,
        looked.watched,
        plan=plan(told, scores, measures),
        before=before,
        followed=followed(before, told),
    )
    if scores is None:
        return found
    known = known_before(looked.tables, told.measured.day)
    return replace(
        found,
        scored_as_of=_scored_as_of(scores),
        segments=segments(scores, looked.tables, told.measured.day),
        placed=placed(scores, known, told.measured),
    )


def _scored_as_of(scores: pd.DataFrame) -> datetime | None:
    if "as_of" not in scores.columns or scores.empty:
        return None
    day: datetime = pd.Timestamp(scores["as_of"].iloc[0]).to_pydatetime()
    return day
