"""Whether engagement fades: against the customer's own past, up to today and up to the last order.

Engagement that ends with the orders is an echo of their end; whether it fell before, the windows up to the
last order tell.
"""

from __future__ import annotations

from functools import partial
from math import inf
from typing import Any

import ibis

from features.activities import WORDS, between, counted, is_of
from features.catalog import Aggregate, Feature, Row, Step
from features.facts import LAST_WORD_DAYS, Facts

_FOLLOWED = ("activities", "visits")


def _counted_then(f: Facts, name: str, oldest: int, newest: int = 0) -> Any:
    return counted(f.at_last_order, name, oldest, newest)


def _since_order(f: Facts) -> Any:
    return f.count(where=is_of(f, "visits") & (f.ago < f.silence))


def _days_in_touch(row: Row) -> Any:
    """Days since the first order or activity, whichever came first."""
    return ibis.greatest(row.days_since_first_order.fill_null(0), row.days_since_first_activity.fill_null(0))


def _days_before_then(row: Row) -> Any:
    """Up to 270 days before the 90 up to the last order; null where fewer than 90 are known."""
    known = _days_in_touch(row) - ibis.greatest(row.days_since_order - LAST_WORD_DAYS, 0)
    days = ibis.least(known, 360) - 90
    return (days >= 90).ifelse(days, None)


def _if_known(row: Row, days: int, value: Any) -> Any:
    return (row.days_in_touch >= days).ifelse(value, None)


def _change(row: Row, name: str) -> Any:
    now, before = row.table[f"{name}_90d"], between(row, name, 180, 90)
    return _if_known(row, 180, (now + 1) / (before + 1))


def _before_then(row: Row, name: str) -> Any:
    """Per 90 days, of those before the 90 up to the last order."""
    return 90 * row.table[f"{name}_year_before_last_order"] / row.days_before_last_order_90d


def _change_then(row: Row, name: str, window: str, times: int) -> Any:
    return (times * row.table[f"{name}{window}_at_last_order"] + 1) / (_before_then(row, name) + 1)


AGGREGATES = (
    Aggregate("days_since_first_activity", "engagement", lambda f: f.days_since_first()),
    Aggregate("visits_since_order", "engagement", _since_order, empty=0),
    Aggregate("activities_trend", "engagement", lambda f: f.trend(1), empty=0),
    *(
        Aggregate(name, "engagement", partial(_counted_then, name=of, oldest=oldest, newest=newest), empty=0)
        for name, of, oldest, newest in (
            ("activities_30d_at_last_order", "activities", 30, 0),
            ("activities_at_last_order", "activities", 90, 0),
            ("activities_year_before_last_order", "activities", 360, 90),
            ("visits_at_last_order", "visits", 90, 0),
            ("visits_year_before_last_order", "visits", 360, 90),
        )
    ),
)

_FIRST = ("days_since_first_order", "days_since_first_activity")
_IN_TOUCH = Step("days_in_touch", _FIRST, _days_in_touch)
_BEFORE_THEN = Step("days_before_last_order_90d", ("days_since_order", *_FIRST), _days_before_then)


def _not_known(days: int) -> str:
    return f"first order and first activity less than {days} days ago"


_NONE_BEFORE = "first order and first activity less than 180 days before the last order"
_THEN = (("activities", "_30d", 30, 3), ("activities", "", 90, 1), ("visits", "", 90, 1))

FEATURES = (
    Feature(
        "activity_change",
        "engagement",
        "ratio",
        "activity per day in the last 30 days over that of the 60 days before",
        worse="low",
        null=f"no activity between 30 and 90 days ago, or {_not_known(90)}",
        needs=("activities_30d", "activities_90d"),
        steps=(_IN_TOUCH,),
        value=lambda row: _if_known(
            row, 90, 2 * row.activities_30d / between(row, "activities", 90, 30).nullif(0)
        ),
    ),
    *(
        Feature(
            f"{name}_change_90d",
            "engagement",
            "ratio",
            f"{name} in the last 90 days over those of the 90 before, one added to each",
            worse="low",
            null=_not_known(180),
            needs=(f"{name}_90d", f"{name}_180d"),
            steps=(_IN_TOUCH,),
            value=partial(_change, name=name),
        )
        for name in _FOLLOWED
    ),
    Feature(
        "activities_trend",
        "engagement",
        "activities a month",
        "slope of the activities per month over twelve months",
        worse="low",
        low=-inf,
        null=_not_known(360),
        needs=("activities_trend",),
        steps=(_IN_TOUCH,),
        value=lambda row: _if_known(row, 360, row.activities_trend),
    ),
    Feature(
        "visits_since_order",
        "engagement",
        "activities",
        "visits since the last order",
        needs=("visits_since_order", "orders"),
        value=lambda row: row.visits_since_order,
    ),
    *(
        Feature(
            f"{name}{window}_at_last_order",
            "engagement",
            "activities",
            f"{WORDS[name]} in the {days} days up to the last order",
            worse="low",
        )
        for name, window, days, _ in _THEN
    ),
    Feature(
        "activities_before_last_order",
        "engagement",
        "activities",
        f"{WORDS['activities']} per 90 days, before the 90 up to the last order",
        null=_NONE_BEFORE,
        needs=("activities_year_before_last_order",),
        steps=(_BEFORE_THEN,),
        value=partial(_before_then, name="activities"),
    ),
    *(
        Feature(
            f"{name}{window}_change_at_last_order",
            "engagement",
            "ratio",
            f"{name} per 90 days in the {days} up to the last order over before, one added",
            worse="low",
            null=_NONE_BEFORE,
            needs=(f"{name}{window}_at_last_order", f"{name}_year_before_last_order"),
            steps=(_BEFORE_THEN,),
            value=partial(_change_then, name=name, window=window, times=times),
        )
        for name, window, days, times in _THEN
    ),
)
