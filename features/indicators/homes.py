"""Where each customer is at home: segment, country, channels, product line, topic, touchpoint."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import ibis
import pandas as pd

from features.indicators.book import Tables, has
from features.indicators.calendar import first_day, number
from features.indicators.rules import YEAR
from features.mood import mood

Value = Any  # an Ibis value expression

HOMES = (
    "segment",
    "country",
    "acquisition_channel",
    "order_channel",
    "category",
    "ticket_channel",
    "topic",
    "touchpoint",
)
_OF_CUSTOMER = HOMES[:3]


def homes(tables: Tables, day: datetime) -> pd.DataFrame:
    """One row per customer of whom anything is known: customer_id, and the columns of `HOMES` that the tables
    give; null where nothing is known of a customer.

    `order_channel`, `category`: of most of their orders and order lines in the year; ties by name.
    `ticket_channel`, `topic`: of the last ticket of the year. `touchpoint`: of the worst answer of the year,
    the newest of equal ones. `tables`: cut at `day`.
    """
    told = pd.DataFrame({"customer_id": pd.Series(dtype=str)})
    for part in _parts(tables, day):
        told = told.merge(part.to_pandas().astype({"customer_id": str}), on="customer_id", how="outer")
    return told


def _parts(tables: Tables, day: datetime) -> Iterator[ibis.Table]:
    """One row per customer each."""
    since = first_day(number(day) - YEAR)
    names = [name for name in _OF_CUSTOMER if has(tables, f"customers.{name}")]
    if names:
        yield tables["customers"].select("customer_id", *names)
    if has(tables, "orders.channel"):
        orders = tables["orders"]
        yield _most(orders.filter(orders.ordered_at >= since), "order_channel", "channel")
    if has(tables, "order_lines.category") and "orders" in tables:
        yield _most(_lines(tables, since), "category", "category")
    yield from _tickets(tables, since)
    if has(tables, "surveys.touchpoint"):
        answers = tables["surveys"]
        answers = answers.filter(answers.responded_at >= since, answers.touchpoint.notnull())
        order = [mood(answers), ibis.desc("responded_at"), "response_id"]
        yield _first(answers, order, touchpoint="touchpoint")


def _tickets(tables: Tables, since: datetime) -> Iterator[ibis.Table]:
    for name, column in (("ticket_channel", "channel"), ("topic", "topic")):
        if has(tables, f"tickets.{column}"):
            tickets = tables["tickets"]
            tickets = tickets.filter(tickets.opened_at >= since, tickets[column].notnull())
            yield _first(tickets, [ibis.desc("opened_at"), "ticket_id"], **{name: column})


def _lines(tables: Tables, since: datetime) -> ibis.Table:
    orders = tables["orders"]
    orders = orders.filter(orders.ordered_at >= since).select("customer_id", bought="order_id")
    lines = tables["order_lines"].select("order_id", "category")
    return lines.join(orders, lines.order_id == orders.bought).select("customer_id", "category")


def _most(rows: ibis.Table, name: str, column: str) -> ibis.Table:
    """The value that most of a customer's rows have."""
    some = rows.filter(rows[column].notnull())
    counted = some.group_by("customer_id", home=some[column]).aggregate(n=some.count())
    return _first(counted, [ibis.desc("n"), "home"], **{name: "home"})


def _first(rows: ibis.Table, order: list[Value], **columns: str) -> ibis.Table:
    """Of each customer's rows the first in this order."""
    place = ibis.row_number().over(group_by="customer_id", order_by=order)
    return rows.mutate(place=place).filter(lambda t: t["place"] == 0).select("customer_id", **columns)
