"""A customer's events as a drawing: one lane for each kind, time from left to right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from serving.console.axes import Axis, TimeAxis
from serving.console.events import LANES, Event

MOST_DAYS = 730
LEAST_DAYS = 60
EDGE = 8.0
LANE, TALL, FLOOR = 52.0, 26.0, 48.0
"""The height of a lane, of its marks, and where in the lane they stand."""

LEAST_FULL = 4
"""The number in a week that fills a lane, where there are no more."""

MONTH_PIXELS = 44.0


@dataclass(frozen=True)
class Mark:
    """A shape in pixels: `column`, `dot` (from its middle) or `span`; `open`: it goes on to this day."""

    shape: str
    x: float
    y: float
    width: float = 0.0
    height: float = 0.0
    open: bool = False
    says: str = ""


@dataclass(frozen=True)
class Lane:
    """`y`: its top. `number`: of all its events, drawn or not."""

    name: str
    y: float
    number: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class TimelineChart:
    width: float
    height: float
    lanes: tuple[Lane, ...]
    months: list[tuple[float, str]]
    first: datetime
    last: datetime


def timeline_chart(events: Sequence[Event], as_of: datetime, width: float) -> TimelineChart | None:
    """The last two years at most, up to `as_of`; null where nothing happened in them."""
    earliest = as_of - timedelta(days=MOST_DAYS)
    shown = [event for event in events if _ends(event, as_of) >= earliest]
    if not shown:
        return None
    first = min(max(min(event.at for event in shown), earliest), as_of - timedelta(days=LEAST_DAYS))
    axis = TimeAxis(first, as_of, EDGE, width - EDGE)
    names = [name for name in LANES if any(event.lane == name for event in shown)]
    lanes = tuple(
        _lane(name, place * LANE, [event for event in shown if event.lane == name], axis)
        for place, name in enumerate(names)
    )
    return TimelineChart(width, len(lanes) * LANE + 24, lanes, axis.months(MONTH_PIXELS), first, as_of)


def _lane(name: str, top: float, events: Sequence[Event], axis: TimeAxis) -> Lane:
    draw = DRAWN.get(name, _dots)
    return Lane(LANES[name], top, len(events), tuple(draw(events, axis, top + FLOOR)))


def _ends(event: Event, as_of: datetime) -> datetime:
    return as_of if event.open else event.until or event.at


def _bars(events: Sequence[Event], axis: TimeAxis, floor: float) -> Iterator[Mark]:
    """Orders, as high as their money."""
    tall = Axis(0.0, max((event.size or 0.0) for event in events), 2.0, TALL)
    for event in events:
        height = tall(event.size or 0.0)
        yield Mark("column", axis(event.at) - 1.5, floor - height, 3.0, height, says=event.says)


def _weeks(events: Sequence[Event], axis: TimeAxis, floor: float) -> Iterator[Mark]:
    """How many in each week before the last day."""
    weeks = Counter((axis.last - event.at).days // 7 for event in events)
    tall = Axis(0.0, max(LEAST_FULL, *weeks.values()), 2.0, TALL)
    for week, number in sorted(weeks.items()):
        end = axis.last - timedelta(days=7 * week)
        left, right = axis(end - timedelta(days=7)), axis(end)
        yield Mark("column", left, floor - tall(number), max(right - left - 0.5, 1.0), tall(number))


def _spans(events: Sequence[Event], axis: TimeAxis, floor: float) -> Iterator[Mark]:
    for place, event in enumerate(events):
        top = floor - TALL / 2 + (place % 2) * 8 - 7
        left, right = axis(event.at), axis(_ends(event, axis.last))
        width = max(right - left, 6.0)
        yield Mark("span", min(left, axis.end - width), top, width, 6.0, event.open, event.says)


def _answers(events: Sequence[Event], axis: TimeAxis, floor: float) -> Iterator[Mark]:
    """The better, the higher."""
    high = Axis(0.0, 1.0, floor - 4, floor - TALL + 2)
    for event in events:
        yield Mark("dot", axis(event.at), high(event.size or 0.0), says=event.says)


def _dots(events: Sequence[Event], axis: TimeAxis, floor: float) -> Iterator[Mark]:
    for event in events:
        yield Mark("dot", axis(event.at), floor - TALL / 2, says=event.says)


DRAWN: dict[str, Callable[[Sequence[Event], TimeAxis, float], Iterator[Mark]]] = {
    "orders": _bars,
    "engagement": _weeks,
    "complaints": _spans,
    "tickets": _spans,
    "subscriptions": _spans,
    "surveys": _answers,
}
