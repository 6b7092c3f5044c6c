"""What speaks for a decline in each dimension: the customer of late against their own past.

A surprise is a weight of evidence (`models.bayes_factors`). It is taken in windows that end today and in
those that end at the last sign of life, and may show in any of them. What customers do by themselves is
allowed for: visits move, and end with the customer. One return, or one visit too few, is no news; two are.
A habit shows in the past: without a past of their own nobody can be said to visit less or to return more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.catalog import Dimension, Feature
from models.bayes_factors import Counts, less_often, mean_of, more_often, shifted
from models.columns import with_columns
from models.own_past import (
    Counted,
    Level,
    Norm,
    at_most,
    column,
    days_known,
    days_known_then,
    deviation,
    known,
    last,
    less,
    log,
    no_fewer,
    then,
)

YEAR, QUARTER = 360, 90
TWICE = 2.0


@dataclass(frozen=True)
class Surprise:
    """`learn`: the norm, of training rows. `weigh`: the evidence of each row, shape (rows,), by the norm."""

    name: str
    dimension: Dimension
    words: str
    needs: tuple[str, ...]
    learn: Callable[[pd.DataFrame], Norm]
    weigh: Callable[[pd.DataFrame, Norm], np.ndarray]

    @property
    def feature(self) -> Feature:
        return Feature(self.name, self.dimension, "natural logarithm", self.words, worse="high")

    def of(self, frame: pd.DataFrame, norm: Norm) -> np.ndarray:
        """Shape (rows,); 0 where nothing speaks for a decline, or too little is known."""
        return known(self.weigh(frame, norm))


def learn_norms(rows: pd.DataFrame) -> dict[str, Norm]:
    """Name → norm, of the surprises that these rows can tell; they have `churned`."""
    there = [surprise for surprise in SURPRISES if set(surprise.needs) <= set(rows.columns)]
    norms = {surprise.name: surprise.learn(rows) for surprise in there}
    return {name: norm for name, norm in norms.items() if norm}


def named(norms: Mapping[str, Norm]) -> list[Surprise]:
    return [surprise for surprise in SURPRISES if surprise.name in norms]


def with_surprises(frame: pd.DataFrame, norms: Mapping[str, Norm]) -> pd.DataFrame:
    """The frame with a column for each surprise that has a norm."""
    return with_columns(frame, {each.name: each.of(frame, norms[each.name]) for each in named(norms)})


def _undone(frame: pd.DataFrame) -> np.ndarray:
    """Tickets of 180 days without an answer, still open or reopened."""
    names = [name for name in ("unanswered_180d", "complaints_open", "reopened_180d") if name in frame]
    tickets = column("tickets_180d")(frame)
    return np.minimum(sum((known(column(name)(frame)) for name in names), np.zeros(len(frame))), tickets)


_COMPLAINTS = (
    *(
        Counted(column(f"complaints_{days}d"), at_most(days), column("complaints"), days_known)
        for days in (30, 90, 180)
    ),
    Counted(
        column("complaints_at_last_order"),
        at_most(QUARTER, days_known_then),
        column("complaints"),
        days_known_then,
    ),
)
_UNDONE = (Counted(_undone, column("tickets_180d"), _undone, column("tickets_180d")),)
_RETURNS = tuple(
    Counted(column(events), no_fewer(orders, events), column("returns"), column("orders"))
    for events, orders in (
        ("returns_30d", "orders_45d"),
        ("returns_90d", "orders_120d"),
        ("returns_180d", "orders_180d"),
        ("returns_at_last_order", "orders_at_last_order"),
    )
)


def _more(
    name: str,
    dimension: Dimension,
    words: str,
    needs: Sequence[str],
    *windows: Counted,
    enough: Callable[[Counts], np.ndarray],
) -> Surprise:
    """`enough`: whether a window may speak for a decline."""

    def weigh(frame: pd.DataFrame, norm: Norm) -> np.ndarray:
        counted = [window.counts(frame, norm[0]) for window in windows]
        return mean_of([_if(enough(counts), more_often(counts)) for counts in counted])

    return Surprise(name, dimension, words, tuple(needs), windows[0].rate, weigh)


def _once(counts: Counts) -> np.ndarray:
    return np.asarray(counts.events >= 1)


def _twice_against_a_past(counts: Counts) -> np.ndarray:
    """Two events, and a past at least as long as the window, to tell them from a habit."""
    return np.asarray((counts.events >= TWICE) & (counts.past_chances >= counts.chances))


def _worse(name: str, dimension: Dimension, words: str, needs: Sequence[str], *levels: Level) -> Surprise:
    """The norm is the standard deviation of a customer's single values, by the last of the levels."""

    def learn(rows: pd.DataFrame) -> Norm:
        worse, variance = levels[-1].told(rows)
        single = deviation(worse**2 / variance)
        return (single,) if single > 0 else ()

    def weigh(frame: pd.DataFrame, norm: Norm) -> np.ndarray:
        told = [level.told(frame) for level in levels]
        return mean_of([shifted(worse / np.sqrt(v) / norm[0], 1 / np.sqrt(v)) for worse, v in told])

    return Surprise(name, dimension, words, tuple(needs), learn, weigh)


_MOODS = (
    Level(
        "answered_mood_180d",
        column("answers_180d"),
        "answered_mood_before",
        less("answers", "answers_180d"),
        -1,
    ),
    last("mood_last", "answered_mood", "answers"),
    then("answered_mood", "answers", -1),
)
_BASKETS = (
    Level("basket_90d", column("orders_90d"), "basket_before", less("orders", "orders_90d"), -1, True),
    last("last_order_amount", "basket", "orders", in_logarithms=True),
    then("basket", "orders", -1, in_logarithms=True),
)
_DISCOUNTS = (
    Level(
        "discount_share_90d",
        column("orders_90d"),
        "discount_share_before",
        less("orders", "orders_90d"),
        1,
    ),
    then("discount_share", "orders", 1),
)


def _hours(rows: pd.DataFrame) -> Norm:
    """The middle of the logarithms of the hours that customers wait, and their spread."""
    hours = log(column("response_hours_180d")(rows))
    if not np.isfinite(hours).any():
        return ()
    middle = float(np.nanmedian(hours))
    spread = deviation((hours - middle) ** 2)
    return (middle, spread) if spread > 0 else ()


def _waited(frame: pd.DataFrame, norm: Norm) -> np.ndarray:
    hours = log(column("response_hours_180d")(frame))
    return shifted((hours - norm[0]) / norm[1], np.ones(len(frame)))


_VISITS = {
    days: Counted(column(f"activities_{days}d"), at_most(days), column("activities"), days_known)
    for days in (30, QUARTER, 2 * QUARTER)
}


def _fading_norm(rows: pd.DataFrame) -> Norm:
    """Activities per day, how their rates vary from quarter to quarter, and how many customers leave.

    Two quarters' counts differ by chance, by their sum on average; what their squared difference has beyond
    is twice the variance of the rate, and their product its square.
    """
    rate = _VISITS[QUARTER].rate(rows)
    now, before = known(column("activities_90d")(rows)), known(column("activities_90_to_180d")(rows))
    long = days_known(rows) >= 2 * QUARTER
    beyond, square = ((now - before) ** 2 - now - before)[long].sum(), (now * before)[long].sum()
    variance = max(float(beyond / (2 * square)), 0.0) if square > 0 else 0.0
    return (*rate, variance, float(rows["churned"].mean())) if rate else ()


def _gone(frame: pd.DataFrame, leaving: float) -> np.ndarray:
    """The probability that a customer has gone since the last order, by the pause against their pauses."""
    stays = (1 - leaving) * np.clip(1 - known(column("silence_rank")(frame)), 0.0, 1.0)
    return np.asarray(leaving / np.maximum(leaving + stays, 1e-12))


def _fading(frame: pd.DataFrame, norm: Norm) -> np.ndarray:
    """In windows that end today."""
    rate, variance, leaving = norm
    gone, silent = _gone(frame, leaving), column("days_since_order")(frame)
    found = []
    for window in _VISITS.values():
        counts = window.counts(frame, rate).restless(variance)
        alive = np.maximum(counts.chances - silent, 0.5)
        found.append(_if(_missing_twice(counts), less_often(counts, gone, alive)))
    return mean_of(found)


def _fading_then(frame: pd.DataFrame, norm: Norm) -> np.ndarray:
    """In windows that end at the last sign of life, against up to 270 days before the longer of them."""
    rate, variance, _ = norm
    before = column("activities_before_last_order")(frame)
    spell = known(before) * (YEAR - QUARTER) / QUARTER, np.where(np.isnan(before), 0.0, YEAR - QUARTER)
    found = []
    for days, name in ((30, "activities_30d_at_last_order"), (QUARTER, "activities_at_last_order")):
        chances = at_most(days, days_known_then)(frame)
        counts = Counts.after(rate, known(column(name)(frame)), chances, spell).restless(variance)
        weight = less_often(counts, np.zeros(len(frame)), chances)
        found.append(_if(_missing_twice(counts), weight))
    return mean_of(found)


def _missing_twice(counts: Counts) -> np.ndarray:
    """By what is known of the customer, and by their own past alone."""
    return np.asarray(np.minimum(counts.expected, counts.usual) - counts.events >= TWICE)


def _if(enough: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """What speaks against a decline always counts."""
    return np.where(enough, weight, np.minimum(weight, 0.0))


_ANY_TIME = ("days_since_first_order", "days_since_order")
_OF_ORDERS = ("orders", "orders_90d", "orders_at_last_order")

SURPRISES = (
    _more(
        "more_complaints",
        "service",
        "evidence of more complaints than before",
        (
            *("complaints", "complaints_30d", "complaints_90d", "complaints_180d"),
            *("complaints_at_last_order", *_ANY_TIME),
        ),
        *_COMPLAINTS,
        enough=_once,
    ),
    _more(
        "more_undone",
        "service",
        "evidence of more tickets left unanswered, open or reopened than is usual",
        ("tickets_180d", "unanswered_180d"),
        *_UNDONE,
        enough=_once,
    ),
    Surprise(
        "longer_waits",
        "service",
        "evidence of longer waits for an answer than is usual",
        ("response_hours_180d",),
        _hours,
        _waited,
    ),
    _more(
        "more_returns",
        "product",
        "evidence of more returns per order than before",
        (
            *("returns", "returns_30d", "returns_90d", "returns_180d", "returns_at_last_order"),
            *("orders", "orders_45d", "orders_120d", "orders_180d", "orders_at_last_order"),
        ),
        *_RETURNS,
        enough=_twice_against_a_past,
    ),
    _worse(
        "lower_answers",
        "satisfaction",
        "evidence of lower answers than before",
        (
            *("answers", "answers_180d", "answers_at_last_order", "mood_last", "answered_mood_180d"),
            *("answered_mood_before", "answered_mood_at_last_order", "answered_mood_before_last_order"),
        ),
        *_MOODS,
    ),
    _worse(
        "smaller_orders",
        "spend",
        "evidence of smaller orders than before",
        (
            *_OF_ORDERS,
            *("last_order_amount", "basket_90d", "basket_before"),
            *("basket_at_last_order", "basket_before_last_order"),
        ),
        *_BASKETS,
    ),
    _worse(
        "deeper_discounts",
        "spend",
        "evidence of deeper discounts than before",
        (
            *_OF_ORDERS,
            *("discount_share_90d", "discount_share_before"),
            *("discount_share_at_last_order", "discount_share_before_last_order"),
        ),
        *_DISCOUNTS,
    ),
    Surprise(
        "fading",
        "engagement",
        "evidence of fewer activities of late than before",
        (
            *("activities", "activities_30d", "activities_90d", "activities_180d"),
            *("activities_90_to_180d", "silence_rank", *_ANY_TIME),
        ),
        _fading_norm,
        _fading,
    ),
    Surprise(
        "fading_before_last_order",
        "engagement",
        "evidence of fewer activities up to the last order than before",
        (
            *("activities", "activities_90d", "activities_90_to_180d", "activities_30d_at_last_order"),
            *("activities_at_last_order", "activities_before_last_order", *_ANY_TIME),
        ),
        _fading_norm,
        _fading_then,
    ),
)
