"""What each snapshot knows: the rows before its `as_of`, and what was filled in of their columns by then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import ibis
from ibis.util import gen_name

from features.facts import DAY, LAST_WORD_DAYS, Facts, seconds, seconds_up
from features.neighbours import prepared, time_of
from features.tables import CONTRACT

if TYPE_CHECKING:
    from features.reference import Reference


def moments(snapshots: ibis.Table, orders: ibis.Table | None) -> ibis.Table:
    """Snapshots with what every table's facts are measured against.

    `now`: `as_of` in seconds. `silence`: seconds since the last order. `rest`: seconds from the last sign of
    life, 14 days after the last order and at most `as_of`, to `as_of`. Where there was no order, `silence` is
    null and `rest` is 0. It has a name of its own, so that an engine computes it once for all tables.
    """
    return _moments(snapshots, orders).alias(gen_name("moments"))


def _moments(snapshots: ibis.Table, orders: ibis.Table | None) -> ibis.Table:
    timed = snapshots.mutate(now=seconds_up(snapshots.as_of))
    if orders is None:
        return timed.mutate(silence=ibis.null("int64"), rest=ibis.literal(0, "int64"))
    times = orders.select(owner="customer_id", ordered_at="ordered_at")
    known = timed.join(times, [times.owner == timed.customer_id, times.ordered_at < timed.as_of])
    last = known.group_by("customer_id", "as_of").aggregate(last=seconds(known.ordered_at).max())
    joined = timed.left_join(last, ["customer_id", "as_of"])
    silence = joined.now - joined["last"]
    rest = ibis.greatest(silence - LAST_WORD_DAYS * DAY, 0)
    return joined.select(timed, silence=silence, rest=rest.fill_null(0))


def facts(
    name: str,
    tables: Mapping[str, ibis.Table],
    snapshots: ibis.Table,
    reference: Reference | None = None,
) -> Facts:
    """The rows of table `name` that each of `snapshots` (as `moments` gives them) knows."""
    table, time = prepared(name, tables), time_of(name)
    if name == "order_lines" and "category" in table.columns and reference is not None:
        table = reference.lines.joined_to(table)
    known = [table.owner == snapshots.customer_id]
    if time:
        known.append(table[time] < snapshots.as_of)
    joined = snapshots.join(table, known).drop("owner")
    return Facts(_as_known(joined, CONTRACT[name].fills_in, time), time)


def _as_known(joined: ibis.Table, fills_in: tuple[str, ...], time: str | None) -> ibis.Table:
    known = {
        column: (joined[column] < joined.as_of).ifelse(joined[column], None)
        for column in fills_in
        if column in joined.columns
    }
    if time:
        known["seconds_ago"] = joined.now - joined["at"]
        known["seconds_ago_then"] = joined.now - joined["at"] - joined.rest
    return joined.mutate(**known) if known else joined
