"""What the company itself books: its costs, and what it hears of its competitors."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from demo.retailer.customers import CHANNELS, Customers
from demo.retailer.days import Floats, Ints, Period, add_months
from demo.retailer.files import choice, ids, money
from demo.retailer.tickets import Tickets

_KINDS = ("advertising", "sales", "service", "maintenance")
_TICKET_CENTS = np.array([900, 350, 500])  # by kind of ticket
_SALES_SHARE, _MAINTENANCE_SHARE = 0.06, 0.04  # of revenue
_EVENING = 0.1  # of a day
_COMPETITORS = ("Brightmart", "Oakhouse", "Velta")
_METRICS = {
    "nps": (28.0, 8.0),
    "csat": (3.9, 0.2),
    "churn_rate": (0.34, 0.05),
    "repeat_rate": (0.55, 0.06),
    "first_response_hours": (11.0, 3.0),
}


@dataclass
class Ledger:
    """What adds up over the chunks. `advertising`: months × channels; `revenue`: one entry a month. Cents."""

    months: int
    advertising: Ints = field(init=False)
    revenue: Ints = field(init=False)

    def __post_init__(self) -> None:
        self.advertising = np.zeros((self.months, len(CHANNELS)), np.int64)
        self.revenue = np.zeros(self.months, np.int64)

    def book(self, customers: Customers, moment: Floats, paid: Ints, period: Period) -> None:
        """`moment`, `paid`: of the orders placed."""
        new = customers.signed_up >= 0
        month = _month(customers.signed_up[new], period)
        np.add.at(self.advertising, (month, customers.channel[new]), customers.cost_cents[new])
        np.add.at(self.revenue, _month(moment, period), paid)


def _month(moment: Floats, period: Period) -> Ints:
    starts = np.array([period.moment(month) for month in period.months()])
    position: Ints = np.searchsorted(starts, moment, side="right") - 1
    return position


def ticket_costs(
    rng: np.random.Generator, tickets: Tickets, customers: Customers, period: Period
) -> dict[str, pa.Array]:
    """Rows of `costs`: what each ticket took, booked to its customer."""
    cents = np.rint(_TICKET_CENTS[tickets.kind] * rng.lognormal(0.0, 0.3, len(tickets.owner))).astype(
        np.int64
    )
    size = len(cents)
    return {
        "occurred_at": period.timestamps(tickets.opened),
        "kind": choice(_KINDS, np.full(size, _KINDS.index("service"))),
        "amount": money(cents),
        "customer_id": ids("C", customers.number[tickets.owner]),
        "channel": choice(CHANNELS, np.full(size, -1)),
    }


def monthly_costs(ledger: Ledger, period: Period) -> dict[str, pa.Array]:
    """Rows of `costs`: advertising by channel, sales, maintenance; booked on each month's last evening."""
    month, channel = (index.ravel() for index in np.indices(ledger.advertising.shape))
    months = np.arange(ledger.months)
    shares = np.array([_SALES_SHARE, _MAINTENANCE_SHARE])
    overhead = np.rint(np.outer(shares, ledger.revenue)).astype(np.int64).ravel()
    when = np.concatenate([month, months, months])
    kind = np.repeat(
        [_KINDS.index("advertising"), _KINDS.index("sales"), _KINDS.index("maintenance")],
        [len(month), ledger.months, ledger.months],
    )
    ends = np.array([period.moment(add_months(first, 1)) for first in period.months()])
    return {
        "occurred_at": period.timestamps(ends[when] - _EVENING),
        "kind": choice(_KINDS, kind),
        "amount": money(np.concatenate([ledger.advertising.ravel(), overhead])),
        "customer_id": pa.nulls(len(when), pa.string()),
        "channel": choice(CHANNELS, np.concatenate([channel, np.full(2 * ledger.months, -1)])),
    }


def benchmarks(rng: np.random.Generator, period: Period) -> dict[str, pa.Array]:
    """The table `benchmarks`: one value a competitor, metric and quarter (`2024-Q1`)."""
    quarters = sorted({f"{month.year}-Q{(month.month + 2) // 3}" for month in period.months()})
    shape = (len(_COMPETITORS), len(_METRICS), len(quarters))
    competitor, metric, quarter = (index.ravel() for index in np.indices(shape))
    middle, spread = (np.array(column) for column in zip(*_METRICS.values(), strict=True))
    own = rng.normal(size=shape[:2])[competitor, metric] + 0.25 * rng.normal(size=len(quarter))
    return {
        "competitor": choice(_COMPETITORS, competitor),
        "metric": choice(tuple(_METRICS), metric),
        "period": choice(quarters, quarter),
        "value": pa.array(np.round(middle[metric] + spread[metric] * own, 3)),
    }
