"""Sentences of the assessment: what changed, what warns, why revenue changed, what is to be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from math import isfinite
from typing import Any

import pandas as pd

from configs.settings import in_language
from features.indicators.alarms import Alarm
from features.indicators.book import Indicator
from features.indicators.cells import ALL
from features.indicators.groups import NOT_YET
from features.indicators.measure import Measured
from features.indicators.tree import Branch
from serving.report.followed import Outcome
from serving.report.plan import Action, Goal
from serving.report.wording import Wording, judged

_CENT = 0.01
_ORDER = {"worse": 0, "better": 1, "changed": 2}


def alarm(told: Alarm, newest: datetime, wording: Wording) -> str:
    """One alarm: what, where, since when, instead of what, and where most of it comes from."""
    what = wording.title(told.indicator) + wording.of(told.breakdown, told.value)
    now, since = wording.figure(told.figure, told.indicator), wording.month(told.since)
    if told.limit is not None:
        limit = wording.figure(told.limit, told.indicator)
        return wording.say("alarm_limit", what=what, now=now, month=since, limit=limit)
    expected = wording.figure(told.expected, told.indicator)
    name = "alarm_in" if told.since == newest else "alarm_since"
    return wording.say(name, what=what, now=now, month=since, expected=expected)


def cause(told: Alarm, wording: Wording) -> str:
    """Where most of it comes from; empty where no value stands out."""
    if not told.cause:
        return ""
    breakdown, value, share = told.cause
    return wording.say(
        "alarm_cause",
        share=wording.percent(min(share, 1.0)),
        breakdown=wording.breakdown(breakdown),
        value=wording.value(value),
    )


def revenue(branch: Branch, wording: Wording) -> str:
    """Why revenue changed, the largest cause first; what changed nothing is left out beside what did."""
    now, before = (wording.signed_money(sales.revenue) for sales in (branch.now, branch.before))
    if not branch.parts:
        return wording.say(f"revenue_{branch.span}", now=now, before=before) + wording.text("format", "end")
    parts = sorted(branch.parts.items(), key=lambda part: -abs(part[1]))
    told = [part for part in parts if abs(part[1]) >= _CENT / 2] or parts
    causes = [_from_cause(name, value, wording) for name, value in told]
    head = wording.say(f"revenue_{branch.span}", now=now, before=before)
    return wording.say("because", head=head, causes=wording.say("comma").join(causes))


def _from_cause(name: str, money: float, wording: Wording) -> str:
    amount, cause = wording.signed_money(money, plus=True), wording.say(f"cause_{name}")
    return wording.say("from_cause", amount=amount, cause=cause)


def changes(measured: Measured, wording: Wording) -> Iterator[tuple[str, str, str]]:
    """The significant changes of the company, those for the worse first: indicator, judgement, sentence."""
    told = {i.name: i for i in measured.measured}
    rows = measured.period[(measured.period["breakdown"] == ALL) & measured.period["significant"]]
    found = [(told[row["indicator"]], row) for row in rows.to_dict("records")]
    verdicts = [(i, judged(row, i), row) for i, row in found]
    for indicator, verdict, row in sorted(verdicts, key=lambda one: (_ORDER[one[1]], one[2]["p"])):
        yield indicator.name, verdict, _change(indicator, row, wording)


def _change(indicator: Indicator, row: Mapping[Any, Any], wording: Wording) -> str:
    now, before = (wording.figure(row[name], indicator) for name in ("figure", "before"))
    return wording.say("changed_from", what=wording.title(indicator), now=now, before=before)


def movement(moves: pd.DataFrame, wording: Wording, most: int = 5) -> Iterator[str]:
    """The largest moves between groups: whoever stayed, or had never bought, didn't move."""
    moved = moves[(moves["before"] != moves["now"]) & (moves["before"] != NOT_YET)]
    for row in moved.nlargest(most, "customers").to_dict("records"):
        before, now = wording.group(row["before"]), wording.group(row["now"])
        customers = wording.noun("customers", row["customers"])
        yield wording.say("moved", customers=customers, before=before, now=now)


def money_lost(told: Alarm, wording: Wording) -> str:
    """What it has cost since then; empty where that isn't known."""
    return "" if told.money is None else _cost(told.money, told.money_low, told.money_high, wording)


def _cost(money: float, low: float | None, high: float | None, wording: Wording) -> str:
    ends = [None if end is None or pd.isna(end) else wording.signed_money(end) for end in (low, high)]
    if ends[0] is None or ends[1] is None:
        return wording.say("cost_about", money=wording.signed_money(money))
    return wording.say("cost", money=wording.signed_money(money), low=ends[0], high=ends[1])


def weak_point(row: Mapping[Any, Any], wording: Wording) -> str:
    """A weak point of the company in money: what, where, how much, since when or with how many customers."""
    if not pd.isna(row["since"]):
        what = wording.dimension(row["weak_point"]) + wording.of(row["breakdown"], row["value"])
        month = wording.month(pd.Timestamp(row["since"]).to_pydatetime())
        head = wording.say("weak_point_since", what=what, month=month)
        if pd.isna(row["money"]):
            return head
        cost = _cost(row["money"], row["low"], row["high"], wording)
        return wording.say("two_sentences", first=head, second=cost)
    return wording.say(
        "weak_point",
        what=wording.dimension(row["weak_point"]) + wording.of(row["breakdown"], row["value"]),
        money=wording.signed_money(row["money"]),
        customers=wording.noun("customers_dative", row["customers"]),
    )


def fact(indicator: Indicator, told: Mapping[str, Any], wording: Wording) -> str:
    """What an indicator says of a weak point that warns."""
    now, expected = (wording.figure(told[name], indicator) for name in ("figure", "instead_of"))
    return wording.say("fact", what=wording.title(indicator), now=now, expected=expected)


def saved(action: Action, wording: Wording) -> str:
    """What it would save, or has cost since it warns, with its interval; empty where that isn't known."""
    if not isfinite(action.saved):
        return ""
    money = wording.signed_money(action.saved)
    if not (isfinite(action.low) and isfinite(action.high)):
        return money
    low, high = wording.signed_money(action.low), wording.signed_money(action.high)
    return wording.say("saved", money=money, low=low, high=high)


def does(action: Action, wording: Wording) -> str:
    return in_language(action.measure.do, wording.code)


def owner(action: Action, wording: Wording) -> str:
    return in_language(action.measure.owner, wording.code)


def goal(told: Goal, wording: Wording) -> str:
    """The indicator, what it is now, what it is to be, and why that."""
    what = wording.title(told.indicator) + wording.of(told.breakdown, told.value)
    now, target = (wording.figure(value, told.indicator) for value in (told.now, told.target))
    return wording.say("goal", what=what, now=now, target=target, reason=wording.say(f"goal_{told.reason}"))


def became(told: Outcome, wording: Wording) -> str:
    """What became of a measure of the last plan, by its indicator."""
    if told.indicator is None:
        return wording.say("became_unknown")
    then, target, now = (
        wording.figure(value, told.indicator) for value in (told.then, told.target, told.now)
    )
    what = wording.title(told.indicator) + wording.of(told.breakdown, told.value)
    return wording.say("became", what=what, then=then, target=target, now=now)
