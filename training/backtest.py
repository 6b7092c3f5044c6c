"""Would it have worked? Past dates replayed as if live: train, score, wait, judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import numpy as np

from configs.settings import Definitions, TrainingSettings
from features.errors import HistoryError
from features.snapshots import Tables, before, span
from training.judge import AMITY, Judgement, judge

RFM = "RFM logistic"
MODELS = (AMITY, RFM)
CLOSEST_DAYS = 30
TOP = 0.1


@dataclass(frozen=True)
class Figures:
    """How one model did on one date.

    `predicted`: mean churn probability. `lift`: the share that churned of the tenth with the highest risk,
    over that of all. `value_ratio`: money predicted over money spent in the horizon; null where the model
    predicts none or nothing was spent.
    """

    predicted: float
    auroc: float
    log_loss: float
    calibration_error: float
    lift: float
    value_ratio: float | None


@dataclass(frozen=True)
class Replay:
    """One date: what models trained as of `day` said of its customers, and what these did in the horizon."""

    day: datetime
    customers: int
    churned: float
    on_customers_held_out: bool
    models: Mapping[str, Figures]


@dataclass(frozen=True)
class Backtest:
    """`replays`: the oldest first. `apart_days`: between two dates; less than a horizon, they overlap."""

    replays: tuple[Replay, ...]
    apart_days: int
    horizon_days: int

    def to_dict(self) -> dict[str, object]:
        return asdict(self) | {"replays": [asdict(r) | {"day": r.day.isoformat()} for r in self.replays]}


def dates(
    first: datetime, as_of: datetime, definitions: Definitions, settings: TrainingSettings, wanted: int
) -> list[datetime]:
    """Up to so many days, the oldest first, on which a model could be trained and whose horizon is over.

    One horizon apart where history lasts, else closer, but not closer than a month (or a horizon, where that
    is shorter). Raises HistoryError where there is no such day.
    """
    horizon = definitions.horizon_days
    last = as_of - timedelta(days=horizon)
    earliest = first + timedelta(days=settings.first_history_days + horizon)
    if last < earliest:
        needed = settings.first_history_days + 2 * horizon
        raise HistoryError(
            f"There is too little history to replay a date: it needs {needed} days before {as_of:%Y-%m-%d} "
            f"({settings.first_history_days} of history and two horizons of {horizon}), and there are "
            f"{(as_of - first).days}. Choose a shorter horizon_days."
        )
    room = (last - earliest).days
    apart = min(horizon, max(min(horizon, CLOSEST_DAYS), room // max(1, wanted - 1)))
    count = min(wanted, room // apart + 1)
    return [last - timedelta(days=apart * back) for back in reversed(range(count))]


def backtest(
    tables: Tables,
    days: Sequence[datetime],
    definitions: Definitions,
    settings: TrainingSettings,
    each: Callable[[Iterable[datetime]], Iterable[datetime]] = iter,
) -> Backtest:
    """Replay every day; `each` may show the progress. Raises HistoryError where nobody was active on one."""
    replays = [_replay(tables, day, definitions, settings) for day in each(days)]
    apart = (days[1] - days[0]).days if len(days) > 1 else definitions.horizon_days
    return Backtest(tuple(replays), apart, definitions.horizon_days)


def past_days(
    tables: Tables, as_of: datetime, definitions: Definitions, settings: TrainingSettings, wanted: int
) -> list[datetime]:
    """`dates` for the history that these tables hold before `as_of`."""
    first, _ = span(before(tables, as_of), definitions.mode)
    return dates(first, as_of, definitions, settings, wanted)


def _replay(tables: Tables, day: datetime, definitions: Definitions, settings: TrainingSettings) -> Replay:
    """The judge is given what was known by the end of the horizon; the models see what was known by `day`."""
    end = day + timedelta(days=definitions.horizon_days)
    judgement = judge(before(tables, end), end, definitions, settings)
    return Replay(
        day,
        len(judgement.churned),
        float(judgement.churned.mean()),
        judgement.on_customers_held_out,
        {name: figures(judgement, name) for name in MODELS},
    )


def figures(judgement: Judgement, model: str) -> Figures:
    """One model's figures of a judgement."""
    metrics, probability = judgement.metrics[model], judgement.probabilities[model]
    ratio = metrics.get("clv_predicted_over_actual")
    return Figures(
        predicted=float(probability.mean()),
        auroc=metrics["auroc"],
        log_loss=metrics["log_loss"],
        calibration_error=metrics["calibration_error"],
        lift=lift(judgement.churned, probability),
        value_ratio=None if ratio is None or not np.isfinite(ratio) else float(ratio),
    )


def lift(churned: np.ndarray, probability: np.ndarray) -> float:
    """The share that churned of the tenth with the highest probability, over that of all.

    Not a number where nobody churned. Customers of one probability share a place: the tenth takes its part of
    those at its edge.
    """
    if not churned.any():
        return float("nan")
    size = max(1.0, TOP * len(churned))
    edge = np.sort(probability)[-int(np.ceil(size))]
    above, at = probability > edge, probability == edge
    caught = churned[above].sum() + churned[at].mean() * (size - above.sum())
    return float(caught / size / churned.mean())


def verdict(found: Backtest) -> str:
    """In plain words: would it have worked?"""
    ours = [replay.models[AMITY] for replay in found.replays]
    churned = np.array([replay.churned for replay in found.replays])
    first, last = found.replays[0].day, found.replays[-1].day
    when = (
        f"on {first:%Y-%m-%d}"
        if len(ours) == 1
        else f"on {len(ours)} dates from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    )
    won = sum(r.models[AMITY].log_loss < r.models[RFM].log_loss for r in found.replays)
    off = np.abs(np.array([f.predicted for f in ours]) - churned)
    lifts = np.array([f.lift for f in ours])
    told = [
        f"{_answer(lifts, off, won)} Replayed {when}:",
        f"- The share predicted to churn was off by {_range(100 * off, '.0f')} points "
        f"({100 * off.mean():.1f} on average); {_range(100 * churned, '.0f')} of 100 churned.",
        f"- Against a logistic regression on recency, frequency and money: a lower log loss {won} of "
        f"{len(ours)} times.",
    ]
    if np.isfinite(lifts).any():
        times = _range(lifts, ".1f")
        told.insert(1, f"- The tenth with the highest risk churned {times} times as often as all customers.")
    ratios = np.array([f.value_ratio for f in ours if f.value_ratio is not None])
    if len(ratios):
        told.append(f"- Money predicted was {_range(ratios, '.2f')} of what was then spent.")
    if found.apart_days < found.horizon_days:
        told.append("- The horizons overlap, as there is too little history for dates further apart.")
    if any(replay.on_customers_held_out for replay in found.replays):
        told.append(
            "- Where history was too short for earlier training days, customers were held out instead."
        )
    return "\n".join(told)


def _answer(lifts: np.ndarray, off: np.ndarray, won: int) -> str:
    """Worked: on every date the list was better than chance, on most better than RFM and near in level."""
    ranks = bool(np.nanmin(lifts) > 1) if np.isfinite(lifts).any() else False
    most = len(lifts) / 2
    if not ranks:
        return "It would not have worked on every date: at times its list was no better than chance."
    if won > most and (off <= 0.05).sum() > most:
        return "It would have worked."
    if won > most:
        return (
            "The list would have worked; the level of the probabilities was often off by more than 5 points."
        )
    return "The list would have worked, but the simple RFM model would mostly have done as well."


def _range(values: np.ndarray, style: str) -> str:
    low, high = (format(float(value), style) for value in (np.nanmin(values), np.nanmax(values)))
    return low if low == high else f"{low} to {high}"
