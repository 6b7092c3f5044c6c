"""Bundle + tables + day → one scored row per active customer; the list and the service both use this."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis
import numpy as np
import pandas as pd

from configs.catalogues import DEFAULT
from configs.settings import Playbook
from features.build import build, catalog
from features.catalog import DIMENSIONS
from features.errors import HistoryError, ModelError
from features.live import Events, Live, Rows
from features.snapshots import before, population, span
from models.actions import Case, action, typical_worth
from models.bundle import Bundle
from models.language import Language, unpacked
from models.next_order import next_order
from models.reading import read
from models.status import status
from models.subscription_value import PRICE, contractual_value
from models.telling import retold, tell
from models.weakpoints import Points


@dataclass(frozen=True)
class Scored:
    """`scores`: the columns of an at-risk list, by falling value at risk. `points`: of the same customers.

    `features`: what the sentences were made of. `repaired`: churn probability with one dimension repaired and
    all else as it is, a column each; null where nobody asked the model. `facts`: what the sentences say, as
    `models.language.packed`, to tell it in another language. All share one index.
    """

    scores: pd.DataFrame
    points: Points
    features: pd.DataFrame
    repaired: pd.DataFrame | None = None
    facts: pd.Series | None = None


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
    events = read_events(bundle, live, rows)
    frame = live.of(events, as_of)
    require_somebody(bundle, frame, events, as_of)
    return score_frame(bundle, frame, live.dimensions(events), playbook)


def read_events(bundle: Bundle, live: Live, rows: Rows) -> Events:
    """What raw events tell of the tables and columns that the model was trained on.

    Others change no score, and each new set of columns takes seconds to compile. Raises SourceError where the
    rows can't be read, ModelError where the model needs more.
    """
    events = live.read(rows)
    require_tables(bundle, {name: table.column_names for name, table in events.items()})
    return {
        name: events[name].select([column for column in events[name].column_names if column in known])
        for name, known in bundle.manifest.tables.items()
    }


def require_somebody(bundle: Bundle, frame: pd.DataFrame, events: Events, as_of: datetime) -> None:
    """Raise HistoryError where nobody of `events` is active, so that `frame` has no row."""
    if not frame.empty:
        return
    if bundle.manifest.definitions.mode == "contractual":
        raise HistoryError(_nobody_subscribed(as_of))
    times = events["orders"]["ordered_at"].to_pylist()
    last = max((time for time in times if time < as_of), default=as_of)
    raise HistoryError(_nobody(min(times), last, as_of, bundle.manifest.definitions.lookback_days))


def score_frame(
    bundle: Bundle, frame: pd.DataFrame, dimensions: Mapping[str, str], playbook: Playbook
) -> Scored:
    """Score rows of features, as `build` makes them. `dimensions`: feature → dimension."""
    frame = frame.sort_values("customer_id", ignore_index=True)
    scores = _figures(bundle, frame)
    weights = read(bundle, frame, dimensions)
    told = tell(bundle, frame, weights)
    facts = told.pop("facts")
    scores = pd.concat([scores, told], axis=1)
    scores["action"] = _actions(bundle, scores, facts, frame, playbook)
    order = scores.sort_values(["value_at_risk", "customer_id"], ascending=[False, True]).index
    repaired = pd.DataFrame(weights.repaired, index=frame.index, columns=list(DIMENSIONS))
    return Scored(
        scores.loc[order].reset_index(drop=True),
        Points(weights.base_risk, weights.points.loc[order].reset_index(drop=True)),
        frame.loc[order].reset_index(drop=True),
        repaired.loc[order].reset_index(drop=True),
        facts.loc[order].reset_index(drop=True),
    )


def in_language(scored: Scored, language: Language, playbook: Playbook) -> pd.DataFrame:
    """The scores with their sentences in another language."""
    if language.code == DEFAULT or scored.facts is None:
        return scored.scores
    told = pd.DataFrame(
        [
            retold({"action": does, "facts": facts}, language, playbook)
            for does, facts in zip(scored.scores["action"], scored.facts, strict=True)
        ],
        index=scored.scores.index,
    )
    return scored.scores.assign(**{name: told[name].astype("str") for name in told.columns})


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
            **next_order(bundle.clv.buying if bundle.clv else None, frame, churn, definitions),
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


def _actions(
    bundle: Bundle, scores: pd.DataFrame, facts: pd.Series, frame: pd.DataFrame, playbook: Playbook
) -> pd.Series:
    """What the playbook says to each customer, in the default language; an open complaint always counts."""
    typical = typical_worth(bundle)
    waiting = frame["complaints_open"] if "complaints_open" in frame else pd.Series(0.0, index=frame.index)
    rows = zip(
        scores["weak_point_1"].fillna("none"), facts, scores["status"], scores["clv"], waiting, strict=True
    )
    told = [
        action(playbook, Case(point, _evidence(fact, open_), status, clv / typical if typical else None))
        for point, fact, status, clv, open_ in rows
    ]
    return pd.Series(pd.array(told, dtype="str"), index=scores.index)


def _evidence(facts: str, waiting: float) -> set[str]:
    """The names of what speaks for the first weak point, and of complaints that wait."""
    names = {message.name for message in next(iter(unpacked(facts)), [])}
    return names | {"complaint_open"} if waiting > 0 else names


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
