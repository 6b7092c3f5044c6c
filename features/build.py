"""All dimensions → one row per snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import ibis

from features import engagement, product, profile, rhythm, satisfaction, service, spend
from features.catalog import Aggregate, Catalog, Feature, Row
from features.facts import Facts
from features.known import facts, moments

if TYPE_CHECKING:
    from features.reference import Reference

_ROOMS = (rhythm, spend, product, service, satisfaction, engagement, profile)
KEYS = ("customer_id", "as_of")


def catalog(tables: Mapping[str, ibis.Table]) -> Catalog:
    """Every feature Amity knows, and the attributes of these tables."""
    more_aggregates, more_features = profile.attributes(tables)
    return Catalog(
        [a for room in _ROOMS for a in room.AGGREGATES] + list(more_aggregates),
        [f for room in _ROOMS for f in room.FEATURES] + list(more_features),
        [r for room in _ROOMS for r in getattr(room, "RATES", ())],
    )


def build(
    tables: Mapping[str, ibis.Table],
    snapshots: ibis.Table,
    reference: Reference,
    only: Sequence[str] | None = None,
) -> ibis.Table:
    """One row per snapshot: customer_id, as_of, then the features that the tables give, in catalogue order.

    One aggregation per table. `only`: the features wanted; all that are available where left out.
    """
    book = catalog(tables)
    features = [f for f in book.available(tables) if only is None or f.name in only]
    return finished(aggregated(tables, snapshots, book.aggregates(features), reference), features, reference)


def aggregated(
    tables: Mapping[str, ibis.Table],
    snapshots: ibis.Table,
    wanted: Mapping[str, Sequence[Aggregate]],
    reference: Reference | None = None,
) -> ibis.Table:
    """One row per snapshot: customer_id, as_of, then the aggregates wanted; one aggregation per table.

    `reference`: none while it is itself being learnt; an aggregate that needs it can't be had then.
    """
    measured = moments(snapshots, tables.get("orders"))
    parts = {name: part(facts(name, tables, measured, reference), some) for name, some in wanted.items()}
    return joined(snapshots, parts, wanted)


def part(known: Facts, aggregates: Sequence[Aggregate]) -> ibis.Table:
    """The aggregates of one table: a row for each snapshot that knows any of its rows."""
    return known.table.group_by(*KEYS).aggregate(**{a.name: a.value(known) for a in aggregates})


def joined(
    row: ibis.Table, parts: Mapping[str, ibis.Table], wanted: Mapping[str, Sequence[Aggregate]]
) -> ibis.Table:
    """One row per snapshot with the aggregates `wanted` of its `parts`, both by table.

    `row`: of each snapshot; the aggregates of tables without a part are there already.
    """
    for number, each in enumerate(parts.values()):
        row = row.left_join(each, list(KEYS), rname=f"{{name}}_of_{number}")
    values = {
        a.name: _or_empty(row[a.name], a) if name in parts else row[a.name]
        for name, some in wanted.items()
        for a in some
    }
    return row.select(*KEYS, **values)


def finished(row: ibis.Table, features: Sequence[Feature], reference: Reference) -> ibis.Table:
    """One row per snapshot: customer_id, as_of, then the features, from a row with their aggregates."""
    steps = {step.name: step for feature in features for step in feature.steps}
    if steps:
        row = row.mutate(**{name: step.value(Row(row, reference)) for name, step in steps.items()})
    view = Row(row, reference)
    return row.select(*KEYS, **{feature.name: _typed(feature, view) for feature in features})


def _or_empty(value: ibis.Value, aggregate: Aggregate) -> ibis.Value:
    return value if aggregate.empty is None else value.fill_null(aggregate.empty)


def _typed(feature: Feature, row: Row) -> ibis.Value:
    value = feature.expression(row)
    return value.cast("float64") if feature.kind == "number" else value
