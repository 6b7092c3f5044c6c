"""What early warnings cost, in money, with an interval.

- **orders that stay away** (orders per customer, per visit): those missing since then, times the basket of
  the same customers.
- **returns**: those in excess since then, times the money of one; of a product line, the money returned
  beyond that of the expected ones.
- **customers who lapse or churn**: those in excess, times what one brings in in twelve months.
- **service that fails** (late answers, late solutions, reopened, complaints): the customers in excess since
  then, times what `aftermath` says that it does to their churn, times what one brings in in twelve months.

The interval holds what is not known of the excess and of the price of each, as if the two were independent
(the delta method); of customers who leave, also which ones do. What has no price here, such as answers to
surveys, has no money: null, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite, nan, sqrt
from typing import Any

import pandas as pd
from scipy import stats

from features.indicators.aftermath import aftermath
from features.indicators.alarms import Alarm
from features.indicators.book import Tables
from features.indicators.calendar import first_day, number
from features.indicators.cells import ALL
from features.indicators.measure import Measured
from features.indicators.rules import YEAR

PER_EVENT = {"order_rate": "basket", "conversion": "basket", "return_rate": "return_amount"}
A_YEAR = ("churn_rate", "lapsed_share")
FAILURE = {
    "answered_in_time": "late_answer",
    "typical_response_hours": "late_answer",
    "first_response_hours": "late_answer",
    "resolved_in_time": "late_solution",
    "reopened_share": "reopened",
    "complaint_rate": "complaint",
}
_OF_CUSTOMERS = ("segment", "country")
_TICKET_COLUMNS = {"ticket_channel": "channel", "topic": "topic"}

Sure = tuple[float, float]
"""A number and its standard error; null where it isn't known."""


def priced(alarms: list[Alarm], measured: Measured, tables: Tables) -> list[Alarm]:
    """The alarms with `money`, `money_low` and `money_high`, null where they have no price.

    `tables`: cut at the day of the assessment.
    """
    effects = _effects(measured, tables) if any(a.indicator.name in FAILURE for a in alarms) else {}
    z = float(stats.norm.isf((1 - measured.rules.confidence) / 2))
    told = []
    for alarm in alarms:
        money, error = _money(alarm, measured, tables, effects)
        if isfinite(money):
            low, high = (money + side * z * error if isfinite(error) else None for side in (-1, 1))
            alarm = replace(alarm, money=money, money_low=low, money_high=high)
        told.append(alarm)
    return told


def _money(alarm: Alarm, measured: Measured, tables: Tables, effects: Mapping[str, Sure]) -> Sure:
    name = alarm.indicator.name
    if alarm.events is None:
        return nan, nan
    if alarm.cost is not None:
        return alarm.cost
    events = (alarm.events, alarm.events_error or 0.0)
    if name in PER_EVENT:
        return _times(events, _figure(measured, PER_EVENT[name], alarm))
    if name in A_YEAR:
        return _times(events, _figure(measured, "revenue_per_customer", alarm))
    if name in FAILURE and FAILURE[name] in effects:
        share = _customers_per_ticket(alarm, tables)
        leaving = _times((events[0] * share, events[1] * share), effects[FAILURE[name]])
        money, error = _times(leaving, _figure(measured, "revenue_per_customer", alarm))
        return money, sqrt(error**2 + abs(leaving[0]) * _square_of_a_year(measured, tables))
    return nan, nan


def _square_of_a_year(measured: Measured, tables: Tables) -> float:
    """The mean square of what a customer brought in in the year: few leave, and chance says which.

    The variance of a sum over a Poisson number of customers is that number times this.
    """
    orders: Any = tables["orders"]
    year = orders.filter(orders.ordered_at >= first_day(number(measured.day) - YEAR))
    each = year.group_by("customer_id").aggregate(money=year.amount.sum())
    found = each.aggregate(square=(each.money * each.money).mean()).to_pyarrow()["square"][0].as_py()
    return float(found or 0.0)


def _effects(measured: Measured, tables: Tables) -> dict[str, Sure]:
    """What each failure adds to the share who churn."""
    if not {"tickets", "orders"} <= set(tables):
        return {}
    found = aftermath(tables, measured.day, measured.rules)
    z = float(stats.norm.isf((1 - measured.rules.confidence) / 2))
    return {
        row["failure"]: (row["difference"], (row["high"] - row["low"]) / (2 * z))
        for row in found.to_dict("records")
        if isfinite(row["difference"])
    }


def _figure(measured: Measured, name: str, alarm: Alarm) -> Sure:
    """Of the year and of the customers warned of, where it is told of these; else of the company."""
    of = [(alarm.breakdown, alarm.value)] if alarm.breakdown in _OF_CUSTOMERS else []
    period = measured.period[measured.period["indicator"] == name]
    for breakdown, value in (*of, (ALL, ALL)):
        row = period[(period["breakdown"] == breakdown) & (period["value"] == value)]
        if len(row) and isfinite(row["figure"].iloc[0]):
            error = float(row["error"].iloc[0])
            return float(row["figure"].iloc[0]), error if isfinite(error) else 0.0
    return nan, nan


def _times(one: Sure, other: Sure) -> Sure:
    """The product of two, as if independent."""
    return one[0] * other[0], sqrt((one[0] * other[1]) ** 2 + (one[1] * other[0]) ** 2)


def _customers_per_ticket(alarm: Alarm, tables: Tables) -> float:
    """Different customers per ticket since then, of the same channel or topic where the alarm is of one."""
    tickets = tables["tickets"]
    some: Any = tickets.filter(tickets.opened_at >= alarm.since)
    if alarm.breakdown in _TICKET_COLUMNS:
        some = some.filter(some[_TICKET_COLUMNS[alarm.breakdown]] == alarm.value)
    found: pd.DataFrame = some.aggregate(
        tickets=some.count(), customers=some.customer_id.nunique()
    ).to_pandas()
    counted = found.iloc[0]
    return float(counted["customers"] / counted["tickets"]) if counted["tickets"] else nan
