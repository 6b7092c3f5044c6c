"""What happened next: the only code that looks past `as_of`."""

from __future__ import annotations

from collections.abc import Mapping

import ibis

from features.facts import money, whole


def labels(tables: Mapping[str, ibis.Table], snapshots: ibis.Table, horizon_days: int) -> ibis.Table:
    """One row per snapshot: customer_id, as_of, churned (no order in [as_of, as_of + horizon)), and revenue.

    `revenue`: amounts ordered minus amounts returned in the horizon, in money; 0 where nothing happened.
    """
    ordered = _ahead(tables["orders"], "ordered_at", snapshots, horizon_days)
    result = snapshots.left_join(ordered, ["customer_id", "as_of"]).select(
        snapshots.customer_id,
        snapshots.as_of,
        churned=ordered.rows.isnull(),
        ordered=ordered.amount.fill_null(0.0),
    )
    if "returns" not in tables:
        return result.rename(revenue="ordered")
    returned = _ahead(tables["returns"], "returned_at", snapshots, horizon_days)
    return result.left_join(returned, ["customer_id", "as_of"]).select(
        result.customer_id,
        result.as_of,
        result.churned,
        revenue=result.ordered - returned.amount.fill_null(0.0),
    )


def _ahead(table: ibis.Table, time: str, snapshots: ibis.Table, horizon_days: int) -> ibis.Table:
    inside = [
        table.customer_id == snapshots.customer_id,
        table[time] >= snapshots.as_of,
        table[time] < snapshots.as_of + ibis.interval(days=horizon_days),
    ]
    joined = snapshots.join(table, inside)
    return joined.group_by("customer_id", "as_of").aggregate(
        rows=joined.count(), amount=money(whole(joined.amount).sum())
    )
