"""A plan as files: the messages for an e-mail tool, and both arms as rows of the table `contacts`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from configs.settings import Offer
from serving.winback.store import Kept


@dataclass(frozen=True)
class Messages:
    """`messages`: one a customer to contact: message_id, campaign_id, customer_id, offer, channel,
    coupon_value. `contacts`: both arms in the columns of the contract. `suppressed`: who may not be
    contacted any more, and why.
    """

    messages: pd.DataFrame
    contacts: pd.DataFrame
    suppressed: pd.Series


def messages(kept: Kept, rows: pd.DataFrame, barred: Mapping[str, str], now: datetime) -> Messages:
    """The treatment arm, but for those who are `barred` now (`suppression.reasons`).

    `message_id` is the same each time, so that a receiver can tell a message that comes twice.
    """
    offers = {offer.name: offer for offer in kept.settings.offers}
    why = rows["customer_id"].map(dict(barred))
    treated = rows["arm"] == "treatment"
    frame = pd.DataFrame(
        {
            "message_id": [kept.message_id(customer) for customer in rows["customer_id"]],
            "campaign_id": kept.campaign_id,
            "customer_id": rows["customer_id"],
            "offer": rows["offer"],
            "channel": [offers[name].channel for name in rows["offer"]],
            "coupon_value": [offers[name].coupon_value for name in rows["offer"]],
        }
    )
    suppressed = why[treated & why.notna()].set_axis(rows.loc[treated & why.notna(), "customer_id"])
    return Messages(
        frame[treated & why.isna()].reset_index(drop=True), _contacts(frame, treated, offers, now), suppressed
    )


def _contacts(
    frame: pd.DataFrame, treated: pd.Series, offers: dict[str, Offer], now: datetime
) -> pd.DataFrame:
    """The control bears no cost and no coupon."""
    cost = frame["offer"].map(lambda name: offers[name].contact_cost)
    return pd.DataFrame(
        {
            "contact_id": frame["message_id"],
            "campaign_id": frame["campaign_id"],
            "customer_id": frame["customer_id"],
            "sent_at": now.replace(microsecond=0),
            "arm": treated.map({True: "treatment", False: "control"}),
            "channel": frame["channel"],
            "cost": cost.where(treated),
            "coupon_value": frame["coupon_value"].where(treated),
        }
    )
