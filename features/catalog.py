"""Every feature of the relationship: what it is called, what it means, and how it is computed.

Each dimension's file declares two things: the *aggregates* it wants of a table (one pass over the table's
facts per snapshot serves all dimensions) and its *features*, computed from those aggregates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
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
    `empty`: what a customer without any row in the table gets (0 for counts and sums, null otherwise).
    """

    name: str
    table: str
    value: Callable[[Facts], Value]
    needs: tuple[str, ...] = ()
    empty: int | None = None


@dataclass(frozen=True)
class Row:
    """The aggregates of one snapshot, by attribute, and the reference of the training."""

    table: ibis.Table
    reference: Reference

    def __getattr__(self, name: str) -> Value:
        return self.table[name]


@dataclass(frozen=True)
class Feature:
    """One feature, declared once.

    `needs`: aggregates it is computed from (its own name where left out).
    `worse`: which way it points when the relationship weakens; null where neither way is worse by itself.
    `null`: what a missing value means. `words`: for a person, as a noun phrase.
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

    @property
    def aggregates(self) -> tuple[str, ...]:
        return self.needs or (self.name,)

    def expression(self, row: Row) -> Value:
        return self.value(row) if self.value else row.table[self.name]


class Catalog:
    """The registry of aggregates and features; it refuses duplicates and features without words."""

    def __init__(self, aggregates: Iterable[Aggregate], features: Iterable[Feature]) -> None:
        self._aggregates: dict[str, Aggregate] = {}
        self._features: dict[str, Feature] = {}
        for aggregate in aggregates:
            self._add(self._aggregates, aggregate.name, aggregate)
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
        missing = [name for name in feature.aggregates if name not in self._aggregates]
        if missing:
            raise ValueError(f"feature {feature.name} needs unknown aggregates: {', '.join(missing)}")

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
        there = {name for name, aggregate in self._aggregates.items() if _is_there(aggregate, tables)}
        return tuple(f for f in self if there.issuperset(f.aggregates))

    def aggregates(self, features: Iterable[Feature]) -> dict[str, list[Aggregate]]:
        """The aggregates that `features` need, by table."""
        by_table: dict[str, list[Aggregate]] = {}
        for name in dict.fromkeys(name for feature in features for name in feature.aggregates):
            aggregate = self._aggregates[name]
            by_table.setdefault(aggregate.table, []).append(aggregate)
        return by_table


def _is_there(aggregate: Aggregate, tables: Mapping[str, ibis.Table]) -> bool:
    table = tables.get(aggregate.table)
    return table is not None and set(aggregate.needs) <= set(table.columns)
