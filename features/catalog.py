"""Every feature of the relationship: what it is called, what it means, and how it is computed.

Each dimension's file declares two things: the *aggregates* it wants of a table (one pass over the table's
facts per snapshot serves all dimensions) and its *features*, computed from those aggregates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, Literal, get_args

import ibis

if TYPE_CHECKING:
    from features.facts import Facts
    from features.reference import Reference

Dimension = Literal["rhythm", "spend", "product", "service", "satisfaction", "engagement", "profile"]
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

Kind = Literal["number", "category", "fact"]
Value = Any  # an Ibis value expression


@dataclass(frozen=True)
class Aggregate:
    """One column aggregated over a table's facts, one value per snapshot.

    `needs`: columns beyond the required ones; where one is missing the aggregate is left out.
    `unless`: columns that make it superfluous; where one is there the aggregate is left out.
    `empty`: what a customer without any row in the table gets (0 for counts and sums, null otherwise).
    """

    name: str
    table: str
    value: Callable[[Facts], Value]
    needs: tuple[str, ...] = ()
    empty: int | None = None
    unless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """A value between aggregates and features, computed once by name, for features that build on it."""

    name: str
    needs: tuple[str, ...]
    value: Callable[[Row], Value]


@dataclass(frozen=True)
class Rate:
    """How often something happens per chance, shrunk toward the population so that few chances say little.

    `events`, `chances`: aggregates that count both, from which the reference learns the prior. `share`: each
    chance holds at most one event (a redeemed contact), else any number (returns of an order). `squares`: for
    a mean of values instead (the mood of answers), where `events` is their sum: the sum of their squares.
    """

    name: str
    events: str
    chances: str
    share: bool = False
    squares: str | None = None

    @property
    def aggregates(self) -> tuple[str, ...]:
        return (self.events, self.chances, *([self.squares] if self.squares else []))


@dataclass(frozen=True)
class Row:
    """The aggregates and steps of one snapshot, by attribute, and the reference of the training."""

    table: ibis.Table
    reference: Reference

    def __getattr__(self, name: str) -> Value:
        return self.table[name]

    def rate(self, name: str, events: Value, chances: Value) -> Value:
        """Events per chance, the prior of the rate `name` added to both; its mean where there is no chance.

        The posterior mean of a Beta-binomial or Gamma-Poisson with a prior learnt from all customers:
        Casella (1985), An Introduction to Empirical Bayes Data Analysis.
        """
        prior = self.reference.prior(name)
        # as they are, PostgreSQL would count on in decimals
        events, chances = events.cast("float64"), chances.cast("float64")
        known = chances + prior.chances
        return (events + prior.events) / (known if prior.chances > 0 else known.nullif(0))


@dataclass(frozen=True)
class Feature:
    """One feature, declared once.

    `needs`: aggregates it is computed from (its own name where left out, and no `steps`).
    `worse`: which way it points when the relationship weakens; null where neither way is worse by itself.
    `null`: what a missing value means. `low`, `high`: the values possible, both inclusive, in `unit`; nothing
    for names and dates. `words`: for a person, as a noun phrase.
    `kind`: a `fact` is told to people and never shown to a model.
    """

    name: str
    dimension: Dimension
    unit: str
    words: str
    worse: Literal["high", "low"] | None = None
    null: str = "never missing"
    needs: tuple[str, ...] = ()
    value: Callable[[Row], Value] | None = None
    kind: Kind = "number"
    low: float = 0.0
    high: float = inf
    steps: tuple[Step, ...] = ()

    @property
    def aggregates(self) -> tuple[str, ...]:
        of_steps = (name for step in self.steps for name in step.needs)
        return tuple(dict.fromkeys((*self.needs, *of_steps))) or (self.name,)

    def expression(self, row: Row) -> Value:
        return self.value(row) if self.value else row.table[self.name]


class Catalog:
    """The registry of aggregates, rates and features; it refuses duplicates and features without words."""

    def __init__(
        self, aggregates: Iterable[Aggregate], features: Iterable[Feature], rates: Iterable[Rate] = ()
    ) -> None:
        self._aggregates: dict[str, Aggregate] = {}
        self._features: dict[str, Feature] = {}
        self._rates: dict[str, Rate] = {}
        self._steps: dict[str, Step] = {}
        for aggregate in aggregates:
            self._add(self._aggregates, aggregate.name, aggregate)
        for rate in rates:
            self._require(f"rate {rate.name}", rate.aggregates)
            self._add(self._rates, rate.name, rate)
        for feature in features:
            self._check(feature)
            self._add(self._features, feature.name, feature)

    @staticmethod
    def _add(registry: dict[str, Any], name: str, entry: Any) -> None:
        if name in registry:
            raise ValueError(f"{name} is declared twice in the catalogue")
        registry[name] = entry

    def _check(self, feature: Feature) -> None:
        if not feature.words.strip() or not feature.unit.strip():
            raise ValueError(f"feature {feature.name} has no words or no unit for a person")
        self._require(f"feature {feature.name}", feature.aggregates)
        for step in feature.steps:
            if step.name in self._aggregates or self._steps.get(step.name, step) != step:
                raise ValueError(f"{step.name} is declared twice in the catalogue")
            self._steps[step.name] = step

    def _require(self, what: str, aggregates: Iterable[str]) -> None:
        missing = [name for name in aggregates if name not in self._aggregates]
        if missing:
            raise ValueError(f"{what} needs unknown aggregates: {', '.join(missing)}")

    def __iter__(self) -> Iterator[Feature]:
        return iter(self._features.values())

    def __len__(self) -> int:
        return len(self._features)

    def __contains__(self, name: str) -> bool:
        return name in self._features

    def __getitem__(self, name: str) -> Feature:
        return self._features[name]

    def tables(self, feature: Feature) -> tuple[str, ...]:
        """The tables a feature is computed from."""
        return tuple(dict.fromkeys(self._aggregates[name].table for name in feature.aggregates))

    def available(self, tables: Mapping[str, ibis.Table]) -> tuple[Feature, ...]:
        """The features that these tables can give, in the order of the catalogue."""
        there = self._there(tables)
        return tuple(f for f in self if there.issuperset(f.aggregates))

    def rates(self, tables: Mapping[str, ibis.Table]) -> tuple[Rate, ...]:
        """The rates that these tables can give."""
        there = self._there(tables)
        return tuple(rate for rate in self._rates.values() if there.issuperset(rate.aggregates))

    def _there(self, tables: Mapping[str, ibis.Table]) -> set[str]:
        return {name for name, aggregate in self._aggregates.items() if _is_there(aggregate, tables)}

    def aggregates(self, wanted: Iterable[Feature]) -> dict[str, list[Aggregate]]:
        """The aggregates that features need, by table."""
        return self.named(name for feature in wanted for name in feature.aggregates)

    def named(self, names: Iterable[str]) -> dict[str, list[Aggregate]]:
        """The aggregates of these names, by table."""
        by_table: dict[str, list[Aggregate]] = {}
        for name in dict.fromkeys(names):
            aggregate = self._aggregates[name]
            by_table.setdefault(aggregate.table, []).append(aggregate)
        return by_table


def _is_there(aggregate: Aggregate, tables: Mapping[str, ibis.Table]) -> bool:
    table = tables.get(aggregate.table)
    if table is None:
        return False
    columns = set(table.columns)
    return columns.issuperset(aggregate.needs) and columns.isdisjoint(aggregate.unless)
