"""What happened next: the only code that looks past `as_of`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis

from features.build import KEYS
from features.facts import DAY, money, seconds, whole
from features.snapshots import running, subscriptions
from features.tables import PRICE_DAYS, Mode


def labels(
    tables: Mapping[str, ibis.Table],
    snapshots: ibis.Table,
    horizon_days: int,
    mode: Mode = "non_contractual",
) -> ibis.Table:
    """One row per snapshot: customer_id, as_of, churned, and revenue.

    `churned`: no order in [as_of, as_of + horizon); contractual: no subscription of the customer, old or new,
    runs at as_of + horizon. Who changes plan, or cancels one of two, or comes back in time, has not churned.
    `revenue`: amounts ordered minus amounts returned in the horizon, in money; 0 where nothing happened.
    Contractual: plus the prices of the time within the horizon for which subscriptions ran.
    """
    parts = {
        "ordered": _ahead(tables, "orders", "ordered_at", snapshots, horizon_days),
        "returned": _ahead(tables, "returns", "returned_at", snapshots, horizon_days),
    }
    if mode == "contractual":
        parts["held"] = _held(tables, snapshots, horizon_days)
    result = _joined(snapshots, parts)
    decides = "held_rows" if mode == "contractual" else "ordered_rows"
    return result.select(
        "customer_id",
        "as_of",
        churned=result[decides].fill_null(0) == 0,
        revenue=_amount(result, "ordered") + _amount(result, "held") - _amount(result, "returned"),
    )


def outcomes(
    tables: Mapping[str, ibis.Table], snapshots: ibis.Table, horizon_days: int, margin_share: float
) -> ibis.Table:
    """One row per snapshot: customer_id, as_of, orders (count), revenue and profit in the horizon, as money.

    `revenue`: amounts ordered minus amounts returned. `profit`: margins minus `margin_share` of what was
    returned; an order without a margin has that share of its amount. 0 where nothing happened.
    """
    placed = tables["orders"]
    margin = placed.amount * margin_share
    if "margin" in placed.columns:
        margin = placed.margin.fill_null(margin)
    known = {**tables, "orders": placed.mutate(margin=margin)}
    parts = {
        "ordered": _ahead(known, "orders", "ordered_at", snapshots, horizon_days, more="margin"),
        "returned": _ahead(known, "returns", "returned_at", snapshots, horizon_days),
    }
    result = _joined(snapshots, parts)
    back = _amount(result, "returned")
    return result.select(
        "customer_id",
        "as_of",
        orders=result.ordered_rows.fill_null(0),
        revenue=_amount(result, "ordered") - back,
        profit=result.ordered_margin.fill_null(0.0) - margin_share * back,
    )


def _joined(snapshots: ibis.Table, parts: Mapping[str, ibis.Table | None]) -> ibis.Table:
    """The snapshots with `<part>_<column>` of each part that there is; null where nothing happened."""
    for name, part in parts.items():
        if part is not None:
            renamed = part.rename(
                {f"{name}_{column}": column for column in part.columns if column not in KEYS}
            )
            snapshots = snapshots.left_join(renamed, KEYS).drop(*(f"{key}_right" for key in KEYS))
    return snapshots


def _amount(result: ibis.Table, part: str) -> Any:
    column = f"{part}_amount"
    return result[column].fill_null(0.0) if column in result.columns else ibis.literal(0.0)


def _ahead(
    tables: Mapping[str, ibis.Table],
    name: str,
    time: str,
    snapshots: ibis.Table,
    horizon_days: int,
    more: str | None = None,
) -> ibis.Table | None:
    """How many rows of a table lie in the horizon, and their money; null where there is no such table.

    `more`: a further column of money that is summed.
    """
    if name not in tables:
        return None
    table = tables[name]
    inside = [
        table.customer_id == snapshots.customer_id,
        table[time] >= snapshots.as_of,
        table[time] < snapshots.as_of + ibis.interval(days=horizon_days),
    ]
    joined = snapshots.join(table, inside)
    sums = {column: money(whole(joined[column]).sum()) for column in ("amount", more) if column}
    return joined.group_by("customer_id", "as_of").aggregate(rows=joined.count(), **sums)


def _held(tables: Mapping[str, ibis.Table], snapshots: ibis.Table, horizon_days: int) -> ibis.Table:
    """How many subscriptions run at the end of the horizon, and what all of them cost within it."""
    held = subscriptions(tables)
    end = snapshots.as_of + ibis.interval(days=horizon_days)
    inside = [
        held.customer_id == snapshots.customer_id,
        held.started_at < end,
        running(held, snapshots.as_of),
    ]
    joined = snapshots.join(held, inside).drop("customer_id_right")
    first, last = seconds(joined.as_of), seconds(joined.as_of) + horizon_days * DAY
    stays = running(joined, joined.as_of + ibis.interval(days=horizon_days))
    ended = ibis.least(ibis.coalesce(seconds(joined.cancelled_at), last), last)
    months = (ended - ibis.greatest(seconds(joined.started_at), first)).cast("float64") / (PRICE_DAYS * DAY)
    price = joined.price.fill_null(0.0) if "price" in joined.columns else ibis.literal(0.0)
    return joined.group_by("customer_id", "as_of").aggregate(
        rows=stays.ifelse(1, 0).sum(), amount=money(whole(price * months).sum())
    )
