"""What customers say when they are asked: NPS, CSAT, CSI, CES, and all of them on one scale."""

from __future__ import annotations

from functools import partial
from typing import Any

import ibis

from features.indicators.book import Indicator, Tally
from features.mood import UNIT, mood, points

Value = Any  # an Ibis value expression

_BY = ("touchpoint", "segment", "country")
_COLLECT = "surveys: who answered when, the metric (nps, csat, csi or ces), the score, and the touchpoint"


def _answers(t: ibis.Table, metric: str, low: float | None = None, high: float | None = None) -> Value:
    """How many answers to a metric lie between two scores, both inclusive."""
    answered = t.metric == metric
    if low is not None:
        answered = answered & (t.score >= low)
    if high is not None:
        answered = answered & (t.score <= high)
    return answered.ifelse(1, 0).sum()


def _points(t: ibis.Table, metric: str) -> Value:
    return (t.metric == metric).ifelse(points(t), 0).sum().cast("float64") / UNIT


def _squares(t: ibis.Table, metric: str) -> Value:
    return (t.metric == metric).ifelse(points(t) * points(t), 0).sum().cast("float64") / UNIT**2


def _balance(t: ibis.Table) -> Value:
    return _answers(t, "nps", low=9) - _answers(t, "nps", high=6)


def _decided(t: ibis.Table) -> Value:
    return _answers(t, "nps", low=9) + _answers(t, "nps", high=6)


def _tally(name: str, value: Any) -> Tally:
    return Tally(name, "surveys", value)


def _mean(metric: str, title: str, scale: str, definition: str, better: Any = "high") -> Indicator:
    return Indicator(
        f"{metric}_mean",
        "satisfaction",
        "mean",
        title,
        definition,
        f"sum of the {metric} scores ÷ {metric} answers",
        scale,
        f"{metric}_points",
        _COLLECT,
        f"{metric}_answers",
        f"{metric}_squares",
        better=better,
        breakdowns=_BY,
    )


TALLIES = (
    *(
        _tally(f"{metric}_answers", partial(_answers, metric=metric))
        for metric in ("nps", "csat", "csi", "ces")
    ),
    *(_tally(f"{metric}_points", partial(_points, metric=metric)) for metric in ("csat", "csi", "ces")),
    *(_tally(f"{metric}_squares", partial(_squares, metric=metric)) for metric in ("csat", "csi", "ces")),
    _tally("nps_balance", _balance),
    _tally("nps_decided", _decided),
    _tally("csat_satisfied", partial(_answers, metric="csat", low=4)),
    _tally("answers", lambda t: t.count()),
    _tally("moods", lambda t: mood(t).sum().cast("float64") / UNIT),
    _tally("mood_squares", lambda t: (mood(t) * mood(t)).sum().cast("float64") / UNIT**2),
)

INDICATORS = (
    Indicator(
        "nps",
        "satisfaction",
        "mean",
        "Net Promoter Score",
        "Promoters (9 and 10) less detractors (0 to 6), of those who answered how likely they recommend us.",
        "100 × (answers 9–10 − answers 0–6) ÷ nps answers",
        "points",
        "nps_balance",
        _COLLECT,
        "nps_answers",
        "nps_decided",
        scale=100.0,
        better="high",
        breakdowns=_BY,
    ),
    Indicator(
        "csat",
        "satisfaction",
        "share",
        "Customers satisfied (CSAT)",
        "Share of the answers on the scale from 1 to 5 that are 4 or 5.",
        "answers 4–5 ÷ csat answers",
        "share",
        "csat_satisfied",
        _COLLECT,
        "csat_answers",
        better="high",
        breakdowns=_BY,
    ),
    _mean("csat", "Mean satisfaction (CSAT)", "points of 5", "Mean answer on the scale from 1 to 5."),
    _mean(
        "csi", "Customer Satisfaction Index (CSI)", "points of 10", "Mean answer on the scale from 1 to 10."
    ),
    _mean(
        "ces",
        "Customer Effort Score (CES)",
        "points of 7",
        "Mean answer on the scale from 1 to 7; 7 says that it was easy.",
    ),
    Indicator(
        "mood",
        "satisfaction",
        "mean",
        "Mood of all answers",
        "Mean of the answers to all metrics on one scale: 0 the worst that a metric allows, 10 the best.",
        "sum of 10 × (score − lowest) ÷ (highest − lowest) ÷ answers",
        "points of 10",
        "moods",
        _COLLECT,
        "answers",
        "mood_squares",
        better="high",
        breakdowns=_BY,
    ),
    Indicator(
        "answers_per_order",
        "satisfaction",
        "rate",
        "Answers per 100 orders",
        "Survey answers per 100 orders. No table says who was asked, so the share that answers isn't known.",
        "100 × answers ÷ orders",
        "per 100 orders",
        "answers",
        _COLLECT,
        "orders",
        scale=100.0,
        breakdowns=("segment", "country"),
    ),
)
