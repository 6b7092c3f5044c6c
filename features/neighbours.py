"""What a table's rows know of their neighbours: the gap since the order before, the order of a return.

It is computed once per row, before snapshots multiply the rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis

from features.facts import DAY, MONTH, day_number, seconds, whole
from features.mood import with_moods
from features.snapshots import subscriptions
from features.tables import CONTRACT

Value = Any  # an Ibis value expression

_KEYS = {"order_lines": ("category", "product_id"), "tickets": ("complaint_topic",)}
"""By table the key whose rows are told apart, the first that the table has: each costs a sort of all rows."""
_NUMBERED = ("category",)


def prepared(name: str, tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """The rows of table `name` with its customer as `owner`, its money in whole numbers, and its neighbours.

    `whole_<column>`: ten-thousandths of money. `at`: its time in seconds, where it has one.
    """
    prepare = _PREPARE.get(name)
    table = (prepare(tables) if prepare else tables[name]).rename(owner="customer_id")
    amounts = [c.name for c in CONTRACT[name].columns if c.kind == "money" and c.name in table.columns]
    table = table.mutate(**{f"whole_{column}": whole(table[column]) for column in amounts})
    time = time_of(name)
    if not time:
        return table
    table = table.mutate(at=seconds(table[time]))
    key = next((key for key in _KEYS.get(name, ()) if key in table.columns), None)
    return _with_rows_before(table, key, time) if key else table


def time_of(name: str) -> str | None:
    """The column that says when; an order line's is that of its order."""
    return "ordered_at" if name == "order_lines" else CONTRACT[name].time


def _with_rows_before(table: ibis.Table, key: str, time: str) -> ibis.Table:
    """`before_<key>`: seconds since the customer's row before with the same key; null for the first.

    `nth_<key>`, for `_NUMBERED`: which of the customer's rows with this key it is.
    """
    rows = ibis.window(group_by=["owner", key], order_by=time)
    before = {f"before_{key}": table.at - table.at.lag().over(rows)}
    if key in _NUMBERED:
        before[f"nth_{key}"] = ibis.row_number().over(rows) + 1
    return table.mutate(**before)


def _orders(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Orders with their day and what lies between an order and the customer's order before.

    `since_before`: seconds since it, null for the first. `gap_days`: null for the first order and for another
    of the same day. `before_order_day`: seconds since the order before, where it was on the same day.
    """
    orders = tables["orders"]
    orders = orders.mutate(order_day=day_number(orders.ordered_at), second=seconds(orders.ordered_at))
    before = ibis.window(group_by="customer_id", order_by=["ordered_at", "order_id"])
    days = orders.order_day - orders.order_day.lag().over(before)
    passed = orders.second - orders.second.lag().over(before)
    orders = orders.mutate(since_before=passed, gap_days=days.nullif(0)).drop("second")
    return orders.mutate(before_order_day=orders.gap_days.isnull().ifelse(orders.since_before, None))


def _order_lines(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Order lines with the customer and time of their order."""
    orders = tables["orders"].select("order_id", "customer_id", "ordered_at")
    return tables["order_lines"].join(orders, "order_id")


def _returns(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Returns with `bought`, the second of the customer's order that they belong to; null where unknown."""
    returns = tables["returns"]
    if "order_id" not in returns.columns or "orders" not in tables:
        return returns
    orders = tables["orders"].select(bought_in="order_id", buyer="customer_id", bought_at="ordered_at")
    its_order = [
        orders.bought_in == returns.order_id,
        orders.buyer == returns.customer_id,
        orders.bought_at <= returns.returned_at,
    ]
    joined = returns.left_join(orders, its_order)
    return joined.select(returns, bought=seconds(joined.bought_at))


def _tickets(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Tickets with the topic of complaints, null for others, and how soon an order followed a complaint.

    `ordered_after`: seconds to the customer's next order, null where there is none in less than 30 days; so a
    complaint more than 30 days old knows it.
    """
    tickets = tables["tickets"]
    complaint = tickets.kind == "complaint"
    if "topic" in tickets.columns:
        tickets = tickets.mutate(complaint_topic=complaint.ifelse(tickets.topic, None))
    if "orders" not in tables:
        return tickets.mutate(ordered_after=ibis.null("int64"))
    complaints = tickets.filter(complaint).select(
        "ticket_id", "opened_at", complainer="customer_id", second=seconds(tickets.opened_at)
    )
    orders = tables["orders"]
    orders = orders.select("ordered_at", buyer="customer_id", ordered=seconds(orders.ordered_at))
    follows = [
        orders.buyer == complaints.complainer,
        orders.ordered_at > complaints.opened_at,
        orders.ordered < complaints.second + MONTH,
    ]
    followed = complaints.join(orders, follows)
    after = followed.group_by(followed_ticket="ticket_id").aggregate(
        ordered_after=(followed.ordered - followed.second).min()
    )
    return tickets.left_join(after, after.followed_ticket == tickets.ticket_id).drop("followed_ticket")


def _subscriptions(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Subscriptions with where a spell begins, and which subscription each replaces.

    A spell: time without a day on which the customer held nothing. `starts_spell`: whether a row begins one;
    `spell_before`: the second in which the spell before it ended, null where there was none. `replaced_at`:
    when another of the customer's was cancelled on the day on which this one starts, null where none was;
    with `replaced_plan` and `replaced_price` (in ten-thousandths). Several of a day go in order.
    """
    held = subscriptions(tables)
    earlier = ibis.window(
        group_by="customer_id", order_by=["started_at", "subscription_id"], preceding=(None, 1)
    )
    held = held.mutate(
        spell_before=ibis.coalesce(seconds(held.cancelled_at), _NEVER).max().over(earlier),
        started_on=day_number(held.started_at),
        nth_start=_nth_of_day(held, "started_at"),
    )
    starts_spell = (held.spell_before + DAY < seconds(held.started_at)).fill_null(True)
    held = held.mutate(starts_spell=starts_spell, spell_before=starts_spell.ifelse(held.spell_before, None))
    ended = _ended(held)
    replaces = [
        held.customer_id == ended.holder,
        held.started_on == ended.ended_on,
        held.nth_start == ended.nth_end,
        held.subscription_id != ended.ended,
    ]
    return held.left_join(ended, replaces).drop(
        "holder", "ended", "ended_on", "nth_end", "started_on", "nth_start"
    )


_NEVER = 2**40  # later than any second of a date


def _ended(held: ibis.Table) -> ibis.Table:
    """What was cancelled, with its day and its place among the customer's of that day."""
    held = held.filter(held.cancelled_at.notnull())
    texts = {"replaced_plan": held.plan} if "plan" in held.columns else {}
    prices = {"replaced_price": whole(held.price)} if "price" in held.columns else {}
    return held.select(
        holder="customer_id",
        ended="subscription_id",
        ended_on=day_number(held.cancelled_at),
        nth_end=_nth_of_day(held, "cancelled_at"),
        replaced_at="cancelled_at",
        **texts,
        **prices,
    )


def _nth_of_day(held: ibis.Table, time: str) -> Value:
    """By time, plan and price: a price that rises for all of a customer's plans pairs each with its own."""
    order = [held[time]]
    order += [held.plan.fill_null("")] if "plan" in held.columns else []
    order += [held.price.fill_null(-1.0)] if "price" in held.columns else []
    day = ibis.window(
        group_by=[held.customer_id, day_number(held[time])], order_by=[*order, held.subscription_id]
    )
    return ibis.row_number().over(day)


def attribute_columns(customers: ibis.Table) -> dict[str, str]:
    """The columns of `customers` beyond the contract, by the names of their features."""
    known = {column.name for column in CONTRACT["customers"].columns}
    return {f"attribute_{column}": column for column in sorted(set(customers.columns) - known)}


def _customers(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    """Customers with the attributes renamed, so that none is mistaken for a column of the snapshots."""
    return tables["customers"].rename(attribute_columns(tables["customers"]))


def _surveys(tables: Mapping[str, ibis.Table]) -> ibis.Table:
    return with_moods(tables["surveys"])


_PREPARE = {
    "orders": _orders,
    "order_lines": _order_lines,
    "returns": _returns,
    "customers": _customers,
    "surveys": _surveys,
    "tickets": _tickets,
    "subscriptions": _subscriptions,
}
