"""Complaints, time to first response, unresolved tickets, reopened tickets.

Rates lean toward those of all customers the more, the fewer chances a customer gave.
"""

from __future__ import annotations

from functools import partial
from math import inf
from typing import Any, Literal

from features import tickets
from features.catalog import Aggregate, Feature, Rate, Row, Step
from features.estimates import WHEN, parts
from features.facts import DAY, Facts
from features.tickets import CHANNELS, FOLLOW_DAYS

WINDOWS = (30, 90, 180, 365)
_YEAR_OF_MONTHS = 360

_WHEN = {
    "": "ever",
    **{f"_{n}d": f"in the last {n} days" for n in WINDOWS},
    **WHEN,
}
_CHANGES = {
    "_change": ("_180d", "_before", "last 180 days minus before"),
    "_change_at_last_order": (
        "_at_last_order",
        "_before_last_order",
        "90 days up to the last order minus before",
    ),
}
"""Changes: of which window, against which, in words."""

Value = Any  # an Ibis value expression


def _days_known(f: Facts) -> Value:
    return (f.ago.max() / DAY).floor().cast("int64")


AGGREGATES = (*tickets.AGGREGATES, Aggregate("days_known", "orders", _days_known, empty=0))
RATES = (
    Rate("complaint_rate", "complaints_365d", "orders_365d"),
    Rate("complaint_pace", "complaints", "days_known"),
    Rate("complaint_follow_share", "complaints_followed", "complaints_followable", share=True),
    Rate("answered_share", "answered", "tickets", share=True),
    Rate("resolved_share", "resolved", "tickets", share=True),
    Rate("reopened_share", "reopened", "tickets", share=True),
)


def _parts(stem: str, window: str) -> tuple[str, ...]:
    """The aggregate of a window, or two, of which it is the first less the second."""
    if (stem, window) == ("orders", "_before_last_order"):
        return "orders", "orders_at_last_order"
    return parts(stem, window)


def _needs(*stems: str, windows: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for w in windows for stem in stems for part in _parts(stem, w)))


def _number(row: Row, stem: str, window: str) -> Value:
    whole, *less = (row.table[name].cast("float64") for name in _parts(stem, window))
    return whole - less[0] if less else whole


def _feature(name: str, unit: str, words: str, **more: Any) -> Feature:
    return Feature(name, "service", unit, words, **more)


def _count(stem: str, windows: tuple[str, ...], unit: str, words: str, **more: Any) -> list[Feature]:
    return [_feature(f"{stem}{window}", unit, f"{words} {_WHEN[window]}", **more) for window in windows]


def _complaints_and_orders(row: Row, window: str) -> tuple[Value, Value]:
    return _number(row, "complaints", window), _number(row, "orders", window)


def _complaint_rate(window: str) -> Feature:
    return _feature(
        f"complaint_rate{window}",
        "complaints per order",
        f"estimated complaints per order {_WHEN[window]}",
        worse="high",
        null="no orders in the training",
        needs=_needs("complaints", "orders", windows=(window,)),
        value=lambda row: row.rate("complaint_rate", *_complaints_and_orders(row, window)),
    )


def _complaint_rate_change(suffix: str) -> Feature:
    now, before, words = _CHANGES[suffix]
    return _feature(
        f"complaint_rate{suffix}",
        "complaints per order",
        f"estimated complaints per order, {words}",
        worse="high",
        needs=_needs("complaints", "orders", windows=(now, before)),
        value=lambda row: _difference(row, now, before),
        low=-inf,
    )


def _difference(row: Row, now: str, before: str) -> Value:
    """The difference of the two rates, the less of it the fewer orders either has; 0 where one has none.

    Of n orders and m before, each with k times the variance that the true rates have, the difference has the
    credibility n·m / (n·m + (n + m)·k/2): Bühlmann & Gisler (2005), A Course in Credibility Theory.
    """
    (events, n), (events_before, m) = _complaints_and_orders(row, now), _complaints_and_orders(row, before)
    weight = n * m + (n + m) * (row.reference.prior("complaint_rate").chances / 2)
    return ((events * m - events_before * n) / weight.nullif(0)).fill_null(0.0)


def _raw_rate_before_last_order(row: Row) -> Value:
    complaints, orders = _complaints_and_orders(row, "_before_last_order")
    return complaints / orders.nullif(0)


def _share(what: str, words: str, worse: Literal["high", "low"]) -> Feature:
    """Of the tickets of 180 days."""
    events, name = f"{what}_180d", f"{what}_share"
    return _feature(
        f"{name}_180d",
        "share",
        f"estimated share of tickets {words} in the last 180 days",
        worse=worse,
        null="no tickets in the training",
        needs=(events, "tickets_180d"),
        value=lambda row: row.rate(name, row.table[events], row.tickets_180d),
        high=1.0,
    )


def _hours(stem: str, count: str, words: str, windows: tuple[str, ...]) -> list[Feature]:
    """Mean hours in windows and their changes; `count`: of the tickets that have them."""
    needs = partial(_needs, f"{stem}_seconds", count)
    mean = partial(_mean_hours, stem=stem, count=count)
    steps = {
        window: Step(f"{stem}_hours{window}", needs(windows=(window,)), partial(mean, window=window))
        for window in windows
    }

    def change(row: Row, now: str, before: str) -> Value:
        earlier = row.table[steps[before].name] if before in steps else mean(row, window=before)
        return row.table[steps[now].name] - earlier

    return [
        *(
            _feature(
                step.name,
                "hours",
                f"mean hours to the {words} {_WHEN[window]}",
                worse="high",
                null=f"no {count} ticket {_WHEN[window]}",
                steps=(step,),
            )
            for window, step in steps.items()
        ),
        *(
            _feature(
                f"{stem}_hours{suffix}",
                "hours",
                f"mean hours to the {words}, {told}",
                worse="high",
                null=f"no {count} ticket in one of the two times",
                needs=needs(windows=(now, before)),
                steps=tuple(steps[window] for window in (now, before) if window in steps),
                value=partial(change, now=now, before=before),
                low=-inf,
            )
            for suffix, (now, before, told) in _CHANGES.items()
            if now in steps
        ),
    ]


def _mean_hours(row: Row, stem: str, count: str, window: str) -> Value:
    return _number(row, f"{stem}_seconds", window) / _number(row, count, window).nullif(0) / 3_600


def _silence(row: Row) -> Value:
    return (row.days_since_complaint < row.days_since_order).ifelse(row.days_since_complaint, None)


_SILENCE = Step("silence_after_complaint", ("days_since_order", "days_since_complaint"), _silence)

_COUNTS = (
    *_count("complaints", ("", *(f"_{n}d" for n in WINDOWS)), "complaints", "complaints", worse="high"),
    *(
        counted
        for channel, by in CHANNELS.items()
        for counted in _count(
            f"complaints_{channel}", ("_180d",), "complaints", f"complaints {by}", worse="high"
        )
    ),
    *_count("complaint_topics", ("_180d",), "topics", "topics complained about", worse="high"),
    *_count(
        "complaints_repeated",
        ("_180d",),
        "complaints",
        "complaints on a topic complained about before,",
        worse="high",
    ),
    *_count("tickets", ("_180d",), "tickets", "tickets"),
    *_count("questions", ("_180d",), "tickets", "questions and requests"),
    _feature(
        "unanswered_180d",
        "tickets",
        "tickets of the last 180 days without any answer",
        worse="high",
        needs=("tickets_180d", "answered_180d"),
        value=lambda row: row.tickets_180d - row.answered_180d,
    ),
    _feature("reopened_180d", "tickets", "tickets of the last 180 days that were reopened", worse="high"),
)

_RATES_AND_SHARES = (
    *map(_complaint_rate, ("_90d", "_365d", "_before")),
    _complaint_rate_change("_change"),
    _feature(
        "complaints_per_month",
        "complaints a month",
        "estimated complaints per month (30 days) since the first order",
        worse="high",
        null="no order before the day of the training",
        needs=("complaints", "days_known"),
        value=lambda row: row.rate("complaint_pace", row.complaints, row.days_known) * 30,
    ),
    _feature(
        "complaints_slope",
        "complaints a month",
        "slope of the complaints per month over twelve months",
        worse="high",
        null=f"first order less than {_YEAR_OF_MONTHS} days ago",
        needs=("complaints_slope", "days_since_first_order"),
        value=lambda row: (row.days_since_first_order >= _YEAR_OF_MONTHS).ifelse(row.complaints_slope, None),
        low=-inf,
    ),
    _feature(
        "complaint_follow_share",
        "share",
        f"estimated share of complaints that an order followed within {FOLLOW_DAYS} days",
        worse="low",
        null="no complaint in the training",
        needs=("complaints_followed", "complaints_followable", "orders"),
        value=lambda row: row.rate(
            "complaint_follow_share", row.complaints_followed, row.complaints_followable
        ),
        high=1.0,
    ),
    _share("answered", "answered", "low"),
    _share("resolved", "resolved", "low"),
    _share("reopened", "reopened", "high"),
    *map(_complaint_rate, ("_at_last_order", "_before_last_order")),
    _complaint_rate_change("_change_at_last_order"),
)

_WAITING = (
    *_hours("response", "answered", "first answer", ("_180d", "_before", "_at_last_order")),
    *_hours("resolution", "resolved", "solution", ("_180d", "_before")),
    _feature(
        "waiting_hours_longest_180d",
        "hours",
        "longest wait of the tickets of the last 180 days not yet answered",
        worse="high",
        null="no ticket of the last 180 days waits for its answer",
    ),
    _feature("tickets_open", "tickets", "tickets still open", worse="high"),
    _feature("complaints_open", "complaints", "complaints still open", worse="high"),
    _feature(
        "complaint_open_days",
        "days",
        "days that the oldest open complaint has waited",
        worse="high",
        null="no open complaint",
    ),
)

_AFTERWARDS = (
    _feature("days_since_complaint", "days", "days since the last complaint", null="no complaint yet"),
    _feature(
        "complaint_after_order",
        "days",
        "days from the last order to the last complaint, where the complaint came later",
        worse="high",
        null="no complaint after the last order",
        needs=("days_since_order",),
        steps=(_SILENCE,),
        value=lambda row: row.days_since_order - row.silence_after_complaint,
    ),
    _feature(
        "silence_after_complaint",
        "days",
        "days since the last complaint, where no order followed it",
        worse="high",
        null="no complaint after the last order",
        steps=(_SILENCE,),
    ),
)

_LAST_ORDER = (
    *_count("complaints", ("_at_last_order",), "complaints", "complaints", worse="high"),
    _feature(
        "complaints_open_at_last_order",
        "complaints",
        "complaints open at the last sign of life, 14 days after the last order at most",
        worse="high",
    ),
    _feature(
        "complaint_open_days_at_last_order",
        "days",
        "days that the oldest complaint open at the last sign of life had waited by then",
        worse="high",
        null="no open complaint at the last sign of life",
    ),
    _feature(
        "unanswered_at_last_order",
        "tickets",
        "tickets in the 90 days up to the last order, unanswered then",
        worse="high",
    ),
)

_FACTS = (
    _feature(
        "complaints_per_order_before_last_order",
        "complaints per order",
        "complaints per order before the 90 days up to the last order",
        null="no order before these days",
        kind="fact",
        needs=_needs("complaints", "orders", windows=("_before_last_order",)),
        value=_raw_rate_before_last_order,
    ),
    *(
        _feature(name, "date", f"time of the {words}", null=null, kind="fact")
        for name, words, null in (
            ("last_complaint_at", "last complaint", "no complaint yet"),
            (
                "first_complaint_180d_at",
                "first complaint in the last 180 days",
                "no complaint in the last 180 days",
            ),
            ("oldest_open_at", "oldest open complaint", "no open complaint"),
        )
    ),
)

FEATURES = (*_COUNTS, *_RATES_AND_SHARES, *_WAITING, *_AFTERWARDS, *_LAST_ORDER, *_FACTS)
