"""What is counted over a customer's tickets, as it was known at the end of each window.

Windows that end at the last sign of life know only what had happened by then: a complaint resolved later was
open, a question answered later had no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import ibis

from features.catalog import Aggregate
from features.facts import DAY, MONTH, Facts, seconds

CHANNELS = {
    "phone": "by phone",
    "email": "by e-mail",
    "web": "on the web",
    "store": "in a store",
    "social": "on social media",
}
FOLLOW_DAYS = MONTH // DAY
"""An order in less than this many days after a complaint followed it."""

Value = Any  # an Ibis value expression
Condition = Callable[[Facts], Value]


class Window(NamedTuple):
    oldest: int | None
    newest: int = 0
    ends_at_last_order: bool = False

    def of(self, f: Facts) -> Facts:
        return f.at_last_order if self.ends_at_last_order else f


WINDOWS = {
    "": Window(None),
    **{f"_{days}d": Window(days) for days in (30, 90, 180, 365)},
    "_at_last_order": Window(90, ends_at_last_order=True),
    "_before_last_order": Window(None, 90, ends_at_last_order=True),
}
_SPLIT = ("", "_180d")
_UP_TO_LAST_ORDER = ("_at_last_order", "_before_last_order")


def _any(f: Facts) -> Value:
    return f.ticket_id.notnull()


def _complaint(f: Facts) -> Value:
    return f.kind == "complaint"


def _question(f: Facts) -> Value:
    """Of any kind but a complaint."""
    return ~_complaint(f)


def _complaint_by(f: Facts, channel: str) -> Value:
    return _complaint(f) & (f.channel == channel)


def _by_then(f: Facts, column: str) -> Value:
    """A time that fills in later, null where it came after the end of the windows."""
    time = f.table[column]
    return (seconds(time) < f.at + f.ago).ifelse(time, None)


def _unanswered(f: Facts) -> Value:
    return _by_then(f, "first_response_at").isnull()


def _answered(f: Facts) -> Value:
    return ~_unanswered(f)


def _reopened(f: Facts) -> Value:
    return _by_then(f, "reopened_at").notnull()


def _unresolved(f: Facts) -> Value:
    return _open(_by_then(f, "resolved_at"), _by_then(f, "reopened_at") if "reopened_at" in f else None)


def _open(resolved: Value, reopened: Value | None) -> Value:
    """Never resolved, or reopened since; times are null where they came later."""
    if reopened is None:
        return resolved.isnull()
    return resolved.isnull() | (reopened > resolved).fill_null(False)


def open_on(tickets: ibis.Table, day: datetime) -> Value:
    """Whether a ticket was open when the day began; it must have `resolved_at`."""
    until = ibis.timestamp(day)
    times = {
        name: (tickets[name] < until).ifelse(tickets[name], None)
        for name in ("resolved_at", "reopened_at")
        if name in tickets.columns
    }
    return (tickets.opened_at < until) & _open(times["resolved_at"], times.get("reopened_at"))


def _resolved(f: Facts) -> Value:
    return ~_unresolved(f)


def _open_complaint(f: Facts) -> Value:
    return _complaint(f) & _unresolved(f)


def _open_since(f: Facts) -> Value:
    """When an open ticket began to wait: opened, or reopened since."""
    if "reopened_at" not in f:
        return f.opened_at
    return _by_then(f, "resolved_at").isnull().ifelse(f.opened_at, _by_then(f, "reopened_at"))


def _waiting(f: Facts) -> Value:
    """Neither answered nor resolved."""
    return _unanswered(f) & _by_then(f, "resolved_at").isnull() if "resolved_at" in f else _unanswered(f)


def _repeated(f: Facts) -> Value:
    """A complaint on a topic that the customer had complained of before."""
    return f.complaint_topic.notnull() & f.before_complaint_topic.notnull()


def _followed(f: Facts) -> Value:
    return f.ordered_after.notnull()


def _since_opened(f: Facts, column: str) -> Value:
    return seconds(f.table[column]) - seconds(f.opened_at)


def _count(f: Facts, window: Window, where: Condition) -> Value:
    known = window.of(f)
    return known.count(window.oldest, window.newest, where=where(known))


def _sum(f: Facts, window: Window, where: Condition, value: Callable[[Facts], Value]) -> Value:
    known = window.of(f)
    inside = known.between(window.oldest, window.newest) & where(known)
    return inside.ifelse(value(known), 0).sum()


def _longest_wait(f: Facts) -> Value:
    """Of the tickets of 180 days, in hours."""
    return f.ago.max(where=f.between(180) & _waiting(f)).cast("float64") / 3_600


def _open_days(f: Facts, window: Window) -> Value:
    known = window.of(f)
    waited = known.at + known.ago - seconds(_open_since(known))
    return waited.max(where=known.between(None) & _open_complaint(known)).cast("float64") / DAY


def _tallies(
    stem: str,
    where: Condition,
    windows: Sequence[str],
    needs: tuple[str, ...] = (),
    value: Callable[[Facts], Value] | None = None,
) -> list[Aggregate]:
    """Tickets counted, or a whole number of each summed, one aggregate a window."""
    tally = partial(_sum, value=value) if value else _count
    return [
        Aggregate(
            f"{stem}{suffix}", "tickets", partial(tally, window=WINDOWS[suffix], where=where), needs, empty=0
        )
        for suffix in windows
    ]


def _seconds(stem: str, where: Condition, windows: Sequence[str], column: str) -> list[Aggregate]:
    """Seconds from the opening to a later time, summed."""
    passed = partial(_since_opened, column=column)
    return _tallies(f"{stem}_seconds", where, windows, (column,), passed)


_ANSWER, _SOLUTION, _AGAIN, _TOPIC = ("first_response_at",), ("resolved_at",), ("reopened_at",), ("topic",)

AGGREGATES = (
    *_tallies("tickets", _any, _SPLIT),
    *_tallies("complaints", _complaint, list(WINDOWS)),
    *_tallies("questions", _question, ("_180d",)),
    *(
        aggregate
        for channel in CHANNELS
        for aggregate in _tallies(
            f"complaints_{channel}", partial(_complaint_by, channel=channel), ("_180d",), ("channel",)
        )
    ),
    Aggregate("complaint_topics_180d", "tickets", lambda f: f.distinct("complaint_topic", 180), _TOPIC, 0),
    *_tallies("complaints_repeated", _repeated, ("_180d",), _TOPIC),
    Aggregate("complaints_slope", "tickets", lambda f: f.trend(_complaint(f).ifelse(1, 0)), empty=0),
    Aggregate("days_since_complaint", "tickets", lambda f: f.days_since_last(where=_complaint(f))),
    Aggregate("last_complaint_at", "tickets", lambda f: f.opened_at.max(where=_complaint(f))),
    Aggregate(
        "first_complaint_180d_at", "tickets", lambda f: f.opened_at.min(where=_complaint(f) & f.between(180))
    ),
    Aggregate(
        "complaints_followable", "tickets", lambda f: f.count(None, FOLLOW_DAYS, where=_complaint(f)), empty=0
    ),
    Aggregate(
        "complaints_followed", "tickets", lambda f: f.count(None, FOLLOW_DAYS, where=_followed(f)), empty=0
    ),
    *_tallies("answered", _answered, (*_SPLIT, *_UP_TO_LAST_ORDER), _ANSWER),
    *_seconds("response", _answered, (*_SPLIT, *_UP_TO_LAST_ORDER), "first_response_at"),
    *_tallies("unanswered", _unanswered, ("_at_last_order",), _ANSWER),
    Aggregate("waiting_hours_longest_180d", "tickets", _longest_wait, _ANSWER),
    *_tallies("resolved", _resolved, _SPLIT, _SOLUTION),
    *_seconds("resolution", _resolved, _SPLIT, "resolved_at"),
    *_tallies("tickets_open", _unresolved, ("",), _SOLUTION),
    *(
        aggregate
        for suffix, window in (("", WINDOWS[""]), ("_at_last_order", Window(None, ends_at_last_order=True)))
        for aggregate in (
            Aggregate(
                f"complaints_open{suffix}",
                "tickets",
                partial(_count, window=window, where=_open_complaint),
                _SOLUTION,
                0,
            ),
            Aggregate(
                f"complaint_open_days{suffix}", "tickets", partial(_open_days, window=window), _SOLUTION
            ),
        )
    ),
    Aggregate("oldest_open_at", "tickets", lambda f: _open_since(f).min(where=_open_complaint(f)), _SOLUTION),
    *_tallies("reopened", _reopened, _SPLIT, _AGAIN),
)
