"""What holds between the tables: lines belong to orders, customers are known, ids are written alike."""

from __future__ import annotations

from collections.abc import Mapping

import ibis.expr.types as ir

from features.check.problems import Problem
from features.check.raw import Raw


def orphans(lines: ir.Table, orders: ir.Table, total: int) -> tuple[ir.Table, list[Problem]]:
    """The order lines (`total` rows) whose order is there; the table itself where all are."""
    lost = lines.anti_join(orders, "order_id")
    count = lost.count().to_pyarrow().as_py()
    if not count:
        return lines, []
    example = f"order_id={lost.order_id.min().to_pyarrow().as_py()}"
    says, remedy = (
        "order lines whose order isn't among the usable orders",
        "Add the orders, or leave the lines out.",
    )
    problem = Problem(
        "bad rows", "order_lines", "order_id", says, remedy, count, total, example, removes="these rows"
    )
    return lines.semi_join(orders, "order_id"), [problem]


def unknown_customers(tables: Mapping[str, ir.Table]) -> list[Problem]:
    """A note on customers who buy but have no row in `customers`."""
    if "customers" not in tables:
        return []
    problems = []
    for name in ("orders", "subscriptions"):
        if name in tables:
            buyers = tables[name].select("customer_id").distinct()
            unknown = buyers.anti_join(tables["customers"], "customer_id")
            row = (
                unknown.aggregate(n=unknown.count(), first=unknown.customer_id.min())
                .to_pyarrow()
                .to_pylist()[0]
            )
            if row["n"]:
                who = "1 customer has" if row["n"] == 1 else f"{row['n']:,} customers have"
                says = f"{who} no row in customers"
                problems.append(
                    Problem(
                        "note",
                        name,
                        "customer_id",
                        says,
                        "Their profile is unknown; all else works.",
                        example=f"customer_id={row['first']}",
                    )
                )
    return problems


def _list(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def id_types(raws: Mapping[str, Raw]) -> list[Problem]:
    """A note where the same id is a number in one table and text in another."""
    problems = []
    for name in ("customer_id", "order_id"):
        kinds: dict[str, list[str]] = {"numbers": [], "text": []}
        for raw in raws.values():
            if name in raw.table.columns and not raw.engine.loose:
                kinds["text" if raw.table[name].type().is_string() else "numbers"].append(raw.name)
        if kinds["numbers"] and kinds["text"]:
            numbers, texts = (_list(tables) for tables in kinds.values())
            says = f"{name} is a number in {numbers} and text in {texts}"
            problems.append(Problem("note", "", None, says, "Both are read as text."))
    return problems
