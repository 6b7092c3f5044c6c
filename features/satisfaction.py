"""Answers to NPS, CSAT, CSI and CES questions, and silence after answering.

Answers of all metrics are put on one scale, the *mood*: 0 is the worst answer that the metric allows, 10 the
best.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import ibis

from features.catalog import Aggregate, Feature
from features.facts import Facts
from features.tables import SURVEY_SCALES

LOW_MOOD = 6_000
"""Thousandths of mood up to which an answer is low: NPS 0–6, CSAT 1–3, CSI 1–6, CES 1–4."""
_KEY = 100_000


def _mood(f: Facts) -> Any:
    """Thousandths of mood, as a whole number."""
    scaled = [
        (f.metric == metric, (f.score - low) * (10_000 / (high - low)))
        for metric, (low, high) in SURVEY_SCALES.items()
    ]
    return (ibis.cases(*scaled) + 0.5).floor().cast("int64")


def _latest(f: Facts, thousandths: Any, where: Any = None) -> Any:
    """The newest row's value; of several at one second, the lowest."""
    key = f.seconds_ago * _KEY + thousandths
    return (key.min(where=where) % _KEY).cast("float64") / 1_000


def _low(f: Facts) -> Any:
    return _mood(f) <= LOW_MOOD


def _score_thousandths(f: Facts) -> Any:
    return (f.score * 1_000 + 0.5).floor().cast("int64")


def _last_score(f: Facts, metric: str) -> Any:
    return _latest(f, _score_thousandths(f), f.metric == metric)


AGGREGATES = (
    Aggregate("answers", "surveys", lambda f: f.count(), empty=0),
    Aggregate("answers_180d", "surveys", lambda f: f.count(180), empty=0),
    Aggregate("low_answers_180d", "surveys", lambda f: f.count(180, where=_low(f)), empty=0),
    Aggregate("mood_last", "surveys", lambda f: _latest(f, _mood(f))),
    Aggregate("mood_180d", "surveys", lambda f: f.mean(_mood(f), 180) / 1_000),
    Aggregate("mood_before", "surveys", lambda f: f.mean(_mood(f), None, 180) / 1_000),
    Aggregate("mood_lowest", "surveys", lambda f: _mood(f).min().cast("float64") / 1_000),
    Aggregate("days_since_answer", "surveys", lambda f: f.days_since_last()),
    Aggregate("last_answer_at", "surveys", lambda f: f.responded_at.max()),
    *(
        Aggregate(
            f"{metric}_last",
            "surveys",
            partial(_last_score, metric=metric),
        )
        for metric in SURVEY_SCALES
    ),
)

_NO_ANSWER = "no answer yet"

FEATURES = (
    Feature("answers", "satisfaction", "answers", "survey answers ever"),
    Feature("answers_180d", "satisfaction", "answers", "survey answers in the last 180 days"),
    Feature(
        "low_answers_180d", "satisfaction", "answers", "low survey answers in the last 180 days", worse="high"
    ),
    Feature("mood_last", "satisfaction", "mood", "mood of the last answer", worse="low", null=_NO_ANSWER),
    Feature(
        "mood_180d",
        "satisfaction",
        "mood",
        "mean mood of the last 180 days",
        worse="low",
        null="no answer in the last 180 days",
    ),
    Feature(
        "mood_before",
        "satisfaction",
        "mood",
        "mean mood before the last 180 days",
        null="no answer before the last 180 days",
    ),
    Feature(
        "mood_change",
        "satisfaction",
        "mood",
        "mood of the last answer minus the mean before the last 180 days",
        worse="low",
        null="no answer before the last 180 days",
        needs=("mood_last", "mood_before"),
        value=lambda row: row.mood_last - row.mood_before,
    ),
    Feature("mood_lowest", "satisfaction", "mood", "lowest mood ever", worse="low", null=_NO_ANSWER),
    Feature("days_since_answer", "satisfaction", "days", "days since the last answer", null=_NO_ANSWER),
    *(
        Feature(
            f"{metric}_last",
            "satisfaction",
            f"points of {low:g}–{high:g}",
            f"last {metric.upper()} answer",
            worse="low",
            null=f"no {metric.upper()} answer yet",
        )
        for metric, (low, high) in SURVEY_SCALES.items()
    ),
    Feature(
        "last_answer_at", "satisfaction", "date", "time of the last answer", null=_NO_ANSWER, kind="fact"
    ),
)
