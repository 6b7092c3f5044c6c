"""Subscriptions: for how long, which plan at which price, what changed, and what was cancelled before.

Each dimension takes its share: rhythm the leaving and coming back, spend the price, product how many are
held, profile tenure, plan and anniversary. A price is for a month.
"""

from __future__ import annotations

from math import inf
from typing import Any, Literal

import ibis

from features.catalog import Aggregate, Dimension, Feature, Row
from features.facts import DAY, Facts, money, seconds

YEAR_DAYS = 365.25

Value = Any  # an Ibis value expression


def _running(f: Facts) -> Value:
    return f.cancelled_at.isnull()


def _ran_365d_before(f: Facts) -> Value:
    """Whether a subscription that had started by then ran 365 days before."""
    return _running(f) | (f.now - seconds(f.cancelled_at) <= 365 * DAY)


def _replaces(f: Facts) -> Value:
    """Whether a row is known to replace another."""
    return (f.replaced_at < f.as_of).fill_null(False)


def _changed_plan(f: Facts) -> Value:
    return _replaces(f) & ((f.plan != f.replaced_plan).fill_null(False))


def _step(f: Facts) -> Value:
    """How much more a row costs than the one it replaces, in ten-thousandths; null where it isn't known."""
    return _replaces(f).ifelse(f.whole_price - f.replaced_price, None)


def _price_rise(f: Facts) -> Value:
    rose = (_step(f) > 0).fill_null(False)
    return rose & ~_changed_plan(f) if "plan" in f else rose


def _price(f: Facts, where: Value) -> Value:
    return money(f.whole_price.sum(where=where & f.whole_price.notnull()))


def _newest_plan(f: Facts) -> Value:
    """The plan that started last of those running, the last by name where several did at once."""
    named = f.at.cast("string").lpad(12, "0") + f.plan
    return named.max(where=_running(f)).substr(12)


def _to_anniversary(row: Row) -> Value:
    years = row.subscription_days / YEAR_DAYS
    return YEAR_DAYS * (years.floor() + 1 - years)


def _of(name: str, value: Any, needs: tuple[str, ...] = (), empty: int | None = None) -> Aggregate:
    return Aggregate(name, "subscriptions", value, needs, empty)


_PRICE, _CHANGE = ("price",), ("price", "cancelled_at")
_PLAN_CHANGE = ("plan", "price", "cancelled_at")

AGGREGATES = (
    _of("subscriptions_running", lambda f: f.count(where=_running(f)), empty=0),
    _of(
        "subscriptions_365d_before",
        lambda f: f.count(None, 365, where=_ran_365d_before(f)),
        ("cancelled_at",),
        0,
    ),
    _of("subscription_days", lambda f: f.days_since_last(where=f.starts_spell)),
    _of("subscription_spells", lambda f: f.count(where=f.starts_spell), ("cancelled_at",), 0),
    _of(
        "days_since_all_cancelled",
        lambda f: (f.now.max() - f.spell_before.max()).cast("float64") / DAY,
        ("cancelled_at",),
    ),
    _of("subscription_plan", _newest_plan, ("plan",)),
    _of("subscription_price", lambda f: _price(f, _running(f)), _PRICE),
    _of("price_rise_365d", lambda f: money(_within_year(f, _step(f), _price_rise(f))), _CHANGE, 0),
    _of("price_rises_365d", lambda f: f.count(365, where=_price_rise(f)), _CHANGE, 0),
    _of("subscription_price_change_365d", lambda f: money(_within_year(f, _step(f))), _CHANGE, 0),
    _of(
        "days_since_price_change",
        lambda f: f.days_since_last(where=(_step(f) != 0).fill_null(False)),
        _CHANGE,
    ),
    _of("last_price_rise_at", lambda f: f.started_at.max(where=_price_rise(f)), _CHANGE),
    _of("upgrades_365d", lambda f: f.count(365, where=_changed_plan(f) & (_step(f) > 0)), _PLAN_CHANGE, 0),
    _of("downgrades_365d", lambda f: f.count(365, where=_changed_plan(f) & (_step(f) < 0)), _PLAN_CHANGE, 0),
)


def _within_year(f: Facts, value: Value, where: Value = None) -> Value:
    inside = f.between(365) if where is None else f.between(365) & where
    return inside.ifelse(value, 0).sum()


_NONE_HELD = "held no subscription yet"


def _feature(
    name: str,
    dimension: Dimension,
    unit: str,
    words: str,
    worse: Literal["high", "low"] | None = None,
    **fields: Any,
) -> Feature:
    return Feature(name, dimension, unit, words, worse, **fields)


RHYTHM = (
    _feature(
        "subscription_comebacks",
        "rhythm",
        "times",
        "times they had cancelled all subscriptions and came back",
        "high",
        needs=("subscription_spells",),
        value=lambda row: ibis.greatest(row.subscription_spells - 1, 0),
    ),
    _feature(
        "days_since_all_cancelled",
        "rhythm",
        "days",
        "days since they had last cancelled all subscriptions and then came back",
        null="never came back after cancelling all subscriptions",
    ),
)

SPEND = (
    _feature(
        "subscription_price",
        "spend",
        "money a month",
        "price of the subscriptions running",
        null="no subscription running whose price is known",
    ),
    _feature(
        "subscription_price_change_365d",
        "spend",
        "money a month",
        "change of the price by new prices and other plans in the last 365 days",
        low=-inf,
    ),
    _feature(
        "price_rise_365d",
        "spend",
        "money a month",
        "rise of the price of the same plan in the last 365 days",
        "high",
    ),
    _feature(
        "price_rises_365d",
        "spend",
        "rises",
        "rises of the price of the same plan in the last 365 days",
        "high",
    ),
    _feature(
        "days_since_price_change",
        "spend",
        "days",
        "days since the price of a subscription changed",
        null="the price never changed",
    ),
    _feature("upgrades_365d", "spend", "changes", "changes to a dearer plan in the last 365 days"),
    _feature("downgrades_365d", "spend", "changes", "changes to a cheaper plan in the last 365 days", "high"),
    _feature(
        "last_price_rise_at",
        "spend",
        "date",
        "time of the last rise of the price of the same plan",
        null="the price never rose",
        kind="fact",
    ),
)

PRODUCT = (
    _feature("subscriptions_running", "product", "subscriptions", "subscriptions running", "low"),
    _feature(
        "subscriptions_365d_before",
        "product",
        "subscriptions",
        "subscriptions that ran 365 days ago",
        kind="fact",
    ),
    _feature(
        "subscriptions_change_365d",
        "product",
        "subscriptions",
        "subscriptions running minus those 365 days ago",
        "low",
        low=-inf,
        null="no subscription ran 365 days ago",
        needs=("subscriptions_running", "subscriptions_365d_before"),
        value=lambda row: row.subscriptions_running - row.subscriptions_365d_before.nullif(0),
    ),
)

PROFILE = (
    _feature(
        "subscription_days",
        "profile",
        "days",
        "days since they became a subscriber without a gap",
        null=_NONE_HELD,
    ),
    _feature(
        "days_to_anniversary",
        "profile",
        "days",
        "days to the next anniversary of the subscription, of 365.25 days",
        null=_NONE_HELD,
        high=YEAR_DAYS,
        needs=("subscription_days",),
        value=_to_anniversary,
    ),
    _feature(
        "subscription_plan",
        "profile",
        "name",
        "plan of the newest subscription running",
        null="no subscription running, or its plan not given",
        kind="category",
    ),
)
