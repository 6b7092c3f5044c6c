"""Sentences of the assessment: what changed, what warns, why revenue changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from features.indicators.alarms import Alarm
from features.indicators.book import Indicator
from features.indicators.cells import ALL
from features.indicators.measure import Measured
from features.indicators.tree import Branch
from serving.report.figures import figure, judgement, money

BREAKDOWNS = {
    "touchpoint": "touchpoint",
    "segment": "segment",
    "country": "country",
    "order_channel": "channel of the order",
    "ticket_channel": "channel of the ticket",
    "activity_channel": "channel of the activity",
    "contact_channel": "channel of the contact",
    "acquisition_channel": "acquisition channel",
    "category": "category",
    "topic": "topic",
    "campaign": "campaign",
}
CAUSES = {
    "season": "the season",
    "buyers": "the number of customers who bought",
    "frequency": "how often each bought",
    "basket": "the basket",
}
_SPANS = {
    "year": "The last twelve months brought in {now}, the twelve before {before}",
    "quarter": "The last three months brought in {now}, the same three a year before {before}",
    "month": "The last month brought in {now}, the month before {before}",
}


def month(day: datetime) -> str:
    return f"{day:%B %Y}"


def months(number: int) -> str:
    return f"of {number} month{'' if number == 1 else 's'}"


def of(breakdown: str, value: str) -> str:
    """` (segment student)`; nothing for the whole company."""
    return "" if breakdown == ALL else f" ({BREAKDOWNS[breakdown]} {value})"


def alarm(told: Alarm, newest: datetime, currency: str) -> str:
    """One alarm: what, where, since when, instead of what, and where most of it comes from."""
    now = figure(told.figure, told.indicator, currency)
    where = f"{told.indicator.title}{of(told.breakdown, told.value)}"
    if told.limit is not None:
        limit = figure(told.limit, told.indicator, currency)
        return f"{where}: {now} in {month(told.since)}, beyond the limit of {limit}."
    expected = figure(told.expected, told.indicator, currency)
    since = f"in {month(told.since)}" if told.since == newest else f"since {month(told.since)}"
    cause = ""
    if told.cause:
        breakdown, value, share = told.cause
        cause = f" {100 * min(share, 1.0):.0f} % of the excess is of {BREAKDOWNS[breakdown]} {value}."
    return f"{where}: {now} {since}, where {expected} was to be expected.{cause}"


def revenue(branch: Branch, currency: str) -> str:
    """Why revenue changed, the largest cause first."""
    now, before = money(branch.now.revenue, currency), money(branch.before.revenue, currency)
    head = _SPANS[branch.span].format(now=now, before=before)
    if not branch.parts:
        return f"{head}."
    ordered = sorted(branch.parts.items(), key=lambda part: -abs(part[1]))
    causes = ", ".join(f"{_signed(value, currency)} from {CAUSES[name]}" for name, value in ordered)
    return f"{head}: {causes}."


def changes(measured: Measured, currency: str) -> Iterator[tuple[str, str, str]]:
    """The significant changes of the company, those for the worse first: indicator, judgement, sentence."""
    told = {i.name: i for i in measured.measured}
    rows = measured.period[(measured.period["breakdown"] == ALL) & measured.period["significant"]]
    found = [(told[row["indicator"]], row) for row in rows.to_dict("records")]
    order = {"worse": 0, "better": 1, "changed": 2}
    judged = [(i, judgement(row["change"], row["p"], True, i), row) for i, row in found]
    for indicator, verdict, row in sorted(judged, key=lambda one: (order[one[1]], one[2]["p"])):
        yield indicator.name, verdict, _change(indicator, row, currency)


def _change(indicator: Indicator, row: Mapping[Any, Any], currency: str) -> str:
    now, before = (figure(row[name], indicator, currency) for name in ("figure", "before"))
    return f"{indicator.title}: {now}, a year before {before}."


def movement(moves: pd.DataFrame, most: int = 5) -> Iterator[str]:
    """The largest moves between groups: whoever stayed, or had never bought, didn't move."""
    moved = moves[(moves["before"] != moves["now"]) & (moves["before"] != "not yet customers")]
    for row in moved.nlargest(most, "customers").to_dict("records"):
        yield f"{row['customers']:,} went from {row['before']} to {row['now']}."


def _signed(value: float, currency: str) -> str:
    return f"{'+' if value > 0 else ''}{money(value, currency)}"
