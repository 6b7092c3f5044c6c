"""The tables as of a day, the scores and what was learnt of offers → all that a plan is made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis
import numpy as np
import pandas as pd

from configs.settings import Definitions, Winback
from features.build import build
from features.errors import HistoryError, RequestError
from features.labels import outcomes
from features.reference import Reference, reference
from features.snapshots import Tables, before
from models.uplift.bundle import EffectBundle
from models.uplift.effects import Effects
from models.uplift.prior import Prior
from serving.winback.left_out import barred, reachable
from serving.winback.plan import Situation

SCORES = ("customer_id", "segment", "churn_probability", "clv")


@dataclass(frozen=True)
class Knowledge:
    """What is known of offers: learnt, or where `learnt` is null the prior."""

    settings: Winback
    definitions: Definitions
    learnt: EffectBundle | None

    @property
    def features(self) -> tuple[str, ...]:
        return self.learnt.model.features if self.learnt else ("days_since_order",)

    def reference(self, tables: Tables, as_of: datetime) -> Reference:
        return self.learnt.reference if self.learnt else reference(tables, as_of)

    def effects(self, frame: pd.DataFrame, day: datetime) -> Effects:
        if self.learnt:
            return self.learnt.model.effects(frame, self.settings.offers, day)
        return Prior(self.settings).effects(frame, self.settings.offers)

    def usual(self, frame: pd.DataFrame, day: datetime) -> pd.DataFrame:
        if self.learnt:
            return self.learnt.model.usual(frame, day)
        return Prior(self.settings).usual(frame, self.definitions.clv_horizon_days)


def situation(
    tables: Tables,
    scores: pd.DataFrame,
    as_of: datetime,
    knowledge: Knowledge,
    say: Callable[[str], None] = lambda _: None,
) -> Situation:
    """Of all scored customers. `scores`: `SCORES`, of the day `as_of`.

    Raises RequestError where the effects were learnt from days after `as_of`, HistoryError where none of the
    scored customers is in the tables.
    """
    if knowledge.learnt and knowledge.learnt.as_of > as_of:
        raise RequestError(
            f"The effects were learnt as of {knowledge.learnt.as_of:%Y-%m-%d}, and the plan is for "
            f"{as_of:%Y-%m-%d}, before it. Learn as of that day, or score anew."
        )
    known = before(tables, as_of)
    say("Computing features")
    snapshots = snapshots_of(known, scores["customer_id"], as_of)
    told = knowledge.reference(known, as_of)
    facts = build(known, snapshots, told, list(knowledge.features)).to_pandas()
    frame = scores.merge(facts.drop(columns="as_of"), on="customer_id", suffixes=("", "_"))
    frame = frame.sort_values("customer_id", ignore_index=True)
    if frame.empty:
        raise HistoryError("None of the scored customers is in these tables; score this source first.")
    say("Estimating effects")
    settings = knowledge.settings
    return Situation(
        as_of,
        frame[["customer_id", "segment"]],
        knowledge.effects(frame, as_of),
        knowledge.usual(frame, as_of),
        _recent(known, frame["customer_id"], as_of, settings),
        barred(known, frame["customer_id"], as_of, settings.rest_days),
        reachable(known, frame["customer_id"], settings.offers, settings),
    )


def snapshots_of(tables: Tables, ids: pd.Series, day: datetime) -> ibis.Table:
    """The snapshots of these customers at a day, where the tables lie."""
    frame = pd.DataFrame({"customer_id": ids.astype("str"), "as_of": pd.Timestamp(day)})
    schema = ibis.schema({"customer_id": "string", "as_of": "timestamp(6)"})
    made = ibis.memtable(frame, schema=schema)
    backend = next(iter(tables.values())).get_backend()
    if backend.name == "duckdb":
        return made
    return backend.create_table(ibis.util.gen_name("planned"), made, temp=True)


def _recent(tables: Tables, ids: pd.Series, as_of: datetime, settings: Winback) -> np.ndarray:
    """The profit of the last days, as many as a campaign has: how much customers differ."""
    since = as_of - timedelta(days=settings.campaign_days)
    snapshots = snapshots_of(tables, ids, since)
    found = outcomes(tables, snapshots, settings.campaign_days, settings.margin_share).to_pandas()
    profit = found.set_index("customer_id")["profit"].reindex(ids)
    return np.asarray(profit.fillna(0.0), dtype=float)
