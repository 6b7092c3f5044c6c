"""The lapsed customers of past days: what the model of who comes back is fitted on, and judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from configs.settings import Definitions
from features.build import KEYS, build, catalog
from features.catalog import Feature
from features.labels import labels
from features.reference import Reference
from features.snapshots import Tables, before, lapsed, span
from models.churn import ChurnModel, History
from models.reactivation import FEATURES, fit_reactivation
from models.trees import Trees
from training.metrics import churn_metrics
from training.outlook import Outlook

APART_DAYS = 28
MOST_DAYS = 12
MOST_ROWS = 60_000


@dataclass(frozen=True)
class Lapsed:
    """What the models of lapsed customers rest on, as of a day. `tables`: nothing at or after `as_of`."""

    tables: Tables
    as_of: datetime
    definitions: Definitions
    told: Reference
    outlook: Outlook

    @property
    def history(self) -> History:
        return History(self.outlook.buying, self.definitions.horizon_days)

    @property
    def features(self) -> list[Feature]:
        return [known for known in catalog(self.tables).available(self.tables) if known.name in FEATURES]

    def days(self) -> list[datetime]:
        """Past days in steps of four weeks whose horizon is over, and that somebody could be lapsed on."""
        first, _ = span(self.tables)
        earliest = first + timedelta(days=self.definitions.lookback_days)
        last = self.as_of - timedelta(days=self.definitions.horizon_days)
        days = [last - timedelta(days=APART_DAYS * step) for step in range(MOST_DAYS)]
        return sorted(day for day in days if day > earliest)

    def season(self, days: Sequence[datetime]) -> float:
        """By how much the level of churn is forecast beyond that of past days, in log-odds; 0: not known.

        Among the lapsed there are too few to see a season, so that of the active customers is taken.
        """
        level, seen = self.outlook.churn, self.outlook.seen
        if not level.seasonal or not seen.days.size:
            return 0.0
        first, _ = span(self.tables)
        past = np.interp([(day - first) / timedelta(days=1) for day in days], seen.days, seen.levels)
        return level.levels[0] - float(past.mean())

    def frame(self, tables: Tables, days: Sequence[datetime]) -> pd.DataFrame:
        """One row per lapsed customer and day: keys, features and `churned`; of very many, a part.

        `tables`: with the horizons of the days. The part is chosen by id, so it is the same on each day.
        """
        snapshots = lapsed(tables, days, self.definitions.lookback_days)
        rows = int(snapshots.count().to_pyarrow().as_py())
        if rows > MOST_ROWS:
            snapshots = snapshots.filter(snapshots.customer_id.hash() % -(-rows // MOST_ROWS) == 0)
        built = build(tables, snapshots, self.told, only=FEATURES)
        outcome = labels(tables, snapshots, self.definitions.horizon_days)
        frame: pd.DataFrame = built.join(outcome, list(KEYS)).to_pandas()
        return frame.sort_values(["as_of", "customer_id"], ignore_index=True)


@dataclass(frozen=True)
class Comebacks:
    """How the model did on the lapsed customers of the judged day.

    `came_back`: the share that did. `log_loss_of_base_rate`: of the share that came back in the training, for
    everybody. `auroc` is not a number where nobody came back, or all did.
    """

    customers: int
    came_back: float
    predicted: float
    auroc: float
    log_loss: float
    log_loss_of_base_rate: float

    @property
    def says(self) -> str:
        """A sentence."""
        better = self.log_loss < self.log_loss_of_base_rate
        beside = "below" if better else "not below"
        ranked = "" if np.isnan(self.auroc) else f", AUROC {self.auroc:.3f}"
        return (
            f"Of {self.customers:,} lapsed customers {100 * self.came_back:.1f} % came back, "
            f"{100 * self.predicted:.1f} % "
            f"were predicted to: a log loss of {self.log_loss:.4f}, {beside} the base rate's "
            f"{self.log_loss_of_base_rate:.4f}{ranked}."
        )


def fitted(by: Lapsed, trees: Trees) -> tuple[ChurnModel | None, float]:
    """The model of the past days at the level of the horizon to come, and the share that came back then.

    Null, and not a number, where nobody was lapsed.
    """
    days = by.days()
    if not days:
        return None, float("nan")
    frame = by.frame(by.tables, days)
    model = fit_reactivation(frame, by.features, trees, by.history)
    if model is None:
        return None, float("nan")
    back = 1.0 - float(frame["churned"].mean())
    return replace(model, intercept=model.intercept + by.season(days)), back


def judged(by: Lapsed, tables: Tables, trees: Trees) -> Comebacks | None:
    """The model as of a day, judged on that day's lapsed customers; null where it has none to learn from.

    `tables`: with the horizon of the day.
    """
    model, base_rate = fitted(by, trees)
    if model is None:
        return None
    rows = by.frame(before(tables, by.as_of + timedelta(days=by.definitions.horizon_days)), [by.as_of])
    if rows.empty:
        return None
    back = 1.0 - rows["churned"].to_numpy(dtype=float)
    predicted = 1.0 - model.predict(rows)
    figures = churn_metrics(back, predicted)
    base = churn_metrics(back, np.full(len(back), base_rate))
    return Comebacks(
        customers=len(rows),
        came_back=float(back.mean()),
        predicted=float(predicted.mean()),
        auroc=figures["auroc"],
        log_loss=figures["log_loss"],
        log_loss_of_base_rate=base["log_loss"],
    )
