"""All dimensions → one row per snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

import ibis

from features import engagement, product, profile, rhythm, satisfaction, service, spend
from features.catalog import Aggregate, Catalog, Feature, Row
from features.facts import facts, moments

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
    row = aggregated(tables, snapshots, book.aggregates(features), reference)
    steps = {step.name: step for feature in features for step in feature.steps}
    if steps:
        row = row.mutate(**{name: step.value(Row(row, reference)) for name, step in steps.items()})
    view = Row(row, reference)
    return row.select(*KEYS, **{feature.name: _typed(feature, view) for feature in features})


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
    parts = [_aggregate(name, tables, measured, aggs, reference) for name, aggs in wanted.items()]
    joined = reduce(lambda left, right: _left_join(left, right), parts, snapshots)
    empty = {
        a.name: joined[a.name].fill_null(a.empty) for aggs in wanted.values() for a in aggs if a.empty == 0
    }
    return joined.mutate(**empty) if empty else joined


def _aggregate(
    name: str,
    tables: Mapping[str, ibis.Table],
    snapshots: ibis.Table,
    aggregates: Sequence[Aggregate],
    reference: Reference | None,
) -> ibis.Table:
    known = facts(name, tables, snapshots, reference)
    return known.table.group_by(*KEYS).aggregate(**{a.name: a.value(known) for a in aggregates})


def _left_join(left: ibis.Table, right: ibis.Table) -> ibis.Table:
    return left.left_join(right, list(KEYS)).drop(*(f"{key}_right" for key in KEYS))


def _typed(feature: Feature, row: Row) -> ibis.Value:
    value = feature.expression(row)
    return value.cast("float64") if feature.kind == "number" else value
