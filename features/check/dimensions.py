"""Which sides of the relationship the tables light up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis.expr.types as ir


@dataclass(frozen=True)
class Dimension:
    """`unlocked`: whether the tables carry it. `why`: the tables it is read from, or what is missing."""

    unlocked: bool
    why: str


def dimensions(tables: Mapping[str, ir.Table]) -> dict[str, Dimension]:
    """The seven dimensions in the order of the design."""
    lines = tables.get("order_lines")
    category = ["order_lines"] if lines is not None and "category" in lines.columns else []
    held = tables.get("subscriptions")
    priced = ["subscriptions"] if held is not None and "price" in held.columns else []
    found = {
        "rhythm": _from(tables, "orders", "subscriptions"),
        "spend": _from(tables, "orders", *priced),
        "product": [*_from(tables, "returns"), *category, *_from(tables, "subscriptions")],
        "service": _from(tables, "tickets"),
        "satisfaction": _from(tables, "surveys"),
        "engagement": _from(tables, "engagement", "contacts"),
        "profile": _from(tables, "customers", "subscriptions"),
    }
    needs = {
        "rhythm": "orders or subscriptions",
        "spend": "orders, or subscriptions with a price",
        "product": "returns, subscriptions, or order_lines with a category",
        "service": "tickets",
        "satisfaction": "surveys",
        "engagement": "engagement or contacts",
        "profile": "customers or subscriptions",
    }
    known = {
        name: Dimension(bool(sources), f"from {' and '.join(sources)}" if sources else f"needs {needs[name]}")
        for name, sources in found.items()
    }
    if "orders" in tables:
        known["spend"] = Dimension(unlocked=True, why=known["spend"].why + _sharper(tables["orders"]))
    return known


def _from(tables: Mapping[str, ir.Table], *names: str) -> list[str]:
    return [name for name in names if name in tables]


def _sharper(orders: ir.Table) -> str:
    absent = [name for name in ("discount", "margin") if name not in orders.columns]
    return f"; {' and '.join(absent)} would sharpen it" if absent else ""
