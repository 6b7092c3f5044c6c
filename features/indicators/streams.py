"""The rows of each table, in which month each counts, and by what it can be broken down.

What has an outcome counts in the month in which the time given to it ends: by then the outcome is known for
all, so the newest month can be told beside the others.
"""

from __future__ import annotations

from typing import Any

import ibis

from features.indicators import stock
from features.indicators.book import Stream, Tables
from features.indicators.calendar import first_day, month_of
from features.indicators.owners import OF_CUSTOMER, UNKNOWN, with_owner
from features.indicators.rules import Rules
from features.tables import CONTRACT

Value = Any  # an Ibis value expression


def _recent(name: str, tables: Tables, rules: Rules, end: int, time: str | None = None) -> ibis.Table:
    """Rows since two months before the oldest month told, in which their outcome may lie."""
    table = tables[name]
    return table.filter(table[time or CONTRACT[name].time] >= first_day(end - rules.history_months - 2))


def _named(table: ibis.Table, **columns: str) -> dict[str, Value]:
    """Breakdowns under their names, from the columns that are there."""
    return {
        name: table[column].fill_null(UNKNOWN) for name, column in columns.items() if column in table.columns
    }


def _late(table: ibis.Table, column: str) -> Value:
    """A column that fills in later, null where the table lacks it."""
    return table[column] if column in table.columns else ibis.null("timestamp(6)")


def _after(time: Value, **after: int) -> Value:
    return month_of(time + ibis.interval(**after))


def _within(time: Value, since: Value, **given: int) -> Value:
    """Whether a time came before the end of what was given since another; false where one is null."""
    return (time < since + ibis.interval(**given)).fill_null(False)


def _orders(tables: Tables, rules: Rules, end: int) -> ibis.Table:
    orders = _recent("orders", tables, rules, end)
    orders = orders.mutate(month=month_of(orders.ordered_at), **_named(orders, order_channel="channel"))
    return with_owner(orders, tables)


def _lines(tables: Tables, rules: Rules, end: int) -> ibis.Table:
    """Order lines with `came_back`: whether something of their order was returned in time."""
    orders = _recent("orders", tables, rules, end).select("order_id", "ordered_at")
    came_back = ibis.literal(False)
    if "returns" in tables and "order_id" in tables["returns"].columns:
        returns = tables["returns"].select(bought_in="order_id", returned_at="returned_at")
        first = returns.group_by("bought_in").aggregate(returned_at=returns.returned_at.min())
        orders = orders.left_join(first, orders.order_id == first.bought_in)
        given = orders.ordered_at + ibis.interval(days=rules.returned_within_days)
        came_back = (orders.returned_at < given).fill_null(False)
    orders = orders.select(
        "order_id",
        month=month_of(orders.ordered_at),
        due=_after(orders.ordered_at, days=rules.returned_within_days),
        came_back=came_back,
    )
    lines = tables["order_lines"]
    lines = lines.select(bought="order_id", **_named(lines, category="category"))
    return lines.join(orders, lines.bought == orders.order_id)


def _returns(tables: Tables, rules: Rules, end: int) -> ibis.Table:
    returns = _recent("returns", tables, rules, end)
    return with_owner(returns.mutate(month=month_of(returns.returned_at)), tables)


def _returned_lines(tables: Tables, rules: Rules, end: int) -> ibis.Table:
    """One row per return and category of its order; a return names its order, not its line."""
    returns = _recent("returns", tables, rules, end)
    returns = returns.select(
        "return_id", "customer_id", "amount", bought_in="order_id", month=month_of(returns.returned_at)
    )
    lines = tables["order_lines"]
    lines = lines.select("order_id", **_named(lines, category="category"))
    both = returns.join(lines, returns.bought_in == lines.order_id)
    once = {name: both[name].max() for name in ("customer_id", "amount", "month")}
    return both.group_by("return_id", "category").aggregate(**once)


def _tickets(tables: Tables, rules: Rules, end: int) -> ibis.Table:
    """Tickets by the month of their opening, answer and solution, and of the ends of the times given."""
    tickets = _recent("tickets", tables, rules, end)
    times = ("first_response_at", "resolved_at", "reopened_at")
    answered, resolved, reopened = (_late(tickets, column) for column in times)
    tickets = tickets.mutate(
        month=month_of(tickets.opened_at),
        answer_due=_after(tickets.opened_at, hours=rules.answered_within_hours),
        answered_in=month_of(answered),
        solution_due=_after(tickets.opened_at, days=rules.resolved_within_days),
        resolved_in=month_of(resolved),
        reopening_due=_after(resolved, days=rules.reopened_within_days),
        in_time_answer=_within(answered, tickets.opened_at, hours=rules.answered_within_hours),
        in_time_solution=_within(resolved, tickets.opened_at, days=rules.resolved_within_days),
        in_time_reopening=_within(reopened, resolved, days=rules.reopened_within_days),
        **_named(tickets, ticket_channel="channel", topic="topic"),
    )
    return with_owner(tickets, tables)


def _surveys(tables: Tables, rules: Rules, end: int) -> ibis.Table:
    surveys = _recent("surveys", tables, rules, end)
    named = _named(surveys, touchpoint="touchpoint")
    return with_owner(surveys.mutate(month=month_of(surveys.responded_at), **named), tables)


def _engagement(tables: Tables, rules: Rules, end: int) -> ibis.Table:
    activities = _recent("engagement", tables, rules, end)
    return activities.mutate(
        month=month_of(activities.occurred_at), **_named(activities, activity_channel="channel")
    )


def _contacts(tables: Tables, rules: Rules, end: int) -> ibis.Table:
    """Contacts that were sent: those held back for comparison cost nothing and redeem nothing."""
    contacts = _recent("contacts", tables, rules, end)
    contacts = contacts.filter(contacts.arm == "treatment")
    named = _named(contacts, contact_channel="channel", campaign="campaign_id")
    days = rules.redeemed_within_days
    contacts = contacts.mutate(
        month=month_of(contacts.sent_at),
        due=_after(contacts.sent_at, days=days),
        redeemed_in_time=_within(_late(contacts, "redeemed_at"), contacts.sent_at, days=days),
        **named,
    )
    return with_owner(contacts, tables)


def _costs(tables: Tables, rules: Rules, end: int) -> ibis.Table:
    costs = _recent("costs", tables, rules, end)
    return costs.mutate(month=month_of(costs.occurred_at), **_named(costs, acquisition_channel="channel"))


def _sign_ups(tables: Tables, rules: Rules, end: int) -> ibis.Table:
    customers = _recent("customers", tables, rules, end, "signed_up_at")
    return customers.mutate(
        month=month_of(customers.signed_up_at),
        **_named(customers, acquisition_channel="acquisition_channel", segment="segment", country="country"),
    )


_CHANNEL = {"acquisition_channel": "customers.acquisition_channel"}

STREAMS = (
    Stream(
        "orders", ("orders",), breakdowns={"order_channel": "orders.channel", **OF_CUSTOMER}, rows=_orders
    ),
    Stream(
        "order_lines",
        ("order_lines", "orders"),
        ("month", "due"),
        {"category": "order_lines.category"},
        _lines,
    ),
    Stream("returns", ("returns",), breakdowns=OF_CUSTOMER, rows=_returns),
    Stream(
        "returned_lines",
        ("returns", "order_lines"),
        breakdowns={"category": "order_lines.category"},
        rows=_returned_lines,
    ),
    Stream(
        "tickets",
        ("tickets",),
        ("month", "answer_due", "answered_in", "solution_due", "resolved_in", "reopening_due"),
        {"ticket_channel": "tickets.channel", "topic": "tickets.topic", **OF_CUSTOMER},
        _tickets,
    ),
    Stream(
        "surveys", ("surveys",), breakdowns={"touchpoint": "surveys.touchpoint", **OF_CUSTOMER}, rows=_surveys
    ),
    Stream(
        "engagement", ("engagement",), breakdowns={"activity_channel": "engagement.channel"}, rows=_engagement
    ),
    Stream(
        "contacts",
        ("contacts",),
        ("month", "due"),
        {"contact_channel": "contacts.channel", "campaign": "contacts.campaign_id", **OF_CUSTOMER},
        _contacts,
    ),
    Stream("costs", ("costs",), breakdowns={"acquisition_channel": "costs.channel"}, rows=_costs),
    Stream("sign_ups", ("customers",), breakdowns={**_CHANNEL, **OF_CUSTOMER}, rows=_sign_ups),
    Stream("customers", ("orders",), breakdowns=OF_CUSTOMER, frame=stock.of_orders),
    Stream("subscribers", ("subscriptions",), breakdowns=OF_CUSTOMER, frame=stock.of_subscriptions),
)
