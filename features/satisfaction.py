"""Answers to NPS, CSAT, CSI and CES questions, their mood and comments, and silence after answering.

What a model is shown of a few answers is an estimate: it leans toward all customers the more, the fewer they
are. What was answered is told to people.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import ibis

from features import answers
from features.answers import SCALES, counted
from features.catalog import Feature, Rate, Row, Step, Value
from features.estimates import WHEN, Estimate, amount
from features.mood import EVERYONE, UNIT
from features.tables import SURVEY_SCALES

AGGREGATES = answers.AGGREGATES

RATES = (
    *(Rate(scale, f"{scale}_total", counted(scale), squares=f"{scale}_squares") for scale in SCALES),
    Rate("low_answer_share", "low_answers", "answers", share=True),
    Rate("comment_share", "comments", "answers", share=True),
    Rate("comment_length", "comment_characters", "comments", squares="comment_squares"),
    Rate("answer_rate", "answers_365d", "orders_365d"),
    Rate("answer_pace", "answers_after_first", "answer_span_days"),
)

_NO_ANSWER = "no answer yet"
_NO_TRAINING = "nothing of the kind in the training"


def _unit(scale: str) -> str:
    low, high = SCALES[scale]
    return "mood" if scale == "mood" else f"points of {low:g}–{high:g}"


def _name(scale: str) -> str:
    return "mood" if scale == "mood" else scale.upper()


_GRADES = tuple(
    Estimate(
        scale,
        f"{scale}_total",
        counted(scale),
        _unit(scale),
        _name(scale),
        low=low,
        high=high,
        scale=UNIT,
    )
    for scale, (low, high) in SCALES.items()
)
_MOOD = _GRADES[0]
_LOW_SHARE = Estimate(
    "low_answer_share", "low_answers", "answers", "share", "share of low answers", "high", high=1.0
)
_COMMENT_SHARE = Estimate(
    "comment_share", "comments", "answers", "share", "share of answers with comment", None, high=1.0
)
_COMMENT_LENGTH = Estimate(
    "comment_length", "comment_characters", "comments", "characters", "mean length of comments", None
)
_ANSWER_RATE = Estimate("answer_rate", "answers", "orders", "answers per order", "answers per order")


def _answered_mood(row: Row, window: str) -> Value:
    return amount(row, "mood_total", window) / amount(row, "answers", window).nullif(0) / UNIT


def _mood_gap(row: Row) -> Value:
    """Mood of the year minus the segment's, the closer to 0 the fewer answers."""
    moods = row.reference.moods
    if not moods:
        return ibis.null("float64")
    segments = [(row.segment == name, mood) for name, mood in moods.items() if name != EVERYONE]
    typical = ibis.cases(*segments, else_=moods[EVERYONE]) if segments else moods[EVERYONE]
    total, count = amount(row, "mood_total", "_365d") / UNIT, amount(row, "answers", "_365d")
    return (total - count * typical) / (count + row.reference.prior("mood").chances).nullif(0)


def _nps_group(row: Row, answer: str) -> Value:
    score = row.table[answer]
    return ibis.cases((score >= 9, 1), (score >= 7, 0), (score < 7, -1))


def _answer_overdue(row: Row) -> Value:
    answers_a_day = row.rate("answer_pace", row.answers_after_first, row.answer_span_days)
    return row.days_since_answer * answers_a_day


def _fell_silent(row: Row) -> Value:
    answered_before = row.answers_365d > row.answers_180d
    return (answered_before & (row.answers_180d == 0) & (row.orders_180d > 0)).ifelse(1, 0)


_MOOD_BEFORE = Step("answered_mood_before", _MOOD.needs("_before"), partial(_answered_mood, window="_before"))


def _count(name: str, words: str, **more: Any) -> Feature:
    return Feature(name, "satisfaction", "answers", words, **more)


def _on_scale(name: str, scale: str, words: str, null: str, **more: Any) -> Feature:
    low, high = SCALES[scale]
    return Feature(
        name, "satisfaction", _unit(scale), words, worse="low", null=null, low=low, high=high, **more
    )


def _difference(name: str, scale: str, words: str, null: str, **more: Any) -> Feature:
    low, high = SCALES[scale]
    return Feature(
        name,
        "satisfaction",
        _unit(scale),
        words,
        worse="low",
        null=null,
        low=low - high,
        high=high - low,
        **more,
    )


def _lowest(scale: str, window: str) -> Feature:
    told = "answer" if scale == "mood" else f"{_name(scale)} answer"
    words = f"lowest {'mood' if scale == 'mood' else told} {WHEN[window]}"
    return _on_scale(f"{scale}_lowest{window}", scale, words, f"no {told} {WHEN[window]}")


def _mean_mood(window: str, **more: Any) -> Feature:
    words, null = f"mean mood of the answers {WHEN[window]}", f"no answer {WHEN[window]}"
    return _on_scale(f"answered_mood{window}", "mood", words, null, kind="fact", **more)


def _group(name: str, words: str, null: str, answer: str) -> Feature:
    return Feature(
        name,
        "satisfaction",
        "promoter (1), passive (0) or detractor (−1)",
        words,
        worse="low",
        null=null,
        needs=(answer,),
        value=partial(_nps_group, answer=answer),
        low=-1.0,
        high=1.0,
    )


_COUNTS = (
    _count("answers", "survey answers ever"),
    *(_count(f"answers{window}", f"survey answers {WHEN[window]}") for window in ("_180d", "_at_last_order")),
    _count(
        "answers_180_to_365d",
        "survey answers between 180 and 365 days ago",
        kind="fact",
        needs=("answers_365d", "answers_180d"),
        value=lambda row: row.answers_365d - row.answers_180d,
    ),
    *(
        _count(f"low_answers{window}", f"low survey answers {WHEN[window]}", worse="high")
        for window in ("_180d", "_at_last_order")
    ),
)

_MOODS = (
    _on_scale("mood_last", "mood", "mood of the last answer", _NO_ANSWER),
    _on_scale("mood_lowest", "mood", "lowest mood ever", _NO_ANSWER),
    _difference(
        "mood_change",
        "mood",
        "mood of the last answer minus the mean before the last 180 days",
        "no answer before the last 180 days",
        needs=("mood_last",),
        steps=(_MOOD_BEFORE,),
        value=lambda row: row.mood_last - row.answered_mood_before,
    ),
    _difference(
        "mood_gap_segment",
        "mood",
        "estimated mood in the last 365 days minus that of their segment",
        _NO_TRAINING,
        needs=(*_MOOD.needs("_365d"), "segment"),
        value=_mood_gap,
    ),
    *(
        _mean_mood(window, needs=_MOOD.needs(window), value=partial(_answered_mood, window=window))
        for window in ("_180d", "_at_last_order", "_before_last_order")
    ),
    _mean_mood("_before", steps=(_MOOD_BEFORE,)),
)

_ONE_NPS = "fewer than two NPS answers"
_NPS = (
    _group("nps_group", "group of the last NPS answer", "no NPS answer yet", "nps_last"),
    _group("nps_group_before", "group of the NPS answer before the last", _ONE_NPS, "nps_before_last"),
    _difference(
        "nps_step",
        "nps",
        "last NPS answer minus the one before",
        _ONE_NPS,
        needs=("nps_last", "nps_before_last"),
        value=lambda row: row.nps_last - row.nps_before_last,
    ),
)

_SILENCE = (
    Feature("days_since_answer", "satisfaction", "days", "days since the last answer", null=_NO_ANSWER),
    Feature(
        "last_answer_at", "satisfaction", "date", "time of the last answer", null=_NO_ANSWER, kind="fact"
    ),
    Feature(
        "answer_overdue",
        "satisfaction",
        "ratio",
        "days since the last answer over the usual days between answers",
        worse="high",
        null=_NO_ANSWER,
        needs=("days_since_answer", "answers_after_first", "answer_span_days"),
        value=_answer_overdue,
    ),
    Feature(
        "fell_silent",
        "satisfaction",
        "yes (1) or no (0)",
        "orders but no answer in the last 180 days, after answers in the 185 before",
        worse="high",
        needs=("answers_365d", "answers_180d", "orders_180d"),
        value=_fell_silent,
        high=1.0,
    ),
)

FEATURES = (
    *_COUNTS,
    *_MOODS,
    *(
        _on_scale(f"{metric}_last", metric, f"last {_name(metric)} answer", f"no {_name(metric)} answer yet")
        for metric in SURVEY_SCALES
    ),
    *(grade.at("_180d") for grade in _GRADES),
    *(grade.trend() for grade in _GRADES),
    *(_lowest(metric, "_180d") for metric in SURVEY_SCALES),
    *_NPS,
    _LOW_SHARE.at("_180d"),
    _LOW_SHARE.trend(),
    *_SILENCE,
    *(each.at("_365d") for each in (_ANSWER_RATE, _COMMENT_SHARE, _COMMENT_LENGTH)),
    _COMMENT_LENGTH.trend(),
    *(each.at(window) for each in (_MOOD, _LOW_SHARE) for window in ("_before", "_at_last_order")),
    *(each.change_at_last_order() for each in (_MOOD, _LOW_SHARE)),
    _lowest("mood", "_at_last_order"),
)
