"""The contract: the tables that come in, their columns, and what each column may hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "text", "time", "money", "number"]
Spoils = Literal["row", "value", "source"]
Mode = Literal["non_contractual", "contractual"]


@dataclass(frozen=True)
class Column:
    """One column of the contract.

    `optional`: may be left out or null. `low`, `high`: inclusive bounds of a number. `one_of`: the words
    allowed. `after`: the column whose time this one may not precede. `spoils`: what a value that can't be
    used makes unusable: its row, only itself (it reads as null), or, where both would be a lie, the source.
    """

    name: str
    kind: Kind
    optional: bool = False
    low: float | None = None
    high: float | None = None
    one_of: tuple[str, ...] = ()
    after: str | None = None
    spoils: Spoils = "row"


@dataclass(frozen=True)
class Table:
    """One table of the contract.

    `key`: the column that may not repeat, where there is one. `time`: when a row became known; rows at or
    after `as_of` don't exist for a snapshot. `fills_in`: columns written later than the row; at or after
    `as_of` they read as null. `attributes`: whether columns outside the contract are kept.
    """

    name: str
    columns: tuple[Column, ...]
    key: str | None = None
    time: str | None = None
    fills_in: tuple[str, ...] = ()
    attributes: bool = False

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _spoils(optional: bool) -> Spoils:
    return "value" if optional else "row"


MOST_MONEY = 1e12
"""No amount lies beyond; sums of ten-thousandths stay exact below it."""


def _id(name: str, *, optional: bool = False) -> Column:
    return Column(name, "id", optional, spoils=_spoils(optional))


def _text(name: str, *one_of: str, optional: bool = True) -> Column:
    return Column(name, "text", optional, one_of=one_of, spoils=_spoils(optional))


def _time(name: str) -> Column:
    return Column(name, "time")


def _late(name: str, *, after: str | None = None, spoils: Spoils = "value") -> Column:
    return Column(name, "time", optional=True, after=after, spoils=spoils)


def _money(name: str, *, optional: bool = True, low: float = 0.0) -> Column:
    return Column(name, "money", optional, low=low, high=MOST_MONEY, spoils=_spoils(optional))


def _number(name: str, low: float | None = None, high: float | None = None) -> Column:
    return Column(name, "number", optional=True, low=low, high=high, spoils="value")


PRICE_DAYS = 365.25 / 12
"""A subscription's price is for a month, which has this many days: twelve make a year."""

SURVEY_SCALES = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "csi": (1.0, 10.0), "ces": (1.0, 7.0)}

_TABLES = (
    Table(
        "customers",
        (
            _id("customer_id"),
            _late("signed_up_at"),
            _text("acquisition_channel"),
            _money("acquisition_cost"),
            _text("segment"),
            _text("country"),
            _number("birth_year", low=1880, high=2100),
            _late("opted_out_at", spoils="source"),
        ),
        key="customer_id",
        fills_in=("signed_up_at", "opted_out_at"),
        attributes=True,
    ),
    Table(
        "orders",
        (
            _id("order_id"),
            _id("customer_id"),
            _time("ordered_at"),
            _money("amount", optional=False),
            _money("discount"),
            _money("margin", low=-MOST_MONEY),
            _number("quantity"),
            _text("channel"),
        ),
        key="order_id",
        time="ordered_at",
    ),
    Table(
        "order_lines",
        (
            _id("order_id"),
            _id("product_id"),
            _text("category"),
            _number("quantity"),
            _money("amount", low=-MOST_MONEY),
        ),
    ),
    Table(
        "returns",
        (
            _id("return_id"),
            _id("order_id", optional=True),
            _id("customer_id"),
            _time("returned_at"),
            _money("amount", optional=False),
            _text("kind", "return", "exchange"),
        ),
        key="return_id",
        time="returned_at",
    ),
    Table(
        "tickets",
        (
            _id("ticket_id"),
            _id("customer_id"),
            _time("opened_at"),
            _text("kind", "complaint", "question", "request", optional=False),
            _text("channel"),
            _text("topic"),
            _text("text"),
            _late("first_response_at", after="opened_at"),
            _late("resolved_at", after="opened_at"),
            _late("reopened_at", after="opened_at"),
        ),
        key="ticket_id",
        time="opened_at",
        fills_in=("first_response_at", "resolved_at", "reopened_at"),
    ),
    Table(
        "surveys",
        (
            _id("response_id"),
            _id("customer_id"),
            _time("responded_at"),
            _text("metric", *SURVEY_SCALES, optional=False),
            Column("score", "number"),
            _text("touchpoint"),
            _text("comment"),
        ),
        key="response_id",
        time="responded_at",
    ),
    Table(
        "engagement",
        (
            _id("customer_id"),
            _time("occurred_at"),
            _text("kind", optional=False),
            _text("channel"),
            _text("text"),
        ),
        time="occurred_at",
    ),
    Table(
        "contacts",
        (
            _id("contact_id"),
            _id("campaign_id"),
            _id("customer_id"),
            _time("sent_at"),
            _text("arm", "treatment", "control", optional=False),
            _text("channel"),
            _money("cost"),
            _money("coupon_value"),
            _late("redeemed_at", after="sent_at"),
        ),
        key="contact_id",
        time="sent_at",
        fills_in=("redeemed_at",),
    ),
    # A row is one spell of one plan at one price. Whoever changes plan or price ends a row, and starts
    # another on the day of its cancelled_at; whoever holds several at a time has several subscriptions.
    Table(
        "subscriptions",
        (
            _id("subscription_id"),
            _id("customer_id"),
            _time("started_at"),
            _late("cancelled_at", after="started_at", spoils="row"),
            _text("plan"),
            _money("price"),
        ),
        key="subscription_id",
        time="started_at",
        fills_in=("cancelled_at",),
    ),
    Table(
        "costs",
        (
            _time("occurred_at"),
            _text("kind", optional=False),
            _money("amount", optional=False, low=-MOST_MONEY),
            _id("customer_id", optional=True),
            _text("channel"),
        ),
        time="occurred_at",
    ),
    Table(
        "benchmarks",
        (
            _text("competitor", optional=False),
            _text("metric", optional=False),
            _text("period", optional=False),
            Column("value", "number"),
        ),
    ),
)

CONTRACT: dict[str, Table] = {table.name: table for table in _TABLES}
