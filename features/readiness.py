"""Whether sound tables hold enough to learn from: history, customers, and both outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import ibis.expr.types as ir

from features.facts import day_number
from features.labels import labels
from features.snapshots import population

FEWEST_CUSTOMERS, GOOD_CUSTOMERS, FEWEST_OUTCOMES, FEWEST_REPEATERS = 50, 100, 20, 10
HISTORY_DAYS = 60
SHORTEST_SILENCE = 7


class Definitions(Protocol):
    """The two definitions that decide how much history is needed."""

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
    """
    if "orders" not in tables:
        return Readiness(("There are no orders to learn from.",), ())
    orders = tables["orders"]
    past = orders.filter(orders.ordered_at <= (now or datetime.now(UTC).replace(tzinfo=None)))
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


def silence(tables: Mapping[str, ir.Table], as_of: datetime) -> str | None:
    """A sentence where the orders end so long before `as_of` that some seem to be missing, else null.

    So long: more than 7 days, and more than the longest pause between two days with an order so far.
    """
    orders = tables["orders"]
    days = orders.filter(orders.ordered_at < as_of).select(day=day_number(orders.ordered_at)).distinct()
    pauses = days.mutate(pause=days.day - days.day.lag().over(order_by="day"))
    row = pauses.aggregate(last=pauses.day.max(), pause=pauses.pause.max()).to_pyarrow().to_pylist()[0]
    if row["last"] is None:
        return None
    end = datetime(1970, 1, 1) + timedelta(days=row["last"] + 1)  # noqa: DTZ001
    missing = (as_of - end).days
    if missing <= max(SHORTEST_SILENCE, row["pause"] or 0):
        return None
    return (
        f"The orders end {missing:,} days before {as_of:%Y-%m-%d}, and that silence would be read as the "
        f"customers' own. Add the orders since then, or take {end:%Y-%m-%d} as the day."
    )


def _day(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0, second=0, microsecond=0)


def _history(
    first: datetime, last: datetime, definitions: Definitions
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    horizon = definitions.horizon_days
    days = (_day(last) - _day(first)).days + 1
    orders = f"The orders run from {first:%Y-%m-%d} to {last:%Y-%m-%d}, {days:,} days"
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
    outcome = labels(tables, population(tables, [as_of], definitions.lookback_days), horizon)
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


def _customers(number: int) -> str:
    return f"{number:,} customer{'' if number == 1 else 's'}"
