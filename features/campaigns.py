"""Campaign contacts that reached the customer (control is never contacted), and what came of them.

A redemption counts from its own time on, in the window in which its contact was sent.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from features.catalog import Aggregate, Feature, Rate, Row, Step
from features.facts import Facts

WINDOWS = (90, 180, 365)

RATES = (Rate("redeemed_share", "redeemed_365d", "contacts_365d", share=True),)


def _reached(f: Facts) -> Any:
    return f.arm == "treatment"


def _redeemed(f: Facts) -> Any:
    return _reached(f) & f.redeemed_at.notnull()


def _contacts(f: Facts, oldest: int | None = None, newest: int = 0) -> Any:
    return f.count(oldest, newest, where=_reached(f))


def _redemptions(f: Facts, oldest: int | None = None, newest: int = 0) -> Any:
    return f.count(oldest, newest, where=_redeemed(f))


def _without_response(f: Facts) -> Any:
    return f.count(where=_reached(f) & f.redeemed_at.isnull() & (f.ago < f.silence))


def _share(row: Row, when: str) -> Any:
    return row.rate("redeemed_share", row.table[f"redeemed_{when}"], row.table[f"contacts_{when}"])


AGGREGATES = (
    *(Aggregate(f"contacts_{n}d", "contacts", partial(_contacts, oldest=n), empty=0) for n in WINDOWS),
    Aggregate("redeemed_365d", "contacts", lambda f: _redemptions(f, 365), ("redeemed_at",), 0),
    Aggregate("days_since_contact", "contacts", lambda f: f.days_since_last(where=_reached(f))),
    Aggregate("contacts_without_response", "contacts", _without_response, ("redeemed_at",), 0),
    Aggregate("contact_cost_365d", "contacts", lambda f: f.sum("cost", 365, where=_reached(f)), ("cost",), 0),
    Aggregate(
        "coupons_redeemed_365d",
        "contacts",
        lambda f: f.sum("coupon_value", 365, where=_redeemed(f)),
        ("coupon_value", "redeemed_at"),
        0,
    ),
    Aggregate("contacts_at_last_order", "contacts", lambda f: _contacts(f.at_last_order, 90), empty=0),
    Aggregate(
        "contacts_before_last_order", "contacts", lambda f: _contacts(f.at_last_order, None, 90), empty=0
    ),
    Aggregate(
        "redeemed_at_last_order",
        "contacts",
        lambda f: _redemptions(f.at_last_order, 90),
        ("redeemed_at",),
        0,
    ),
    Aggregate(
        "redeemed_before_last_order",
        "contacts",
        lambda f: _redemptions(f.at_last_order, None, 90),
        ("redeemed_at",),
        0,
    ),
)

_NOBODY = "nobody had a contact before the training"
_PARTS_THEN = ("redeemed_at_last_order", "contacts_at_last_order")
_PARTS_BEFORE = ("redeemed_before_last_order", "contacts_before_last_order")
_SHARE_THEN = Step("redeemed_share_at_last_order", _PARTS_THEN, partial(_share, when="at_last_order"))

FEATURES = (
    *(
        Feature(f"contacts_{n}d", "engagement", "contacts", f"campaign contacts in the last {n} days")
        for n in WINDOWS
    ),
    Feature(
        "redeemed_365d",
        "engagement",
        "contacts",
        "campaign contacts of the last 365 days that were redeemed",
        worse="low",
        kind="fact",
    ),
    Feature(
        "redeemed_share_365d",
        "engagement",
        "share",
        "share redeemed of the contacts of the last 365 days",
        worse="low",
        high=1.0,
        null=_NOBODY,
        needs=("redeemed_365d", "contacts_365d"),
        value=partial(_share, when="365d"),
    ),
    Feature(
        "days_since_contact",
        "engagement",
        "days",
        "days since the last campaign contact",
        null="no campaign contact yet",
    ),
    Feature(
        "contacts_without_response",
        "engagement",
        "contacts",
        "campaign contacts since the last order that were not redeemed",
        worse="high",
        needs=("contacts_without_response", "orders"),
        value=lambda row: row.contacts_without_response,
    ),
    Feature("contact_cost_365d", "engagement", "money", "cost of the contacts of the last 365 days"),
    Feature(
        "coupons_redeemed_365d",
        "engagement",
        "money",
        "value of the coupons of the last 365 days that were redeemed",
        worse="low",
    ),
    Feature(
        "redeemed_share_at_last_order",
        "engagement",
        "share",
        "share redeemed of the contacts in the 90 days up to the last order",
        worse="low",
        high=1.0,
        null=_NOBODY,
        steps=(_SHARE_THEN,),
    ),
    Feature(
        "redeemed_share_change_at_last_order",
        "engagement",
        "share",
        "share of contacts redeemed in the 90 days up to the last order minus that before",
        worse="low",
        low=-1.0,
        high=1.0,
        null=_NOBODY,
        needs=_PARTS_BEFORE,
        steps=(_SHARE_THEN,),
        value=lambda row: row.redeemed_share_at_last_order - _share(row, "before_last_order"),
    ),
)
