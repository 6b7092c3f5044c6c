"""What the report's tables hold, written out in a language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

import pandas as pd

from configs.settings import in_language
from features.indicators.assess import Buying
from features.indicators.cells import ALL
from features.indicators.gains import KINDS
from features.indicators.groups import sizes
from serving.report import charts, says
from serving.report.behind import command, list_command
from serving.report.charts import Picture
from serving.report.findings import Findings
from serving.report.flow import flow
from serving.report.plan import Action
from serving.report.wording import NOTHING, Wording

Row = tuple[str, ...]
_MOST_PARTS = 10
_OF_THE_LIST = ("segment", "country")
"""Breakdowns by which `amity at-risk` can be asked."""


@dataclass(frozen=True)
class Card:
    """An action written out; what isn't known is empty."""

    weak_point: str
    does: str
    owner: str
    due: str
    at_risk: str
    customers: str
    saved: str
    begin: str
    goal: str
    command: str


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
                wording.whole(row["customers_before"]) if buying.compared else NOTHING,
                wording.signed_money(row["revenue"]),
                *more,
            )

    def segments(self, kind: str) -> list[Row]:
        """name, customers, CLV, value at risk, churn probability; none without scores."""
        if self.found.segments is None:
            return []
        rows = self.found.segments[self.found.segments["kind"] == kind].to_dict("records")
        name = self.wording.group if kind == "tier" else self.wording.status
        return [(name(row["name"]), self.wording.whole(row["customers"]), *self._risk(row)) for row in rows]

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

    def losses(self) -> dict[str, Any] | None:
        """Where value at risk comes from; nothing without scores."""
        losses, wording = self.found.losses, self.wording
        if losses is None:
            return None
        whole = losses[losses["breakdown"] == ALL]
        parts = losses[losses["breakdown"] != ALL].nlargest(_MOST_PARTS, "money")
        names = [wording.dimension(name) for name in whole["weak_point"]]
        picture = charts.bars(names, whole["money"].to_list(), None, wording.say("weak_words"), wording)
        return {
            "picture": picture if len(whole) else None,
            "whole": [self._loss(row) for row in whole.to_dict("records")],
            "parts": [self._loss(row) for row in parts.to_dict("records")],
            "total": wording.signed_money(whole["money"].sum()),
            "first": [says.weak_point(row, wording) for row in whole.head(3).to_dict("records")],
        }

    def _loss(self, row: Any) -> Row:
        wording = self.wording
        wanted = {row["breakdown"]: row["value"]} if row["breakdown"] in _OF_THE_LIST else {}
        return (
            wording.dimension(row["weak_point"]) + wording.of(row["breakdown"], row["value"]),
            wording.whole(row["customers"]),
            wording.signed_money(row["money"]),
            list_command(row["weak_point"], **wanted),
        )

    def cards(self) -> list[Card] | None:
        """Nothing without scores."""
        return None if self.found.plan is None else [self._card(one) for one in self.found.plan]

    def _card(self, told: Action) -> Card:
        wording = self.wording
        saved = ""
        if isfinite(told.saved):
            ends = {"low": wording.signed_money(told.low), "high": wording.signed_money(told.high)}
            saved = wording.say("saved", money=wording.signed_money(told.saved), **ends)
        begin = ""
        if told.begin:
            breakdown, value, share = told.begin
            names = {"breakdown": wording.breakdown(breakdown), "value": wording.value(value)}
            begin = wording.say("begin", **names, share=wording.percent(share))
        return Card(
            wording.dimension(told.weak_point),
            says.does(told, wording),
            says.owner(told, wording),
            wording.day(told.due),
            wording.signed_money(told.at_risk),
            wording.noun("customers_dative", told.customers),
            saved,
            begin,
            says.goal(told.goal, wording) if told.goal else "",
            list_command(told.weak_point),
        )

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
