"""Whether sound tables hold enough to learn from: history, customers, and both outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import ibis.expr.types as ir

from features import clock
from features.facts import day_number
from features.labels import labels
from features.snapshots import cancellations, moments, population
from features.tables import Mode

FEWEST_CUSTOMERS, GOOD_CUSTOMERS, FEWEST_OUTCOMES, FEWEST_REPEATERS = 50, 100, 20, 10
HISTORY_DAYS = 60
SHORTEST_SILENCE = 7


class Definitions(Protocol):
    """The definitions that decide how much history is needed."""

    @property
    def mode(self) -> Mode: ...
    @property
    def horizon_days(self) -> int: ...
    @property
    def lookback_days(self) -> int: ...


@dataclass(frozen=True)
class Readiness:
    """Sentences: `missing`, what keeps training from being possible; `advice`, what would make it better."""

    missing: tuple[str, ...]
    advice: tuple[str, ...]

    @property
    def ready(self) -> bool:
        return not self.missing


def readiness(
    tables: Mapping[str, ir.Table], definitions: Definitions, *, now: datetime | None = None
) -> Readiness:
    """Judges clean tables by the orders up to `now` (UTC without a zone; the clock where it is null).

    Training needs some history and one horizon of orders; customers who paid and ordered again; and on the
    last day with a complete horizon, enough active customers of whom enough churned and enough stayed.
    Contractual: a horizon of cancellations, and as many subscribers who churned and who stayed.
    """
    now = now or clock.now()
    if definitions.mode == "contractual":
        return _contractual(tables, definitions, now)
    if "orders" not in tables:
        hint = " For churn from subscriptions, take --mode contractual." if "subscriptions" in tables else ""
        return Readiness((f"There are no orders to learn from.{hint}",), ())
    orders = tables["orders"]
    past = orders.filter(orders.ordered_at <= now)
    span = past.aggregate(first=past.ordered_at.min(), last=past.ordered_at.max()).to_pyarrow().to_pylist()[0]
    if span["first"] is None:
        return Readiness(("There are no orders before now to learn from.",), ())
    worthless = _value(past)
    missing, advice = _history(span["first"], span["last"], definitions)
    if missing:
        return Readiness((*missing, *worthless), advice)
    as_of = _day(span["last"]) + timedelta(days=1 - definitions.horizon_days)
    few, fewer = _outcomes({"orders": past}, as_of, definitions)
    return Readiness((*few, *worthless), (*advice, *fewer))


def silence(tables: Mapping[str, ir.Table], as_of: datetime, mode: Mode = "non_contractual") -> str | None:
    """A sentence where the orders end so long before `as_of` that some seem to be missing, else null.

    So long: more than 7 days, and more than the longest pause between two days with an order so far.
    Contractual: with a start or cancellation of a subscription.
    """
    times = moments(tables, mode)
    days = times.filter(times.time < as_of).select(day=day_number(times.time)).distinct()
    pauses = days.mutate(pause=days.day - days.day.lag().over(order_by="day"))
    row = pauses.aggregate(last=pauses.day.max(), pause=pauses.pause.max()).to_pyarrow().to_pylist()[0]
    if row["last"] is None:
        return None
    end = datetime(1970, 1, 1) + timedelta(days=row["last"] + 1)  # noqa: DTZ001
    missing = (as_of - end).days
    if missing <= max(SHORTEST_SILENCE, row["pause"] or 0):
        return None
    if mode == "contractual":
        return (
            f"The last start or cancellation of a subscription lies {missing:,} days before "
            f"{as_of:%Y-%m-%d}, and all would seem to have stayed since. Add what happened since then, or "
            f"take {end:%Y-%m-%d} as the day."
        )
    return (
        f"The orders end {missing:,} days before {as_of:%Y-%m-%d}, and that silence would be read as the "
        f"customers' own. Add the orders since then, or take {end:%Y-%m-%d} as the day."
    )


def _contractual(tables: Mapping[str, ir.Table], definitions: Definitions, now: datetime) -> Readiness:
    if "subscriptions" not in tables:
        return Readiness(("Contractual churn is learnt from subscriptions, and there is no such table.",), ())
    held = tables["subscriptions"]
    past = {"subscriptions": held.filter(held.started_at <= now)}
    ended = cancellations(past)
    ended = ended.filter(ended.time <= now)
    first = ended.aggregate(first=ended.time.min()).to_pyarrow()["first"][0].as_py()
    if first is None:
        return Readiness(
            (
                "No subscription was cancelled before now, so there is no churn to learn from: fill in "
                "subscriptions.cancelled_at.",
            ),
            (),
        )
    times = moments(past, "contractual")
    times = times.filter(times.time <= now)
    last = times.aggregate(last=times.time.max()).to_pyarrow()["last"][0].as_py()
    missing, advice = _cancelled_for(first, last, definitions.horizon_days)
    if "orders" not in tables and "price" not in held.columns:
        missing = (*missing, "subscriptions has no price, so no customer's value is known: fill it in.")
    if missing:
        return Readiness(missing, advice)
    as_of = _day(last) + timedelta(days=1 - definitions.horizon_days)
    few, fewer = _outcomes(past, as_of, definitions)
    return Readiness(few, (*advice, *fewer))


def _cancelled_for(first: datetime, last: datetime, horizon: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whether the cancellations known span one horizon, and two: one to learn from, one to judge on."""
    days = (_day(last) - _day(first)).days + 1
    known = f"Cancellations are known from {first:%Y-%m-%d} to {last:%Y-%m-%d}, {_days(days)}"
    until = [_day(first) + timedelta(days=many * horizon - 1) for many in (1, 2)]
    if days < horizon:
        return (
            f"{known}; training needs a horizon of {horizon}: cancellations until {until[0]:%Y-%m-%d}, or a "
            "shorter horizon.",
        ), ()
    if days < 2 * horizon:
        return (), (
            f"{known}; judging a model on a later horizon than it learnt from needs {2 * horizon}, "
            f"cancellations until {until[1]:%Y-%m-%d}. Until then it is judged on customers held out.",
        )
    return (), ()


def _day(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0, second=0, microsecond=0)


def _history(
    first: datetime, last: datetime, definitions: Definitions
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    horizon = definitions.horizon_days
    days = (_day(last) - _day(first)).days + 1
    orders = f"The orders run from {first:%Y-%m-%d} to {last:%Y-%m-%d}, {_days(days)}"
    needed, judged = HISTORY_DAYS + horizon, HISTORY_DAYS + 2 * horizon
    if days < needed:
        until = _day(first) + timedelta(days=needed - 1)
        return (
            f"{orders}; with a horizon of {horizon} days, training needs {needed} ({HISTORY_DAYS} of history"
            f" and one horizon): orders until {until:%Y-%m-%d}, or a shorter horizon.",
        ), ()
    if days < judged:
        until = _day(first) + timedelta(days=judged - 1)
        return (), (
            f"{orders}; judging a model on a later horizon than it learnt from needs {judged}, orders until"
            f" {until:%Y-%m-%d}. Until then it is judged on customers held out.",
        )
    full = definitions.lookback_days + 2 * horizon
    if days < full:
        until = _day(first) + timedelta(days=full - 1)
        return (), (
            f"{orders}; a lookback of {definitions.lookback_days} days is seen in full with orders until"
            f" {until:%Y-%m-%d}.",
        )
    return (), ()


def _value(orders: ir.Table) -> tuple[str, ...]:
    """What keeps the value from being learnt: no amounts, or too few who paid and ordered on two days."""
    customers = orders.group_by("customer_id").aggregate(
        days=day_number(orders.ordered_at).nunique(), orders=orders.count(), most=orders.amount.max()
    )
    paid = customers.most > 0
    again = customers.aggregate(
        orders=customers.orders.sum(),
        paid=customers.count(where=paid),
        again=customers.count(where=paid & (customers.days > 1)),
    )
    row = again.to_pyarrow().to_pylist()[0]
    if not row["paid"]:
        where = f"all {row['orders']:,} orders" if row["orders"] > 1 else "the only order"
        return (f"orders.amount is 0 in {where}, so no value can be learnt: fill in the net revenue.",)
    if row["again"] < FEWEST_REPEATERS:
        return (f"Too few customers ordered again: {row['again']}; training needs {FEWEST_REPEATERS}.",)
    return ()


def _outcomes(
    tables: Mapping[str, ir.Table], as_of: datetime, definitions: Definitions
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    horizon = definitions.horizon_days
    mode = definitions.mode
    outcome = labels(tables, population(tables, [as_of], definitions.lookback_days, mode), horizon, mode)
    counts = outcome.aggregate(active=outcome.count(), churned=outcome.count(where=outcome.churned))
    row = counts.to_pyarrow().to_pylist()[0]
    active, churned, stayed = row["active"], row["churned"], row["active"] - row["churned"]
    on = f"on {as_of:%Y-%m-%d}, the last day with a complete horizon of {horizon} days"
    missing = []
    if active < FEWEST_CUSTOMERS:
        were = "was" if active == 1 else "were"
        missing.append(f"{_customers(active)} {were} active {on}; training needs {FEWEST_CUSTOMERS}.")
    if churned < FEWEST_OUTCOMES:
        missing.append(f"{_customers(churned)} churned {on}; training needs {FEWEST_OUTCOMES}.")
    if stayed < FEWEST_OUTCOMES:
        missing.append(f"{_customers(stayed)} stayed {on}; training needs {FEWEST_OUTCOMES}.")
    if missing or active >= GOOD_CUSTOMERS:
        return tuple(missing), ()
    return (), (f"{_customers(active)} were active {on}; {GOOD_CUSTOMERS} make for steadier figures.",)


def _days(number: int) -> str:
    return f"{number:,} day{'' if number == 1 else 's'}"


def _customers(number: int) -> str:
    return f"{number:,} customer{'' if number == 1 else 's'}"
