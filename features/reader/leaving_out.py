"""The tables of a source without some of its customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

ID = "customer_id"


def customer_ids(tables: Mapping[str, ir.Table]) -> list[str]:
    """Whoever is named in any table, in order; this runs a query."""
    named = [table.select(ID) for table in tables.values() if ID in table.columns]
    if not named:
        return []
    every = named[0].distinct() if len(named) == 1 else ibis.union(*named, distinct=True)
    return sorted(every.filter(every[ID].notnull()).to_pyarrow()[ID].to_pylist())


def without(tables: Mapping[str, ir.Table], left_out: Sequence[str]) -> dict[str, ir.Table]:
    """Tables without a row of these customers, nor a line of their orders; rows of nobody stay."""
    if not left_out:
        return dict(tables)
    kept = {name: _without(table, left_out) for name, table in tables.items()}
    if "order_lines" in kept and "orders" in tables:
        orders = tables["orders"]
        gone = orders.filter(orders[ID].isin(left_out)).select("order_id")
        kept["order_lines"] = kept["order_lines"].anti_join(gone, "order_id")
    return kept


def _without(table: ir.Table, left_out: Sequence[str]) -> ir.Table:
    if ID not in table.columns:
        return table
    return table.filter(~table[ID].isin(left_out).fill_null(False))
