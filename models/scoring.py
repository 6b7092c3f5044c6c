"""Bundle + tables + day → one scored row per active customer; the list and the service both use this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis
import numpy as np
import pandas as pd

from configs.settings import Definitions, Playbook
from features.build import build, catalog
from features.errors import HistoryError, ModelError
from features.live import Live, Rows
from features.snapshots import before, population, span
from models.bundle import Bundle
from models.reading import read
from models.status import status
from models.subscription_value import PRICE, contractual_value
from models.telling import tell
from models.weakpoints import Points


@dataclass(frozen=True)
class Scored:
    """`scores`: the columns of an at-risk list, by falling value at risk. `points`: of the same customers.

    `features`: what the sentences were made of. All three share one index.
    """

    scores: pd.DataFrame
    points: Points
    features: pd.DataFrame


def score(bundle: Bundle, tables: Mapping[str, ibis.Table], as_of: datetime, playbook: Playbook) -> Scored:
    """Score every customer active at `as_of`, from facts before it.

    Raises HistoryError where nobody is active, ModelError where the tables lack what the model needs.
    """
    require_tables(bundle, {name: table.columns for name, table in tables.items()})
    known = before(tables, as_of)
    definitions = bundle.manifest.definitions
    snapshots = population(known, [as_of], definitions.lookback_days, definitions.mode)
    frame = build(known, snapshots, bundle.reference).to_pandas()
    if frame.empty and definitions.mode == "contractual":
        raise HistoryError(_nobody_subscribed(as_of))
    if frame.empty:
        first, _ = span(tables)
        last = first if as_of <= first else span(known)[1]
        raise HistoryError(_nobody(first, last, as_of, definitions.lookback_days))
    dimensions = {feature.name: feature.dimension for feature in catalog(known)}
    return score_frame(bundle, frame, dimensions, playbook)


def live_of(bundle: Bundle) -> Live:
    """What computes the features of raw events for this bundle, ready for the tables it was trained on."""
    definitions = bundle.manifest.definitions
    live = Live(bundle.reference, definitions.lookback_days, mode=definitions.mode)
    live.prepare(bundle.manifest.tables, tuple(bundle.churn.columns.categories))
    return live


def score_rows(bundle: Bundle, live: Live, rows: Rows, as_of: datetime, playbook: Playbook) -> Scored:
    """Score the customers of raw events, as `score` does their tables; `live` has the bundle's reference.

    Raises SourceError where the rows can't be read, and what `score` raises.
    """
    events = live.read(rows)
    require_tables(bundle, {name: table.column_names for name, table in events.items()})
    frame = live.of(events, as_of)
    if frame.empty and bundle.manifest.definitions.mode == "contractual":
        raise HistoryError(_nobody_subscribed(as_of))
    if frame.empty:
        times = events["orders"]["ordered_at"].to_pylist()
        last = max((time for time in times if time < as_of), default=as_of)
        raise HistoryError(_nobody(min(times), last, as_of, bundle.manifest.definitions.lookback_days))
    return score_frame(bundle, frame, live.dimensions(events), playbook)


def score_frame(
    bundle: Bundle, frame: pd.DataFrame, dimensions: Mapping[str, str], playbook: Playbook
) -> Scored:
    """Score rows of features, as `build` makes them. `dimensions`: feature → dimension."""
    frame = frame.sort_values("customer_id", ignore_index=True)
    scores = _figures(bundle, frame)
    weights = read(bundle, frame, dimensions)
    scores = pd.concat([scores, tell(bundle, frame, weights)], axis=1)
    scores["action"] = _action(scores, frame, playbook)
    order = scores.sort_values(["value_at_risk", "customer_id"], ascending=[False, True]).index
    return Scored(
        scores.loc[order].reset_index(drop=True),
        Points(weights.base_risk, weights.points.loc[order].reset_index(drop=True)),
        frame.loc[order].reset_index(drop=True),
    )


def require_tables(bundle: Bundle, tables: Mapping[str, Sequence[str]]) -> None:
    """Raise ModelError naming every table and column that the model was trained on and that is not there.

    `tables`: table → its columns.
    """
    missing = []
    for name, columns in bundle.manifest.tables.items():
        if name not in tables:
            missing.append(name)
        else:
            missing += [f"{name}.{c}" for c in columns if c not in tables[name]]
    if missing:
        raise ModelError(
            f"Model {bundle.manifest.version} was trained with {', '.join(missing)}, which this source lacks."
            " Add what is missing (an empty table means that nothing happened), or train anew without it."
        )


def _figures(bundle: Bundle, frame: pd.DataFrame) -> pd.DataFrame:
    definitions = bundle.manifest.definitions
    churn = bundle.churn.predict(frame)
    clv, low, high = customer_value(bundle, frame, churn)
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"].astype("str"),
            "as_of": frame["as_of"],
            "model_version": bundle.manifest.version,
            "status": status(frame, definitions),
            "churn_probability": churn,
            "clv": clv,
            "clv_low": low,
            "clv_high": high,
            "value_at_risk": churn * clv,
            "expected_next_order_at": _next_order(churn, frame, definitions),
        }
    )


def customer_value(
    bundle: Bundle, frame: pd.DataFrame, churn: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The CLV of each row and the ends of its 80 % interval, in money, shape (rows,); null: not known."""
    definitions = bundle.manifest.definitions
    if bundle.clv is None:
        usual = bundle.peers.everyone.get(PRICE, float("nan"))
        return contractual_value(frame, churn, definitions, usual)
    clv = bundle.clv.expected_revenue(frame, definitions.clv_horizon_days)
    return clv, *bundle.clv.interval(frame, clv, churn, definitions.clv_horizon_days)


def _next_order(churn: np.ndarray, frame: pd.DataFrame, definitions: Definitions) -> pd.Series:
    """The day by which the next order is as likely to have come as not, at a steady chance a day.

    It lies within the horizon where churn is less likely than not, and beyond it otherwise. Null where
    it lies beyond the horizon of the CLV: no next order is expected. Null too where churn says nothing of
    orders: it is contractual.
    """
    if definitions.mode == "contractual":
        return pd.Series(pd.NaT, index=frame.index, dtype=frame["as_of"].dtype)
    inside = np.clip(churn, 1e-9, 1 - 1e-9)
    days = np.ceil(definitions.horizon_days * np.log(0.5) / np.log(inside))
    none_comes = days > definitions.clv_horizon_days
    waiting = pd.to_timedelta(np.where(none_comes, 0.0, days), unit="D")
    expected: pd.Series = frame["as_of"].dt.normalize() + waiting
    return expected.mask(none_comes)


def _action(scores: pd.DataFrame, frame: pd.DataFrame, playbook: Playbook) -> pd.Series:
    """What the playbook says to the first weak point; an open complaint comes before all.

    Whom nothing lifts above the usual risk, and who is silent for longer than usual, is asked about rhythm.
    """
    silent = scores["status"].isin(["slowing", "lapsed", "lost"])
    first = scores["weak_point_1"].fillna(pd.Series(np.where(silent, "rhythm", "none"), index=scores.index))
    action: pd.Series = first.map(playbook.model_dump())
    if "complaints_open" not in frame:
        return action
    return action.mask(frame["complaints_open"] > 0, playbook.open_complaint)


def _nobody_subscribed(as_of: datetime) -> str:
    return (
        f"No customer has a subscription running as of {as_of:%Y-%m-%d}, so there is nobody to score. "
        "Choose another day."
    )


def _nobody(first: datetime, last: datetime, as_of: datetime, lookback_days: int) -> str:
    """`first`: of all orders; `last`: of those before `as_of`, where there are any."""
    if as_of <= first:
        return (
            f"As of {as_of:%Y-%m-%d} nothing is known yet: the first order is of {first:%Y-%m-%d}. "
            "Choose a later day."
        )
    since = as_of - timedelta(days=lookback_days)
    return (
        f"No customer is active as of {as_of:%Y-%m-%d}: none ordered in the {lookback_days} days since "
        f"{since:%Y-%m-%d} (the last order before it is of {last:%Y-%m-%d}), so all are lapsed and there is "
        "nobody to score. Choose an earlier day, or train with a longer lookback_days."
    )
