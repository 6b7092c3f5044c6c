"""What is counted of a customer's survey answers: how many, how high, how low, with how long a comment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from features.catalog import Aggregate
from features.facts import DAY, Facts
from features.mood import LOW_MOOD, UNIT
from features.tables import SURVEY_SCALES

SCALES = {"mood": (0.0, 10.0), **SURVEY_SCALES}


class Window(NamedTuple):
    """Days back from `as_of`, or from the last sign of life."""

    oldest: int | None = None
    newest: int = 0
    at_last_order: bool = False

    def holds(self, f: Facts) -> Any:
        return (f.at_last_order if self.at_last_order else f).between(self.oldest, self.newest)


_EVER = {"": Window()}
_180D = {"_180d": Window(180)}
_RECENT = _180D | {"_365d": Window(365)}
_UP_TO_LAST_ORDER = {"_at_last_order": Window(90, at_last_order=True)}
_BEFORE_LAST_ORDER = {"_before_last_order": Window(None, 90, at_last_order=True)}
_WITH_LAST_ORDER = _EVER | _RECENT | _UP_TO_LAST_ORDER | _BEFORE_LAST_ORDER

_KEY = 10 * UNIT + 2
"""More than the thousandths of any answer, and one."""


def counted(scale: str) -> str:
    """The stem of the aggregates that count the answers on a scale."""
    return "answers" if scale == "mood" else f"{scale}_answers"


def _graded(f: Facts, scale: str) -> Any:
    """Thousandths on a scale, null for another metric."""
    return f.mood if scale == "mood" else (f.metric == scale).ifelse(f.points, None)


def _grades(f: Facts, scale: str) -> Any:
    return _graded(f, scale).fill_null(0)


def _is_graded(f: Facts, scale: str) -> Any:
    return _graded(f, scale).notnull().ifelse(1, 0)


def _is_low(f: Facts) -> Any:
    return (f.mood <= LOW_MOOD).ifelse(1, 0)


def _characters(f: Facts) -> Any:
    return f.comment.length().fill_null(0)


def _has_comment(f: Facts) -> Any:
    return (_characters(f) > 0).ifelse(1, 0)


def _sum(f: Facts, of: Callable[[Facts], Any], window: Window) -> Any:
    return window.holds(f).ifelse(of(f), 0).sum()


def _sum_of_squares(f: Facts, of: Callable[[Facts], Any]) -> Any:
    return (of(f) * of(f)).sum()


def _lowest(f: Facts, scale: str, window: Window) -> Any:
    return _graded(f, scale).min(where=window.holds(f)).cast("float64") / UNIT


def _last(f: Facts, scale: str) -> Any:
    """The newest answer; of several at one second, the lowest."""
    key = f.seconds_ago * _KEY + _graded(f, scale)
    return (key.min() % _KEY).cast("float64") / UNIT


def _nps_before_last(f: Facts) -> Any:
    newest = f.seconds_ago * _KEY + _graded(f, "nps")
    key = newest * _KEY + (f.points_before + 1).fill_null(0)
    return ((key.min() % _KEY).nullif(0) - 1).cast("float64") / UNIT


def _sums(
    stem: str,
    of: Callable[[Facts], Any],
    windows: Mapping[str, Window] = _EVER | _RECENT,
    needs: tuple[str, ...] = (),
) -> list[Aggregate]:
    return [
        Aggregate(f"{stem}{suffix}", "surveys", partial(_sum, of=of, window=window), needs, empty=0)
        for suffix, window in windows.items()
    ]


def _squares(stem: str, of: Callable[[Facts], Any], needs: tuple[str, ...] = ()) -> Aggregate:
    return Aggregate(f"{stem}_squares", "surveys", partial(_sum_of_squares, of=of), needs, empty=0)


def _of_scale(scale: str) -> list[Aggregate]:
    windows = _WITH_LAST_ORDER if scale == "mood" else _EVER | _RECENT
    lowest = _EVER | _UP_TO_LAST_ORDER if scale == "mood" else _180D
    return [
        *_sums(counted(scale), partial(_is_graded, scale=scale), windows),
        *_sums(f"{scale}_total", partial(_grades, scale=scale), windows),
        _squares(scale, partial(_grades, scale=scale)),
        Aggregate(f"{scale}_last", "surveys", partial(_last, scale=scale)),
        *(
            Aggregate(f"{scale}_lowest{suffix}", "surveys", partial(_lowest, scale=scale, window=window))
            for suffix, window in lowest.items()
        ),
    ]


_COMMENT = ("comment",)

AGGREGATES = (
    *(aggregate for scale in SCALES for aggregate in _of_scale(scale)),
    *_sums("low_answers", _is_low, _WITH_LAST_ORDER),
    *_sums("comments", _has_comment, needs=_COMMENT),
    *_sums("comment_characters", _characters, needs=_COMMENT),
    _squares("comment", _characters, _COMMENT),
    Aggregate("nps_before_last", "surveys", _nps_before_last),
    Aggregate("answers_after_first", "surveys", lambda f: f.count() - 1, empty=0),
    Aggregate(
        "answer_span_days",
        "surveys",
        lambda f: ((f.seconds_ago.max() - f.seconds_ago.min()) / DAY).floor().cast("int64"),
        empty=0,
    ),
    Aggregate("days_since_answer", "surveys", lambda f: f.days_since_last()),
    Aggregate("last_answer_at", "surveys", lambda f: f.responded_at.max()),
)
