"""The weak points of the company: where value at risk comes from, in money, with facts and the customers.

A customer's weak point costs its percentage points of churn probability times their CLV; these are summed
over the customers, of everyone and of each segment, country, channel, product line and touchpoint, and of two
of these crossed. What left its usual course of late (an early warning) stands before what has long been so:
it is news, it is dated, and it is rarely in the scores yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from features.indicators.alarms import Alarm
from features.indicators.book import Indicator, Tables
from features.indicators.cells import ALL
from features.indicators.homes import HOMES, homes
from features.indicators.measure import Measured

DIMENSION_OF = {
    "satisfaction": "satisfaction",
    "loyalty": "rhythm",
    "behaviour": "rhythm",
    "service": "service",
    "value": "spend",
    "marketing": "engagement",
}
"""By group of indicators; the returns among the service's are of the product."""
_OF_PRODUCT = frozenset(
    {
        "return_rate",
        "returned_share",
        "return_amount",
        "exchange_share",
        "lines_returned",
        "line_return_rate",
        "line_return_cost",
    }
)
_OF_SPEND = frozenset(("basket", "discount_share", "revenue", "margin_share"))
_OF_ENGAGEMENT = frozenset(("conversion", "interaction_frequency"))
CROSS = " × "
_REMARKABLE = 0.05
_WORTH_TELLING = 0.01
"""Of all money: a weak point with less is no finding."""
CAUSE_BEFORE_RHYTHM = 0.25
"""The share of rhythm's money from which a cause stands before it: rhythm is the symptom."""
MOST_PLACES = 3
"""Weak points that a score names."""
RANKED = (
    "weak_point",
    "breakdown",
    "value",
    "since",
    "since_earliest",
    "since_latest",
    "money",
    "low",
    "high",
    "customers",
    "p",
    "facts",
)
COLUMNS = ("weak_point", "breakdown", "value", "customers", "money", "clv", "share", "example")


def dimension_of(indicator: Indicator) -> str:
    """The dimension that an indicator speaks for."""
    if indicator.name in _OF_PRODUCT:
        return "product"
    if indicator.name in _OF_SPEND:
        return "spend"
    return "engagement" if indicator.name in _OF_ENGAGEMENT else DIMENSION_OF[indicator.group]


def named(scores: pd.DataFrame) -> pd.DataFrame:
    """One row per weak point of a customer: customer_id, clv, weak_point, money.

    `scores`: as `amity score` writes them.
    """
    clv = scores["clv"].to_numpy(float)
    places = [
        pd.DataFrame(
            {
                "customer_id": scores["customer_id"].astype(str),
                "clv": clv,
                "weak_point": scores[f"weak_point_{place}"],
                "money": scores[f"weak_point_{place}_points"].to_numpy(float) / 100 * clv,
            }
        )
        for place in range(1, MOST_PLACES + 1)
        if f"weak_point_{place}" in scores.columns
    ]
    told = pd.concat(places, ignore_index=True)
    return told[told["weak_point"].notna()].reset_index(drop=True)


def summed(scores: pd.DataFrame, tables: Tables, measured: Measured) -> pd.DataFrame:
    """One row per weak point, of everyone, of each value of a breakdown, and of two breakdowns crossed, the
    most money first: weak_point, breakdown, value, customers, money, clv, share, example.

    Crossed, `breakdown` is `country × order_channel` and `value` `DE × web`; those of fewer customers than
    the rules' `few` are left out. `clv`: of these customers; `share`: of the weak point's money of everyone.
    `example`: the customer with most of it. A customer without such a place (no ticket, so no channel) is in
    no value of it. `tables`: cut at the day of the assessment.
    """
    told = placed(scores, tables, measured)
    told = told.sort_values(["money", "customer_id"], ascending=[False, True], ignore_index=True)
    names = [name for name in HOMES if name in told.columns]
    told[names] = told[names].astype("category")
    crossed = [list(pair) for pair in combinations(names, 2)]
    parts = [
        _of(told, by, measured.rules.few if len(by) > 1 else 1)
        for by in ([], *([n] for n in names), *crossed)
    ]
    frame = pd.concat(parts, ignore_index=True)
    everyone = frame[frame["breakdown"] == ALL].set_index("weak_point")["money"]
    frame["share"] = frame["money"] / frame["weak_point"].map(everyone)
    order = ["money", "weak_point", "breakdown", "value"]
    frame = frame.sort_values(order, ascending=[False, True, True, True], ignore_index=True)
    return frame[list(COLUMNS)]


def placed(scores: pd.DataFrame, tables: Tables, measured: Measured) -> pd.DataFrame:
    """The rows of `named` with the customer's segment, country, channels, product line and touchpoint."""
    told = named(scores)
    found = homes(tables, measured.day)
    return told.merge(found, on="customer_id", how="left")


def customers_of(told: pd.DataFrame, weak_point: str, breakdown: str = ALL, value: str = ALL) -> pd.DataFrame:
    """The customers behind a row of `summed`, most money first: customer_id, money, clv.

    `told`: as `placed` gives it.
    """
    inside = told["weak_point"] == weak_point
    if breakdown != ALL:
        for name, of in zip(breakdown.split(CROSS), value.split(CROSS), strict=True):
            inside &= told[name] == of
    some = told.loc[inside, ["customer_id", "money", "clv"]]
    return some.sort_values(["money", "customer_id"], ascending=[False, True], ignore_index=True)


def _of(told: pd.DataFrame, by: list[str], few: int) -> pd.DataFrame:
    """`told`: the most money first; a customer has each weak point once."""
    groups = told.groupby(["weak_point", *by], observed=True, sort=False)
    frame = groups.agg(
        customers=("money", "size"),
        money=("money", "sum"),
        clv=("clv", "sum"),
        example=("customer_id", "first"),
    ).reset_index()
    frame = frame[frame["customers"] >= few]
    frame["value"] = frame[by].astype(str).agg(CROSS.join, axis=1) if by and len(frame) else ALL
    frame["breakdown"] = CROSS.join(by) if by else ALL
    return frame[[name for name in COLUMNS if name in frame]]


def ranked(
    alarms: list[Alarm], measured: Measured, sums: pd.DataFrame | None = None, most: int = 20
) -> pd.DataFrame:
    """The weak points of the company, the first first: the columns of `RANKED`.

    First what warns, by dimension and place (a breakdown's value), the surest place first: `money`, `low` and
    `high` of its surest warning that has a price, `since`, `since_earliest`, `since_latest` of the one that
    began first. Then up to `most` that are summed from the scores, whole dimensions and the places where one
    is `remarkable`, as `findings` orders them; these have no date, interval or `p`, and those have no
    `customers`. `facts`: what the indicators say, as `facts` gives them. `sums`: as `summed` gives them.
    """
    rows = [*_warned(alarms), *(() if sums is None else _standing(sums, measured, most))]
    return pd.DataFrame(rows, columns=list(RANKED))


def _warned(alarms: list[Alarm]) -> Iterator[dict[str, Any]]:
    places: dict[tuple[str, str, str], list[Alarm]] = {}
    for alarm in alarms:
        breakdown, value = alarm.cause[:2] if alarm.cause else (alarm.breakdown, alarm.value)
        places.setdefault((dimension_of(alarm.indicator), breakdown, value), []).append(alarm)
    for (weak_point, breakdown, value), some in places.items():
        priced = next((alarm for alarm in some if alarm.money is not None), some[0])
        first = min(some, key=lambda alarm: alarm.since)
        yield {
            "weak_point": weak_point,
            "breakdown": breakdown,
            "value": value,
            "since": first.since,
            "since_earliest": first.since_earliest,
            "since_latest": first.since_latest,
            "money": priced.money,
            "low": priced.money_low,
            "high": priced.money_high,
            "p": some[0].p,
            "facts": [_fact_of(alarm) for alarm in some],
        }


def _fact_of(alarm: Alarm) -> dict[str, Any]:
    return {
        "indicator": alarm.indicator.name,
        "figure": alarm.figure,
        "instead_of": alarm.limit if alarm.expected is None else alarm.expected,
        "since": alarm.since,
    }


def _standing(sums: pd.DataFrame, measured: Measured, most: int) -> Iterator[dict[str, Any]]:
    for row in findings(sums, measured.rules.few).head(most).to_dict("records"):
        weak_point, breakdown, value = (str(row[name]) for name in ("weak_point", "breakdown", "value"))
        yield {
            "weak_point": weak_point,
            "breakdown": breakdown,
            "value": value,
            "money": float(row["money"]),
            "customers": int(row["customers"]),
            "facts": facts(measured, weak_point, breakdown, value),
        }


def is_crossed(sums: pd.DataFrame) -> pd.Series:
    """Which rows of `summed` are of two breakdowns."""
    return sums["breakdown"].astype(str).str.contains(CROSS, regex=False)


def findings(sums: pd.DataFrame, few: int = 1) -> pd.DataFrame:
    """The rows of `summed` that tell something of the company, the first first: whole weak points, and places
    of `few` customers or more that are `remarkable`, of at least `_WORTH_TELLING` of all money.

    The most money first; but the causes that hold `CAUSE_BEFORE_RHYTHM` of rhythm's money go before it.
    """
    whole = sums["breakdown"] == ALL
    single = remarkable(sums[~is_crossed(sums)])
    told = single[(single["breakdown"] == ALL) | (single["customers"] >= few)]
    told = told[told["money"] >= _WORTH_TELLING * sums.loc[whole, "money"].sum()]
    rhythm = sums.loc[whole & (sums["weak_point"] == "rhythm"), "money"].sum()
    heavy = (told["weak_point"] != "rhythm") & (told["money"] >= CAUSE_BEFORE_RHYTHM * rhythm)
    return pd.concat([told[heavy], told[~heavy]], ignore_index=True)


def remarkable(sums: pd.DataFrame) -> pd.DataFrame:
    """The rows of `summed` of whole weak points, and of the places, crossed ones too, that hold more of one
    than of all others.

    A place's share of the weak point's money, among the values of its breakdown, must be `_REMARKABLE` above
    its share of the money of all weak points: the largest segment is no finding by its size.
    """
    money = sums["money"]
    own = money / money.groupby([sums["weak_point"], sums["breakdown"]]).transform("sum")
    place = money.groupby([sums["breakdown"], sums["value"]]).transform("sum")
    usual = place / money.groupby(sums["breakdown"]).transform("sum")
    return sums[(sums["breakdown"] == ALL) | (own - usual >= _REMARKABLE)]


def facts(
    measured: Measured, weak_point: str, breakdown: str = ALL, value: str = ALL, most: int = 3
) -> list[dict[str, Any]]:
    """What the indicators of a dimension say against it: indicator, figure, instead_of, since (null).

    Of a breakdown's value beside the company; of the company beside the year before. Only what is worse
    beyond chance at the rules' confidence (by the sampling errors of both), the surest first.
    """
    told: Mapping[str, Indicator] = {
        i.name: i for i in measured.measured if i.better and dimension_of(i) == weak_point
    }
    period = measured.period[measured.period["indicator"].isin(list(told))]
    here = period[(period["breakdown"] == breakdown) & (period["value"] == value)]
    whole = period[period["breakdown"] == ALL].set_index("indicator")
    sure, found = float(stats.norm.isf((1 - measured.rules.confidence) / 2)), []
    for row in here.to_dict("records"):
        indicator = told[str(row["indicator"])]
        z, other = _against(row, whole.loc[indicator.name].to_dict(), indicator, breakdown == ALL)
        if z >= sure:
            found.append((-z, indicator.name, float(row["figure"]), other))
    return [
        {"indicator": name, "figure": figure, "instead_of": other, "since": None}
        for _, name, figure, other in sorted(found)[:most]
    ]


def _against(
    row: Mapping[Any, Any], whole: Mapping[Any, Any], indicator: Indicator, of_all: bool
) -> tuple[float, float]:
    """How many standard errors a figure is worse than what it is held against; and that."""
    sign = 1.0 if indicator.better == "low" else -1.0
    if of_all:
        worse = sign * float(row["change"]) > 0 and bool(row["significant"])
        return (float(stats.norm.isf(float(row["p"]) / 2)) if worse else 0.0), float(row["before"])
    other = float(whole["figure"])
    error = float(np.hypot(row["error"], whole["error"]))
    gap = sign * (float(row["figure"]) - other)
    return (gap / error if np.isfinite(gap) and error > 0 else 0.0), other
