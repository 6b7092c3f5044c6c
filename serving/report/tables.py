"""What the report's tables hold, written out in a language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from configs.settings import in_language
from features.indicators.assess import Buying
from features.indicators.cells import ALL
from features.indicators.gains import KINDS
from features.indicators.groups import LOST, sizes
from features.indicators.weak_points import CAUSE_BEFORE_RHYTHM, CROSS
from serving.report import charts, says
from serving.report.behind import command, list_command
from serving.report.charts import Picture
from serving.report.findings import Findings
from serving.report.flow import flow
from serving.report.plan import Action
from serving.report.wording import NOTHING, Wording

Row = tuple[str, ...]
_MOST_PARTS = 10
_FIRST = 3
_OF_THE_LIST = ("segment", "country")
"""Breakdowns by which `amity at-risk` can be asked."""


@dataclass(frozen=True)
class Card:
    """An action written out; what isn't known is empty."""

    weak_point: str
    does: str
    owner: str
    due: str
    stake: str
    saved: str
    begin: str
    goal: str
    command: str
    warns: bool


@dataclass(frozen=True)
class Tables:
    found: Findings
    wording: Wording

    def buying(self) -> dict[str, Any] | None:
        """Why revenue changed, who moved, the groups; nothing where there are no orders."""
        buying, wording = self.found.told.buying, self.wording
        if buying is None:
            return None
        year = next((branch for branch in buying.tree if branch.span == "year" and branch.parts), None)
        tree = None
        if year:
            names = [wording.say(f"cause_{name}_short") for name in year.parts]
            tree = charts.waterfall(names, list(year.parts.values()), says.revenue(year, wording), wording)
        return {
            "compared": buying.compared,
            "sentences": [says.revenue(branch, wording) for branch in buying.tree],
            "tree": tree,
            "gains": self._gains(buying.gains["all"]) if buying.compared else None,
            "groups_picture": self._groups_picture(buying),
            "groups": list(self._groups(buying)),
            "group_command": command(self.found, "group:champions"),
            "flow": flow(buying.moves, wording.say("flow_words"), wording) if buying.compared else None,
            "moves": list(says.movement(buying.moves, wording)) if buying.compared else [],
            "move_command": command(self.found, "move:loyal:lost"),
            "concentration": list(self._concentration(buying.concentration)),
        }

    def _gains(self, gains: pd.DataFrame) -> dict[str, Any]:
        wording = self.wording
        words = wording.say("gains_words", currency=wording.currency)
        names = [wording.group(kind) for kind in KINDS]
        return {
            "picture": charts.waterfall(names, gains["change"].to_list(), words, wording),
            "rows": [
                (
                    wording.group(row["kind"]),
                    wording.whole(row["customers"]),
                    wording.signed_money(row["before"]),
                    wording.signed_money(row["now"]),
                    wording.signed_money(row["change"], plus=True),
                )
                for row in gains.to_dict("records")
            ],
            "total": wording.signed_money(gains["change"].sum(), plus=True),
            "command": command(self.found, "gains:lost"),
        }

    def _groups_picture(self, buying: Buying) -> Picture:
        grouped = sizes(buying.moves)
        then = grouped["customers_before"].to_list() if buying.compared else None
        words = self.wording.say("groups_words_compared" if buying.compared else "groups_words")
        names = [self.wording.group(name) for name in grouped["group"]]
        return charts.bars(names, grouped["customers"].to_list(), then, words, self.wording)

    def _groups(self, buying: Buying) -> Iterator[Row]:
        """With what they are worth and their risk where customers are scored."""
        wording, segments = self.wording, self.found.segments
        risk = {}
        if segments is not None:
            risk = segments[segments["kind"] == "group"].set_index("name").to_dict("index")
        for row in sizes(buying.moves).to_dict("records"):
            of = risk.get(row["group"])
            more = () if segments is None else (NOTHING, NOTHING, NOTHING) if of is None else self._risk(of)
            yield (
                wording.group(row["group"]),
                wording.whole(row["customers"]),
                wording.whole(row["customers_before"]) if self._known_then(row) else NOTHING,
                wording.signed_money(row["revenue"]),
                *more,
            )

    def _known_then(self, row: Any) -> bool:
        """Nobody had been lost a year before: then the orders don't reach back to anybody who could."""
        assert self.found.told.buying is not None  # noqa: S101 (the caller has it)
        return self.found.told.buying.compared and bool(row["group"] != LOST or row["customers_before"])

    def segments(self, kind: str) -> list[Row]:
        """name, customers, CLV, value at risk, churn probability; none without scores."""
        if self.found.segments is None:
            return []
        rows = self.found.segments[self.found.segments["kind"] == kind].to_dict("records")
        wording = self.wording
        return [
            (wording.status(row["name"]), wording.whole(row["customers"]), *self._risk(row)) for row in rows
        ]

    def _risk(self, row: Any) -> Row:
        wording = self.wording
        return (
            wording.signed_money(row["clv"]),
            wording.signed_money(row["value_at_risk"]),
            wording.share(row["churn_probability"]),
        )

    def _concentration(self, frame: pd.DataFrame) -> Iterator[Row]:
        wording = self.wording
        for row in frame.to_dict("records"):
            best = wording.say("the_best", share=wording.percent(row["top"]))
            shares = (None if pd.isna(row[name]) else row[name] for name in ("share", "share_before"))
            yield best, wording.whole(row["customers"]), *map(wording.share, shares)

    def weak_points(self) -> dict[str, Any]:
        """The weak points of the company: what warns, and where value at risk comes from."""
        found, wording = self.found, self.wording
        points = found.told.weak_points
        first = points[points["since"].notna() | (points["breakdown"] == ALL)].head(_FIRST)
        whole = found.whole()
        names = [wording.dimension(name) for name in whole["weak_point"]]
        words, of_all = wording.say("weak_words"), whole["money"] / whole["money"].sum()
        parts = {"single": found.single(), "crossed": found.crossed()}
        return {
            "symptom": self._symptom(first, whole),
            "first": [says.weak_point(row, wording) for row in first.to_dict("records")],
            "warned": [self._warned(row) for row in points[points["since"].notna()].to_dict("records")],
            "picture": charts.bars(names, whole["money"].to_list(), None, words, wording) if names else None,
            "whole": [self._part(row) for row in whole.assign(share=of_all).to_dict("records")],
            "about": [
                (name, wording.say(f"is_{of}")) for name, of in zip(names, whole["weak_point"], strict=True)
            ],
            "total": wording.signed_money(whole["money"].sum()),
        } | {
            name: [self._part(row) for row in frame.head(_MOST_PARTS).to_dict("records")]
            for name, frame in parts.items()
        }

    def _symptom(self, first: pd.DataFrame, whole: pd.DataFrame) -> str:
        """A word where rhythm holds more money than what stands before it; else empty."""
        rhythm = whole[whole["weak_point"] == "rhythm"]
        standing = first[first["since"].isna()]
        if rhythm.empty or standing.empty or standing["weak_point"].iloc[0] == "rhythm":
            return ""
        if rhythm["money"].iloc[0] <= standing["money"].iloc[0]:
            return ""
        customers = self.wording.noun("customers_dative", rhythm["customers"].iloc[0])
        money = self.wording.signed_money(rhythm["money"].iloc[0])
        part = self.wording.percent(CAUSE_BEFORE_RHYTHM)
        return self.wording.say("symptom", money=money, customers=customers, part=part)

    def _warned(self, row: Any) -> tuple[str, list[str]]:
        """The sentence, and the facts that speak for it."""
        index = {indicator.name: indicator for indicator in self.found.told.measured.measured}
        facts = [
            says.fact(index[fact["indicator"]], fact, self.wording)
            for fact in row["facts"]
            if fact["indicator"] in index
        ]
        return says.weak_point(row, self.wording), facts

    def _part(self, row: Any) -> Row:
        wording = self.wording
        names, values = row["breakdown"].split(CROSS), row["value"].split(CROSS)
        of = dict(zip(names, values, strict=True))
        wanted = of if set(of) <= {*_OF_THE_LIST} else {}
        place = wording.say("comma").join(
            wording.say("place", breakdown=wording.breakdown(name), value=wording.value(value))
            for name, value in of.items()
            if name != ALL
        )
        return (
            wording.dimension(row["weak_point"]),
            *([place] if place else []),
            wording.whole(row["customers"]),
            wording.signed_money(row["money"]),
            wording.percent(row["share"]),
            list_command(row["weak_point"], row["customers"], **wanted)
            if wanted or not place
            else wording.say("ids_in_json"),
        )

    def cards(self) -> list[Card]:
        return [self._card(one) for one in self.found.plan]

    def _card(self, told: Action) -> Card:
        wording = self.wording
        stake = ""
        if told.customers is not None:
            customers = wording.noun("customers_dative", told.customers)
            stake = wording.say("at_stake", money=wording.signed_money(told.at_risk), customers=customers)
        elif told.since:
            stake = wording.say("warns_since", month=wording.month(told.since))
        return Card(
            wording.dimension(told.weak_point) + wording.of(told.breakdown, told.value),
            says.does(told, wording),
            says.owner(told, wording),
            wording.day(told.due),
            stake,
            says.saved(told, wording),
            self._begin(told),
            says.goal(told.goal, wording) if told.goal else "",
            list_command(told.weak_point, told.customers) if told.customers is not None else self._rows(told),
            told.since is not None,
        )

    def _begin(self, told: Action) -> str:
        if not told.begin:
            return ""
        breakdown, value, share = told.begin
        names = {"breakdown": self.wording.breakdown(breakdown), "value": self.wording.value(value)}
        return self.wording.say("begin", **names, share=self.wording.percent(share))

    def _rows(self, told: Action) -> str:
        """Behind the indicator that warns."""
        if told.goal is None:
            return ""
        place = "" if told.goal.breakdown == ALL else f"{told.goal.breakdown}={told.goal.value}"
        return command(self.found, told.goal.indicator.name, place)

    def outcomes(self) -> list[Row]:
        """weak point, measure, what became of its indicator, the verdict in words, and its name."""
        wording = self.wording
        return [
            (
                wording.dimension(one.weak_point),
                in_language(one.do, wording.code),
                says.became(one, wording),
                wording.signed_money(one.at_risk),
                wording.signed_money(one.at_risk_now),
                wording.say(f"verdict_{one.verdict}"),
                one.verdict,
            )
            for one in self.found.followed
        ]
