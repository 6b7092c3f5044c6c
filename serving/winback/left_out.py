"""Who is not to be contacted, and why: known from the tables before the day of the plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import ibis
import numpy as np
import pandas as pd

from configs.settings import Offer, Winback
from features.errors import ConfigError
from features.snapshots import Tables
from features.tickets import open_on

REASONS = {
    "opted_out": "do not want marketing",
    "open_complaint": "have an open complaint: service closes it first",
    "contacted_lately": "were contacted lately",
    "out_of_reach": "can't be reached by any offer's channel",
    "sleeping_dog": "would be put off by every offer (a negative effect is expected)",
    "no_gain": "would not bring in what their offer costs",
    "over_limit": "would pay, but budget or caps are used by others who pay more",
}
"""Why somebody is left out → in words; in the order in which one reason is found for each."""


def barred(
    tables: Tables, ids: pd.Series, as_of: datetime, rest_days: int, campaign_id: str = ""
) -> pd.Series:
    """Of each customer the first of opted_out, open_complaint, contacted_lately; null where none holds.

    `campaign_id`: whose contacts don't count.
    """
    reason = pd.Series(None, index=ids.index, dtype=object)
    found = {
        "opted_out": _opted_out(tables, as_of),
        "open_complaint": _complaining(tables, as_of),
        "contacted_lately": _contacted(tables, as_of, rest_days, campaign_id),
    }
    for name, those in found.items():
        reason = reason.mask(reason.isna() & ids.isin(those), name)
    return reason


def reachable(tables: Tables, ids: pd.Series, offers: Sequence[Offer], settings: Winback) -> np.ndarray:
    """Whether each offer's channel reaches each customer, (customers, offers).

    Raises ConfigError where `needs_column` names a column that `customers` hasn't.
    """
    reach = np.ones((len(ids), len(offers)), dtype=bool)
    for channel, column in settings.needs_column.items():
        people = tables.get("customers")
        if people is None or column not in people.columns:
            raise ConfigError(
                f"needs_column in winback.yaml says that {channel} needs the column {column} of customers, "
                "and there is none. Name a column that is there, or leave the channel out."
            )
        there = people.filter(people[column].notnull()).select("customer_id").to_pandas()["customer_id"]
        for place, offer in enumerate(offers):
            if offer.channel == channel:
                reach[:, place] = ids.isin(there).to_numpy()
    return reach


def _ids(table: ibis.Table) -> pd.Series:
    ids: pd.Series = table.select("customer_id").distinct().to_pandas()["customer_id"]
    return ids


def _nobody() -> pd.Series:
    return pd.Series([], dtype="str")


def _opted_out(tables: Tables, as_of: datetime) -> pd.Series:
    people = tables.get("customers")
    if people is None or "opted_out_at" not in people.columns:
        return _nobody()
    return _ids(people.filter(people.opted_out_at < ibis.timestamp(as_of)))


def _complaining(tables: Tables, as_of: datetime) -> pd.Series:
    tickets = tables.get("tickets")
    if tickets is None or "resolved_at" not in tickets.columns:
        return _nobody()
    return _ids(tickets.filter(tickets.kind == "complaint", open_on(tickets, as_of)))


def _contacted(tables: Tables, as_of: datetime, rest_days: int, campaign_id: str) -> pd.Series:
    """Sent something within the days of rest; the control of a campaign was not."""
    contacts = tables.get("contacts")
    if contacts is None or rest_days == 0:
        return _nobody()
    since = ibis.timestamp(as_of - timedelta(days=rest_days))
    return _ids(
        contacts.filter(
            contacts.arm == "treatment",
            contacts.campaign_id != campaign_id,
            contacts.sent_at >= since,
            contacts.sent_at < ibis.timestamp(as_of),
        )
    )
