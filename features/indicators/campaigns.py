"""What each campaign brought in beside what it cost.

Where a part of those aimed at was held back (the arm `control`), the return is measured: the mean of those
contacted less the mean of those held back (Welch 1947, Biometrika 34), times those contacted. Without enough
of them, what the contacted bought after is compared with what they bought in as many days before: that is a
correlation, as the season or the choice of customers may be behind it, and it is called one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import sqrt
from typing import Any

import ibis
import pandas as pd
from scipy import stats

from features.facts import MONEY_UNIT, whole
from features.indicators.book import Tables
from features.indicators.rules import Rules

Value = Any  # an Ibis value expression
COLUMNS = (
    "campaign",
    "sent_at",
    "contacted",
    "held_back",
    "coupons",
    "redeemed",
    "redemption",
    "cost",
    "brought",
    "low",
    "high",
    "roi",
    "roi_low",
    "roi_high",
    "basis",
)


def campaigns(tables: Tables, day: datetime, rules: Rules) -> pd.DataFrame:
    """One row per campaign whose time was up before `day`, the newest first: campaign, sent_at, contacted,
    held_back, coupons, redeemed, redemption, cost, brought, low, high, roi, roi_low, roi_high, basis.

    A customer counts once, from the first contact of the campaign, for the `redeemed_within_days` after it.
    `brought`: margin (revenue where the tables have none) that the campaign added, in money, with its
    interval; null where that can't be told, or the orders begin after the days that it is told from. `cost`:
    of its contacts, null where none is known. `roi`: (brought − cost) ÷ cost, null without costs. `basis`:
    control or correlation. `redemption` is null without coupons. `tables`: cut at
    `day`.
    """
    found = _arms(tables, day, rules).to_pandas()
    began = pd.Timestamp(tables["orders"].ordered_at.min().to_pyarrow().as_py())
    rows = [_told(str(name), some, rules, began) for name, some in found.groupby("campaign_id")]
    frame = pd.DataFrame([row for row in rows if row], columns=list(COLUMNS))
    return frame.sort_values(["sent_at", "campaign"], ascending=[False, True], ignore_index=True)


def _arms(tables: Tables, day: datetime, rules: Rules) -> ibis.Table:
    """One row per campaign and arm: sums over its customers, and of the squares."""
    days = rules.redeemed_within_days
    contacts = tables["contacts"]
    contacts = contacts.filter(contacts.sent_at < ibis.timestamp(day) - ibis.interval(days=days))
    order = [contacts.sent_at, contacts.contact_id]
    place = ibis.row_number().over(group_by=["campaign_id", "customer_id"], order_by=order)
    first = contacts.mutate(place=place).filter(lambda t: t["place"] == 0)
    first = first.select(
        "contact_id", "campaign_id", "arm", "sent_at", owner="customer_id", **_offer(first, days)
    )
    orders = tables["orders"]
    worth = orders.margin.fill_null(0.0) if "margin" in orders.columns else orders.amount
    orders = orders.select("customer_id", "ordered_at", worth=whole(worth))
    both = first.left_join(orders, first.owner == orders.customer_id)
    since, span = both.ordered_at >= both.sent_at, ibis.interval(days=days)
    after = since & (both.ordered_at < both.sent_at + span)
    before = ~since & (both.ordered_at >= both.sent_at - span)
    keys = ("contact_id", "campaign_id", "arm", "sent_at", "cost", "has_cost", "coupon", "redeemed")
    each = both.group_by(*keys).aggregate(
        after=_sum(after.fill_null(False), both.worth), before=_sum(before.fill_null(False), both.worth)
    )
    each = each.mutate(more=each.after - each.before)
    return each.group_by("campaign_id", "arm").aggregate(
        customers=each.count(),
        sent_at=each.sent_at.min(),
        cost=each.cost.sum(),
        costs=each.has_cost.sum(),
        coupons=each.coupon.sum(),
        redeemed=each.redeemed.sum(),
        **{name: each[name].sum().cast("float64") for name in ("after", "more")},
        **{f"{name}_squares": (each[name] * each[name]).sum() for name in ("after", "more")},
    )


def _sum(inside: Value, worth: Value) -> Value:
    """Of each contact, as a number of money whose squares can be summed."""
    return inside.ifelse(worth, 0).sum().cast("float64") / MONEY_UNIT


def _offer(t: ibis.Table, days: int) -> dict[str, Value]:
    """The cost of a contact, whether it bore a coupon, and whether that was redeemed in time."""
    there = set(t.columns)
    coupon = (t.coupon_value > 0).fill_null(False) if "coupon_value" in there else ibis.literal(False)
    late = t.redeemed_at if "redeemed_at" in there else ibis.null("timestamp")
    redeemed = coupon & (late < t.sent_at + ibis.interval(days=days)).fill_null(False)
    cost = t.cost if "cost" in there else ibis.null("float64")
    return {
        "cost": whole(cost.fill_null(0.0)),
        "has_cost": cost.notnull().ifelse(1, 0),
        "coupon": coupon.ifelse(1, 0),
        "redeemed": redeemed.ifelse(1, 0),
    }


def _told(name: str, arms: pd.DataFrame, rules: Rules, began: pd.Timestamp) -> dict[str, Any]:
    """Nothing of a campaign that reached nobody. `began`: the first order."""
    by_arm = {str(row["arm"]): row for row in arms.to_dict("records")}
    reached, held = by_arm.get("treatment"), by_arm.get("control")
    if reached is None:
        return {}
    n, coupons = int(reached["customers"]), int(reached["coupons"])
    measured = held is not None and int(held["customers"]) > 1
    mean, variance, freedom = _difference(reached, held) if measured and held else _paired(reached)
    half = float(stats.t.isf((1 - rules.confidence) / 2, freedom)) * sqrt(variance)
    since = timedelta(0) if measured else timedelta(days=rules.redeemed_within_days)
    if pd.Timestamp(reached["sent_at"]) - since < began.normalize():
        mean = float("nan")
    brought = {"brought": n * mean, "low": n * (mean - half), "high": n * (mean + half)}
    cost = int(reached["cost"]) / MONEY_UNIT if reached["costs"] else float("nan")
    returns = {
        roi: (brought[name] - cost) / cost if cost > 0 else float("nan")
        for roi, name in (("roi", "brought"), ("roi_low", "low"), ("roi_high", "high"))
    }
    return {
        "campaign": name,
        "sent_at": reached["sent_at"],
        "contacted": n,
        "held_back": int(held["customers"]) if held else 0,
        "coupons": coupons,
        "redeemed": int(reached["redeemed"]),
        "redemption": int(reached["redeemed"]) / coupons if coupons else float("nan"),
        "cost": cost,
        **brought,
        **returns,
        "basis": "control" if measured else "correlation",
    }


def _moments(row: Any, name: str) -> tuple[float, float, float]:
    """Mean, variance of the mean (null below two customers), and customers."""
    n, total, squares = (float(row[key]) for key in ("customers", name, f"{name}_squares"))
    variance = max(squares - total**2 / n, 0.0) / (n - 1) / n if n > 1 else float("nan")
    return total / n, variance, n


def _difference(reached: Any, held: Any) -> tuple[float, float, float]:
    """Welch: the difference of the means, its variance, and its degrees of freedom."""
    mean, variance, n = _moments(reached, "after")
    mean_of_held, variance_of_held, m = _moments(held, "after")
    both = variance + variance_of_held
    parts = variance**2 / max(n - 1, 1) + variance_of_held**2 / (m - 1)
    return mean - mean_of_held, both, both**2 / parts if parts > 0 else n + m - 2


def _paired(reached: Any) -> tuple[float, float, float]:
    """What the contacted bought after, less what they bought in as many days before."""
    mean, variance, n = _moments(reached, "more")
    return mean, variance, max(n - 1, 1)
