"""The days and months that the definitions of the indicators speak of."""

from __future__ import annotations

from dataclasses import dataclass

YEAR = 12


@dataclass(frozen=True)
class Rules:
    """`trend_months`: the months told. `active_months`: an order in these makes a customer active.

    `churn_months`: an active customer without an order in these has churned. `lapsed_after_gaps`: silent for
    so many of their own mean gaps between orders, an active customer has lapsed. `…_within_…`: the time that
    a ticket, an order or a contact is given before its outcome counts. `most_values`: of a breakdown, the
    largest; the rest is one, `all others`. `few`: below this many answers, customers or cases a figure says
    that they are few. `confidence`: of intervals. `false_discoveries`: the share of the changes called
    significant that may be chance.
    """

    trend_months: int = 24
    active_months: int = 12
    churn_months: int = 3
    lapsed_after_gaps: float = 4.0
    answered_within_hours: int = 24
    resolved_within_days: int = 7
    reopened_within_days: int = 14
    returned_within_days: int = 30
    redeemed_within_days: int = 30
    most_values: int = 12
    few: int = 30
    confidence: float = 0.95
    false_discoveries: float = 0.05

    @property
    def history_months(self) -> int:
        """As far back as the oldest figure reaches: a trend of sums over a year."""
        return self.trend_months + YEAR
