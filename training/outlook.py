"""What all orders say as of a day: how customers buy, and the levels of the horizons to come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from scipy.special import expit

from configs.settings import Definitions
from features.build import KEYS, build
from features.labels import labels
from features.reference import Reference
from features.snapshots import Tables, before, population, span
from models.buying import INPUTS, Buying, fit_buying
from models.clv import tamed
from models.level import Level, Observed, churn_level, forecast, revenue_level
from models.spread import Outcome, Spread, measure_spread

FIRST_HISTORY_DAYS = 60
SHORTEST_PAST_DAYS = 180
"""Of history before a finished CLV horizon that make it worth measuring the spread on."""

APART_DAYS = 14
MOST_DAYS = 78
MOST_ROWS = 2_000_000

MOST_OF_GIANTS = 1 / 3
"""Of a day's revenue, expected or actual: giant customers with more would set the level of all others."""


@dataclass(frozen=True)
class Outlook:
    """`buying`: fitted on everyone who ever ordered. `churn`, `revenue`: the levels, measured against it.

    `seen`: the levels of churn that `churn` was forecast from.
    """

    buying: Buying
    churn: Level
    revenue: Level
    seen: Observed = field(compare=False)


def outlook(tables: Tables, as_of: datetime, definitions: Definitions, told: Reference) -> Outlook:
    """The outlook as of a day, from facts before it.

    Raises HistoryError where too few customers ever ordered, or ordered again.
    """
    known = before(tables, as_of)
    buying = fit_buying(customer_histories(known, as_of, told), told.return_share)
    first, _ = span(known)
    today = (as_of - first) / timedelta(days=1)
    churn, revenue = _observed(known, as_of, definitions, told, buying)
    return Outlook(
        buying,
        forecast(churn, as_of, today, definitions.horizon_days),
        forecast(revenue, as_of, today, definitions.clv_horizon_days),
        churn,
    )


def customer_histories(tables: Tables, as_of: datetime, told: Reference) -> pd.DataFrame:
    """Everyone who ordered before `as_of`, active or not, with the inputs of the models of buying."""
    known = before(tables, as_of)
    everyone = population(known, [as_of], None)
    frame: pd.DataFrame = build(known, everyone, told, only=INPUTS).to_pandas()
    return frame.sort_values("customer_id", ignore_index=True)


def long_spread(
    tables: Tables, as_of: datetime, definitions: Definitions, told: Reference, deviation: float
) -> Spread | None:
    """The spread over the horizon of the CLV, where it is another than that of churn and one of it is over.

    It is that of the models of buying alone, fitted as of the day when that horizon began. `deviation`: of
    the level of the horizon to come.
    """
    horizon = definitions.clv_horizon_days
    known = before(tables, as_of)
    first, _ = span(known)
    past = as_of - timedelta(days=horizon)
    if horizon == definitions.horizon_days or past < first + timedelta(days=SHORTEST_PAST_DAYS):
        return None
    buying = fit_buying(customer_histories(known, past, told), told.return_share)
    rows = build(known, population(known, [past], definitions.lookback_days), told, only=INPUTS)
    frame = rows.join(labels(known, rows.select(*KEYS), horizon), list(KEYS)).to_pandas()
    frame = frame.sort_values("customer_id", ignore_index=True)
    predicted, revenue = buying.expected_revenue(frame, horizon), frame["revenue"].to_numpy(dtype=float)
    at_level = predicted * np.exp(_revenue_level(predicted, revenue))
    silence = buying.silence(frame, horizon)
    silent = expit(silence + churn_level(silence, (revenue <= 0.0).astype(float)))
    return measure_spread(Outcome(at_level, silent, revenue), horizon, deviation)


def _observed(
    tables: Tables, as_of: datetime, definitions: Definitions, told: Reference, buying: Buying
) -> tuple[Observed, Observed]:
    """The levels of churn and of revenue of the past snapshots whose horizon is over."""
    horizon = definitions.horizon_days
    first, _ = span(tables)
    days, churn, revenue = [], [], []
    for day, rows in _snapshots(tables, as_of, definitions, told):
        predicted = buying.expected_revenue(rows, horizon)
        days.append((day - first) / timedelta(days=1))
        churn.append(churn_level(buying.silence(rows, horizon), rows["churned"].to_numpy(dtype=float)))
        revenue.append(_revenue_level(predicted, rows["revenue"].to_numpy(dtype=float)))
    when = np.array(days, dtype=float)
    return (
        Observed(when, np.array(churn, dtype=float), horizon),
        Observed(when, np.array(revenue, dtype=float), horizon),
    )


def _revenue_level(predicted: np.ndarray, revenue: np.ndarray) -> float:
    """As `revenue_level`, but of all customers except the giant ones where these make a third of all."""
    giant = (tamed(predicted) < predicted) | (tamed(revenue) < revenue)
    of_giants = max(amount[giant].sum() / max(amount.sum(), 1e-9) for amount in (predicted, revenue))
    counted = ~giant if of_giants > MOST_OF_GIANTS else slice(None)
    return revenue_level(predicted[counted], revenue[counted])


def _snapshots(
    tables: Tables, as_of: datetime, definitions: Definitions, told: Reference
) -> Iterator[tuple[datetime, pd.DataFrame]]:
    """Past days in steps of two weeks (one for a horizon of less than four), with their active customers.

    Of very many customers, a part is enough: chosen by their ids, so the same ones on each day.
    """
    first, _ = span(tables)
    horizon = timedelta(days=definitions.horizon_days)
    apart = timedelta(days=APART_DAYS if definitions.horizon_days >= 2 * APART_DAYS else APART_DAYS // 2)
    days = [as_of - horizon - step * apart for step in range(MOST_DAYS)]
    days = sorted(day for day in days if day >= first + timedelta(days=FIRST_HISTORY_DAYS))
    if not days:
        return
    active = population(tables, days, definitions.lookback_days)
    rows = int(active.count().to_pyarrow().as_py())
    if rows > MOST_ROWS:
        active = active.filter(active.customer_id.hash() % -(-rows // MOST_ROWS) == 0)
    features = build(tables, active, told, only=INPUTS)
    outcome = labels(tables, active, definitions.horizon_days)
    frame = features.join(outcome, list(KEYS)).to_pandas()
    frame = frame.sort_values(["as_of", "customer_id"], ignore_index=True)
    for day, part in frame.groupby("as_of"):
        yield pd.Timestamp(day).to_pydatetime(), part
