"""What holds between the tables: lines belong to orders, customers are known, ids are written alike."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from features.check.problems import Problem, grave
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
    return lines.semi_join(orders, "order_id"), [grave(problem)]


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


def strangers(tables: Mapping[str, ir.Table]) -> list[Problem]:
    """How many customers of each table are in `orders`: an error where none is, a note where few are."""
    if "orders" not in tables:
        return []
    buyers = tables["orders"].select("customer_id").distinct()
    ordered = buyers.rename(buyer="customer_id")
    problems = []
    for name, table in tables.items():
        if name == "orders" or "customer_id" not in table.columns:
            continue
        people = table.filter(table.customer_id.notnull()).select("customer_id").distinct()
        joined = people.left_join(ordered, people.customer_id == ordered.buyer)
        lost = joined.buyer.isnull()
        counts = joined.aggregate(
            n=joined.count(), lost=joined.count(where=lost), first=joined.customer_id.min(where=lost)
        )
        row = counts.to_pyarrow().to_pylist()[0]
        if row["n"] and row["lost"] == row["n"]:
            problems.append(_nobody(name, row["n"], row["first"], buyers))
        elif row["lost"] > row["n"] / 2:
            known = row["n"] - row["lost"]
            says = f"{known:,} of its {row['n']:,} customers {'is' if known == 1 else 'are'} in orders"
            remedy = (
                "Whoever hasn't ordered yet is no mistake; else write the ids the same way in all tables."
            )
            example = f"customer_id={row['first']} isn't"
            problems.append(Problem("note", name, "customer_id", says, remedy, example=example))
    return problems


def _nobody(name: str, customers: int, stranger: str, buyers: ir.Table) -> Problem:
    """`stranger` is told beside the buyer who differs only by leading zeros or case, or else any buyer."""
    alike = _loose(buyers.customer_id) == _loose(ibis.literal(stranger))
    ids = buyers.aggregate(alike=buyers.customer_id.min(where=alike), first=buyers.customer_id.min())
    row = ids.to_pyarrow().to_pylist()[0]
    who = "its only customer isn't" if customers == 1 else f"none of its {customers:,} customers is"
    says = (
        f"{who} in orders, for example «{stranger}»; orders has for example «{row['alike'] or row['first']}»"
    )
    return Problem("error", name, "customer_id", says, "Write the ids the same way in all tables.")


def _loose(text: ir.StringValue) -> ir.StringValue:
    return text.lower().re_replace("^0+", "")


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
