"""What relationships are worth and what they cost: margin, acquisition, service, contacts."""

from __future__ import annotations

from typing import Any

import ibis

from features.facts import money, whole
from features.indicators.book import Indicator, Tally

Value = Any  # an Ibis value expression

SERVICE_COSTS = ("service", "maintenance")
_BY = ("segment", "country")
_MARGIN = "orders.margin: what was left of each order after its costs"
_COSTS = "costs: advertising, sales, service and maintenance, by channel or customer where known"


def _sum(column: str) -> Any:
    return lambda t: money(whole(t[column].fill_null(0.0)).sum())


def _costs(*kinds: str) -> Any:
    return lambda t: money(t.kind.isin(kinds).ifelse(whole(t.amount), 0).sum())


def _of_known_margin(t: ibis.Table) -> Value:
    return money(t.margin.notnull().ifelse(whole(t.amount), 0).sum())


def _known_costs(t: ibis.Table) -> Value:
    return t.acquisition_cost.notnull().ifelse(1, 0).sum()


def _squared_cost(t: ibis.Table) -> Value:
    return (t.acquisition_cost * t.acquisition_cost).sum().fill_null(0.0)


_SIGNED_UP = ("customers.signed_up_at",)
_PAID = (*_SIGNED_UP, "customers.acquisition_cost")

TALLIES = (
    Tally("margin", "orders", _sum("margin"), ("orders.margin",)),
    Tally("revenue_of_known_margin", "orders", _of_known_margin, ("orders.margin",)),
    Tally("sign_ups", "sign_ups", lambda t: t.count(), _SIGNED_UP),
    Tally("acquisition_costs", "sign_ups", _sum("acquisition_cost"), _PAID),
    Tally("acquisition_squares", "sign_ups", _squared_cost, _PAID),
    Tally("acquisitions", "sign_ups", _known_costs, _PAID),
    Tally("advertising", "costs", _costs("advertising")),
    Tally("acquisition_spend", "costs", _costs("advertising", "sales")),
    Tally("service_costs", "costs", _costs(*SERVICE_COSTS)),
    Tally("contact_costs", "contacts", _sum("cost"), ("contacts.cost",)),
)


def _indicator(
    name: str, kind: Any, words: tuple[str, str, str], parts: tuple[str, ...], collect: str, **more: Any
) -> Indicator:
    title, definition, formula = words
    events, chances, *squares = parts
    more = {"unit": "money", "breakdowns": _BY} | more
    return Indicator(
        name,
        "value",
        kind,
        title,
        definition,
        formula,
        events=events,
        chances=chances,
        squares=squares[0] if squares else None,
        collect=collect,
        **more,
    )


INDICATORS = (
    _indicator(
        "margin_share",
        "ratio",
        (
            "Margin",
            "Margin as a share of the revenue of the orders whose margin is known.",
            "margin ÷ revenue",
        ),
        ("margin", "revenue_of_known_margin"),
        _MARGIN,
        unit="share",
        better="high",
        breakdowns=("order_channel", *_BY),
    ),
    _indicator(
        "revenue_per_customer",
        "ratio",
        (
            "Revenue per customer",
            "Revenue of the 12 months up to the month's end per active customer.",
            "revenue in 12 months ÷ active customers",
        ),
        ("revenue", "active"),
        "orders: who ordered when, for how much",
        over="year",
        better="high",
    ),
    _indicator(
        "margin_per_customer",
        "ratio",
        (
            "Margin per customer",
            "Margin of the 12 months up to the month's end per active customer.",
            "margin in 12 months ÷ active customers",
        ),
        ("margin", "active"),
        _MARGIN,
        over="year",
        better="high",
    ),
    _indicator(
        "acquisition_cost",
        "mean",
        (
            "Cost of a new customer, as booked to them",
            "Mean acquisition cost of the customers who signed up in the month and have one.",
            "acquisition costs ÷ customers signed up with one",
        ),
        ("acquisition_costs", "acquisitions", "acquisition_squares"),
        "customers.signed_up_at and customers.acquisition_cost",
        better="low",
        breakdowns=("acquisition_channel", *_BY),
    ),
    _indicator(
        "cac",
        "ratio",
        (
            "Customer acquisition cost (CAC)",
            "Advertising costs of the 12 months up to the month's end per customer who signed up in them. "
            "By channel, "
            "the costs of the channel per customer who came through it.",
            "advertising in 12 months ÷ customers signed up in 12 months",
        ),
        ("advertising", "sign_ups"),
        "costs of the kind advertising by channel, and customers.signed_up_at",
        over="year",
        better="low",
        breakdowns=("acquisition_channel",),
    ),
    _indicator(
        "acquisition_spend",
        "ratio",
        (
            "Acquisition cost with sales",
            "Advertising and sales costs of the 12 months up to the month's end per customer who signed up "
            "in them.",
            "(advertising + sales costs in 12 months) ÷ customers signed up in 12 months",
        ),
        ("acquisition_spend", "sign_ups"),
        "costs of the kinds advertising and sales, and customers.signed_up_at",
        over="year",
        better="low",
        breakdowns=(),
    ),
    _indicator(
        "cost_to_serve",
        "ratio",
        (
            "Cost to serve",
            "Service and maintenance costs of the 12 months up to the month's end per active customer.",
            "(service + maintenance costs in 12 months) ÷ active customers",
        ),
        ("service_costs", "active"),
        _COSTS,
        over="year",
        better="low",
        breakdowns=(),
    ),
    _indicator(
        "cost_to_keep",
        "ratio",
        (
            "Cost to keep",
            "What the contacts of campaigns cost in the 12 months up to the month's end per active customer.",
            "contact costs in 12 months ÷ active customers",
        ),
        ("contact_costs", "active"),
        "contacts.cost: what each contact cost",
        over="year",
        breakdowns=_BY,
    ),
)
