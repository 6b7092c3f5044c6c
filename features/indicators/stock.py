"""Customers at each month's end: active, churned, lapsed, won back; and those who hold a subscription.

A customer's last order before a month's end lies in exactly one month in which they bought. So each such
month holds its customer for a range of month ends, from the months before and after it in which they bought,
and one pass over the orders counts all customers at all month ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import ibis
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.facts import DAY, seconds
from features.indicators.book import Tables
from features.indicators.calendar import month_of
from features.indicators.owners import owner_breakdowns, with_owner
from features.indicators.rules import YEAR, Rules
from features.neighbours import prepared

Ints = NDArray[np.int64]
Ranges = dict[str, tuple[Ints, Ints]]
_GONE = 10**6  # later than any month
_LONGEST_MONTH = 31 * DAY
_OF_SUBSCRIPTIONS, _FLOWS = ("holding", "ending"), ("first", "ending")


def of_orders(tables: Tables, rules: Rules, end: int) -> pd.DataFrame:
    """One row per month and breakdown: how many customers were of each kind at the month's end.

    active: bought in the `active_months` before. asked, churned, retained: active `churn_months`
    before, and of these who hasn't bought since, and who has. repeated: of the active, who bought twice or
    more in the `active_months`. rhythmic, lapsed: of the active, who has ordered twice or more ever, and of
    these who has been silent for longer than `lapsed_after_gaps` of their own mean gaps. silent, won_back:
    not active `churn_months` before though they had bought, and of these who has bought since. first: who
    bought for the first time in the month.
    """
    names = owner_breakdowns(tables)
    frame = _bought(tables, rules, end).group_by("before", "month", "next", "lapses", "first", *names)
    found = frame.aggregate(customers=lambda t: t.count()).to_pandas()
    counted = _Ends(found, names, rules, end).table(_order_ranges(found, rules))
    return counted.assign(
        retained=counted["asked"] - counted["churned"], won_back=counted["silent"] - counted["still_silent"]
    )


def _order_ranges(found: pd.DataFrame, rules: Rules) -> Ranges:
    """In which month ends each row of `_bought` is of which kind, but for the kinds that are differences."""
    month, after = (found[name].to_numpy(np.int64) for name in ("month", "next"))
    before = found["before"].fillna(-_GONE).to_numpy(np.int64)
    lapses = found["lapses"].fillna(_GONE).to_numpy(np.int64)
    active_until = np.minimum(month + rules.active_months, after)
    later, over = month + rules.churn_months, month + rules.churn_months + rules.active_months
    rhythmic = np.where(lapses == _GONE, -_GONE, active_until)
    return {
        "active": (month, active_until),
        "asked": (later, np.minimum(over, after + rules.churn_months)),
        "churned": (later, np.minimum(over, after)),
        "repeated": (month, np.minimum(before + rules.active_months, after)),
        "rhythmic": (month, rhythmic),
        "lapsed": (lapses, rhythmic),
        "silent": (over, after + rules.churn_months),
        "still_silent": (over, after),
        "first": (month, np.where(found["first"].to_numpy(bool), month + 1, -_GONE)),
    }


def _bought(tables: Tables, rules: Rules, end: int) -> ibis.Table:
    """One row per customer and month in which they bought.

    `before`, `next`: the number of the month before and after in which they bought; the same month where they
    bought twice in it; the next is `end` where there is none. `first`: whether it is their first. `lapses`:
    the month in which they will have been silent for too long, `next` where they buy by then, null after one
    order.
    """
    orders = tables["orders"]
    month = orders.group_by("customer_id", month=month_of(orders.ordered_at))
    month = month.aggregate(
        orders=orders.count(), begins=seconds(orders.ordered_at).min(), last_at=orders.ordered_at.max()
    )
    customer = ibis.window(group_by="customer_id", order_by="month")
    so_far = ibis.cumulative_window(group_by="customer_id", order_by="month")
    month = month.mutate(
        before=(month.orders > 1).ifelse(month.month, month.month.lag().over(customer)),
        next=month.month.lead().over(customer).fill_null(end),
        first=month.month.lag().over(customer).isnull(),
        ever=month.orders.sum().over(so_far).cast("int64"),
        begun=month.begins.min().over(so_far),
    )
    span = (seconds(month.last_at) - month.begun).cast("float64")
    gap = span / (month.ever - 1).nullif(0).cast("float64")
    silence = (gap * rules.lapsed_after_gaps).ceil().cast("int64")
    later = ibis.least(month_of(month.last_at + silence.as_interval("s")), month.next)
    lapses = (silence >= (month.next - month.month) * _LONGEST_MONTH).ifelse(month.next, later)
    known = (month.ever > 1).ifelse(lapses, None)
    return with_owner(month.mutate(lapses=known), tables)


def of_subscriptions(tables: Tables, rules: Rules, end: int) -> pd.DataFrame:
    """One row per month and breakdown: who held a subscription as the month began, and who ended all in it.

    A spell ends with the last of a customer's subscriptions; one that another replaces within a day goes on.
    """
    names = owner_breakdowns(tables)
    spells = _spells(tables)
    found = spells.group_by("began", "ended", *names).aggregate(customers=spells.count()).to_pandas()
    return _Ends(found, names, rules, end).table(_spell_ranges(found))


def _spells(tables: Tables) -> ibis.Table:
    """One row per spell of a customer's subscriptions: in which months it began and ended."""
    held = prepared("subscriptions", tables).rename(customer_id="owner")
    so_far = ibis.cumulative_window(group_by="customer_id", order_by=["started_at", "subscription_id"])
    held = held.mutate(spell=held.starts_spell.ifelse(1, 0).sum().over(so_far))
    spells = held.group_by("customer_id", "spell").aggregate(
        began=month_of(held.started_at.min()),
        ended=held.cancelled_at.isnull().any().ifelse(None, month_of(held.cancelled_at.max())),
    )
    return with_owner(spells.mutate(ended=spells.ended.fill_null(_GONE)), tables)


def _spell_ranges(found: pd.DataFrame) -> Ranges:
    began, ended = (found[name].to_numpy(np.int64) for name in ("began", "ended"))
    return {
        "holding": (began + 1, ended + 1),
        "ending": (ended, np.where(began < ended, ended + 1, -_GONE)),
    }


def customers_in(tables: Tables, rules: Rules, end: int, kind: str) -> set[str]:
    """The customers of one kind of `of_orders` or `of_subscriptions` at the newest month's end.

    Those of `first` and `ending`, which are no states: in the last twelve months.
    """
    rest = {"retained": ("asked", "churned"), "won_back": ("silent", "still_silent")}
    if kind in rest:
        whole, part = (customers_in(tables, rules, end, name) for name in rest[kind])
        return whole - part
    if kind in _OF_SUBSCRIPTIONS:
        found = _spells(tables).to_pandas()
        ranges = _spell_ranges(found)
    else:
        found = _bought(tables, rules, end).to_pandas()
        ranges = _order_ranges(found, rules)
    after, until = ranges[kind]
    oldest = end - YEAR + 1 if kind in _FLOWS else end
    held = (np.maximum(after + 1, oldest) <= np.minimum(until, end)) & (until > after)
    return set(found.loc[held, "customer_id"].astype(str))


@dataclass(frozen=True)
class _Ends:
    """Counts customers at the month ends that their ranges hold. `found`: how many customers of each row."""

    found: pd.DataFrame
    names: list[str]
    rules: Rules
    end: int

    def table(self, ranges: Ranges) -> pd.DataFrame:
        """`ranges`: of month ends, after the first number up to the second; empty where that isn't later."""
        group, keys = self._groups()
        months = np.arange(self.end - self.rules.history_months, self.end)
        count = partial(self._count, group, len(keys))
        columns = {name: count(*both).ravel() for name, both in ranges.items()}
        told = keys.loc[keys.index.repeat(len(months))].reset_index(drop=True)
        return told.assign(month=np.tile(months, len(keys)), **columns)

    def _groups(self) -> tuple[Ints, pd.DataFrame]:
        """The number of each row's group, and the breakdowns of each group."""
        if not self.names:
            return np.zeros(len(self.found), np.int64), pd.DataFrame(index=range(1))
        grouped = self.found.groupby(self.names)
        keys = grouped.size().index.to_frame(index=False)
        return np.asarray(grouped.ngroup(), np.int64), keys

    def _count(self, group: Ints, groups: int, after: Ints, until: Ints) -> NDArray[np.float64]:
        """Shape (groups, months): entries less exits, added up over the month ends."""
        size = self.rules.history_months
        oldest = self.end - size + 1  # the end of the first month told
        begins, ends = (np.clip(side + 1 - oldest, 0, size) for side in (after, until))
        held = ends > begins
        weight = self.found["customers"].to_numpy(float)
        change = np.zeros((groups, size + 1))
        np.add.at(change, (group[held], begins[held]), weight[held])
        np.add.at(change, (group[held], ends[held]), -weight[held])
        return np.cumsum(change, axis=1)[:, :size]
