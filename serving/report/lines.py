"""Indicators written out: a line of a table, a tile, a chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

import pandas as pd

from features.indicators.book import Indicator
from features.indicators.cells import ALL
from features.indicators.measure import Measured
from features.indicators.rules import YEAR
from serving.report import charts
from serving.report.charts import Picture
from serving.report.headlines import HEADLINES, TILES
from serving.report.wording import Wording, judged

CHARTED = {
    "satisfaction": ("nps", "csat", "mood"),
    "loyalty": ("retention_rate", "lapsed_share", "active_customers", "subscription_churn"),
    "behaviour": ("revenue", "purchase_frequency", "basket", "conversion"),
    "service": ("complaint_rate", "first_response_hours", "return_rate", "resolved_in_time"),
    "value": ("revenue_per_customer", "margin_share", "cac", "cost_to_serve"),
    "marketing": ("redemption_rate", "contact_frequency", "clicks_per_open"),
}
"""What is drawn of each group: the first three that are measured."""
_CHARTS = 3
_FEWEST_MONTHS = 3
"""With less there is no trend to be drawn."""
_MOST_PLACES = 8


@dataclass(frozen=True)
class Line:
    """One indicator of one value, written out. `note`: of how few cases or months; empty where of enough."""

    name: str
    title: str
    figure: str
    interval: str
    before: str
    change: str
    judgement: str
    note: str
    spark: Picture | None = None


@dataclass(frozen=True)
class Lines:
    """Of what was measured, in a language."""

    measured: Measured
    wording: Wording

    def tiles(self) -> Iterator[tuple[Line, Picture]]:
        return self._drawn(HEADLINES, TILES)

    def charts(self, group: str) -> Iterator[tuple[Line, Picture]]:
        return self._drawn(CHARTED[group], _CHARTS)

    def of_group(self, group: str) -> Iterator[Line]:
        for indicator in self.measured.measured:
            if indicator.group == group:
                yield self._line(indicator, self._spark(indicator))

    def places(self, group: str) -> Iterator[Line]:
        """Where something of a group changed significantly, the surest first."""
        told = {i.name: i for i in self.measured.measured if i.group == group}
        period = self.measured.period
        rows = period[(period["breakdown"] != ALL) & period["significant"] & ~period["few"]]
        rows = rows[rows["indicator"].isin(list(told))].sort_values("p", kind="stable").head(_MOST_PLACES)
        for row in rows.to_dict("records"):
            indicator = told[row["indicator"]]
            title = self.wording.title(indicator) + self.wording.of(row["breakdown"], row["value"])
            yield self._written(row, indicator, title)

    def months(self, name: str, breakdown: str = ALL, value: str = ALL) -> pd.DataFrame:
        """Of one indicator and value, the oldest first."""
        months = self.measured.months
        found = (
            (months["indicator"] == name) & (months["breakdown"] == breakdown) & (months["value"] == value)
        )
        return months[found].sort_values("month")

    def _drawn(self, names: tuple[str, ...], most: int) -> Iterator[tuple[Line, Picture]]:
        there = {i.name: i for i in self.measured.measured}
        known = [
            (name, rows)
            for name in names
            if name in there and (rows := self.months(name))["figure"].notna().sum() >= _FEWEST_MONTHS
        ]
        for name, rows in known[:most]:
            line = self._line(there[name])
            said = self.wording.say("by_month", what=line.title, now=line.figure, before=line.before)
            yield line, charts.trend(rows, there[name], said, self.wording)

    def _spark(self, indicator: Indicator) -> Picture | None:
        values = self.months(indicator.name)["figure"].to_list()
        if not any(isfinite(value) for value in values):
            return None
        number = self.wording.noun("months", len(values))
        said = self.wording.say("over_months", what=self.wording.title(indicator), months=number)
        return charts.sparkline(values, said)

    def _line(self, indicator: Indicator, spark: Picture | None = None) -> Line:
        period = self.measured.period
        row = period[(period["indicator"] == indicator.name) & (period["breakdown"] == ALL)].iloc[0]
        return self._written(row.to_dict(), indicator, self.wording.title(indicator), spark)

    def _written(
        self, row: Mapping[Any, Any], indicator: Indicator, title: str, spark: Picture | None = None
    ) -> Line:
        wording = self.wording
        return Line(
            indicator.name,
            title,
            wording.figure(row["figure"], indicator),
            wording.interval(row["low"], row["high"], indicator),
            wording.figure(row["before"], indicator),
            wording.change(row["change"], row["before"], indicator),
            judged(row, indicator),
            self._note(row, indicator.name in self.measured.states),
            spark,
        )

    def _note(self, row: Mapping[Any, Any], at_end: bool) -> str:
        """`at_end`: whether the newest month stands for the period."""
        if not isfinite(row["figure"]):
            return ""
        months = "" if at_end or row["months"] == YEAR else self.wording.months(row["months"])
        notes = [note for note in (months, self.wording.say("few_cases") if row["few"] else "") if note]
        return self.wording.say("comma").join(notes)
