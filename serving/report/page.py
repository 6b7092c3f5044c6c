"""The assessment as one HTML file that needs no other: a page to begin with, then everything behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from features.indicators.assess import Assessment, Buying
from features.indicators.book import GROUPS, Indicator
from features.indicators.cells import ALL
from features.indicators.gains import KINDS
from features.indicators.groups import sizes
from features.indicators.measure import Measured, words
from features.indicators.rules import YEAR
from models.words import date
from serving.report import charts, says
from serving.report.charts import Picture
from serving.report.figures import NOTHING, change, figure, interval, judgement, money

HEADLINES = (
    "revenue", "active_customers", "retention_rate", "lapsed_share", "repeat_rate", "basket", "nps", "csat",
    "complaint_rate", "first_response_hours", "return_rate", "cac",
)  # fmt: skip
"""What the first page shows, as far as it is measured; at most eight."""
_TILES = 8
_FEWEST_MONTHS = 3
"""With less there is no trend to be drawn."""
_TITLES = {
    "satisfaction": "Satisfaction",
    "loyalty": "Loyalty",
    "behaviour": "Buying and visiting",
    "service": "Product and service",
    "value": "Value and cost",
    "marketing": "Marketing",
}


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
    spark: Picture | None


def page(told: Assessment, source: str, currency: str, losses: pd.DataFrame | None = None) -> str:
    """`source`: where the tables lie, as the page names it. `losses`: of scored customers, if any."""
    measured = told.measured
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["picture"] = _element
    newest = pd.Timestamp(measured.months["month"].max()).to_pydatetime()
    template = environment.get_template("page.html.j2")
    return template.render(
        source=source,
        as_of=date(measured.day),
        newest=says.month(newest),
        tiles=list(_tiles(measured, currency)),
        watched=told.watched,
        alarms=[says.alarm(one, newest, currency) for one in told.alarms],
        changes=list(says.changes(measured, currency)),
        comparable=bool(measured.period["p"].notna().any()),
        buying=_buying(told.buying, currency) if told.buying else None,
        losses=_losses(losses, currency) if losses is not None else None,
        groups=[(_TITLES[group], list(_lines(measured, group, currency))) for group in GROUPS],
        breakdowns=list(_breakdowns(measured, currency)),
        missing=measured.missing,
        definitions=[(i, words(i.definition, measured.rules)) for i in measured.measured],
        rules=measured.rules,
    )


def _element(told: Picture) -> Markup:
    head = Markup('<div role="img" class="picture" aria-label="{}">').format(told.words)
    return head + Markup(told.svg) + Markup("</div>")  # noqa: S704 (matplotlib escapes the texts in it)


def _months(measured: Measured, name: str) -> pd.DataFrame:
    months = measured.months
    return months[(months["indicator"] == name) & (months["breakdown"] == ALL)].sort_values("month")


def _tiles(measured: Measured, currency: str) -> Iterator[tuple[Line, Picture]]:
    there = {i.name: i for i in measured.measured}
    known = [
        (name, rows)
        for name in HEADLINES
        if name in there and (rows := _months(measured, name))["figure"].notna().sum() >= _FEWEST_MONTHS
    ]
    for name, rows in known[:_TILES]:
        line = _line(measured, there[name], currency)
        said = f"{line.title} by month, now {line.figure}, a year before {line.before}"
        yield line, charts.trend(rows, there[name], said)


def _line(measured: Measured, indicator: Indicator, currency: str, spark: Picture | None = None) -> Line:
    period = measured.period
    row = period[(period["indicator"] == indicator.name) & (period["breakdown"] == ALL)].iloc[0].to_dict()
    whole = indicator.name in measured.states
    return _written(row, indicator, currency, (indicator.title, whole), spark)


def _written(
    row: Mapping[Any, Any],
    indicator: Indicator,
    currency: str,
    head: tuple[str, bool],
    spark: Picture | None = None,
) -> Line:
    """`head`: the title, and whether the newest month stands for the period."""
    title, whole = head
    return Line(
        indicator.name,
        title,
        figure(row["figure"], indicator, currency),
        interval(row["low"], row["high"], indicator),
        figure(row["before"], indicator, currency),
        change(row["change"], row["before"], indicator),
        judgement(row["change"], row["p"], bool(row["significant"]), indicator),
        _note(row, whole),
        spark,
    )


def _note(row: Mapping[Any, Any], whole: bool) -> str:
    if not isfinite(row["figure"]):
        return ""
    months = "" if whole or row["months"] == YEAR else says.months(row["months"])
    return ", ".join(part for part in (months, "few cases" if row["few"] else "") if part)


def _lines(measured: Measured, group: str, currency: str) -> Iterator[Line]:
    for indicator in measured.measured:
        if indicator.group == group:
            values = _months(measured, indicator.name)["figure"].to_list()
            known = any(isfinite(value) for value in values)
            words_ = f"{indicator.title} over {len(values)} months"
            spark = charts.sparkline(values, words_) if known else None
            yield _line(measured, indicator, currency, spark)


def _breakdowns(measured: Measured, currency: str) -> Iterator[Line]:
    """What changed significantly somewhere, the surest first."""
    told = {i.name: i for i in measured.measured}
    period = measured.period
    rows = period[(period["breakdown"] != ALL) & period["significant"] & ~period["few"]]
    for row in rows.sort_values("p", kind="stable").head(30).to_dict("records"):
        indicator = told[row["indicator"]]
        title = f"{indicator.title}{says.of(row['breakdown'], row['value'])}"
        yield _written(row, indicator, currency, (title, indicator.name in measured.states))


def _buying(buying: Buying, currency: str) -> dict[str, Any]:
    year = next((branch for branch in buying.tree if branch.span == "year" and branch.parts), None)
    tree = None
    if year:
        names = [says.CAUSES[name].removeprefix("the ") for name in year.parts]
        tree = charts.waterfall(names, list(year.parts.values()), says.revenue(year, currency))
    grouped = sizes(buying.moves)
    then = grouped["customers_before"].to_list() if buying.compared else None
    said = f"Customers in each group, now{' and a year before' if buying.compared else ''}"
    return {
        "compared": buying.compared,
        "sentences": [says.revenue(branch, currency) for branch in buying.tree],
        "tree": tree,
        "gains": _gains(buying.gains["all"], currency) if buying.compared else None,
        "groups_picture": charts.bars(grouped["group"].to_list(), grouped["customers"].to_list(), then, said),
        "groups": [
            (
                row["group"],
                f"{row['customers']:,}",
                f"{row['customers_before']:,}" if buying.compared else NOTHING,
                money(row["revenue"], currency),
            )
            for row in grouped.to_dict("records")
        ],
        "moves": list(says.movement(buying.moves)) if buying.compared else [],
        "concentration": [
            (
                f"the best {100 * row['top']:.0f} %",
                f"{row['customers']:,}",
                *(_share(row[n]) for n in _SHARES),
            )
            for row in buying.concentration.to_dict("records")
        ],
    }


def _gains(gains: pd.DataFrame, currency: str) -> dict[str, Any]:
    words_ = f"Change in revenue by kind of customer, in {currency}"
    return {
        "picture": charts.waterfall(list(KINDS), gains["change"].to_list(), words_),
        "rows": [
            (row["kind"], f"{row['customers']:,}", *(money(row[name], currency) for name in _MONEYS))
            for row in gains.to_dict("records")
        ],
        "total": money(gains["change"].sum(), currency),
    }


_MONEYS = ("before", "now", "change")
_SHARES = ("share", "share_before")


def _share(value: float | None) -> str:
    return "–" if value is None or pd.isna(value) else f"{100 * value:.1f} %"


def _losses(losses: pd.DataFrame, currency: str) -> dict[str, Any]:
    def told(rows: pd.DataFrame) -> list[tuple[str, ...]]:
        return [
            (
                f"{row['weak_point']}{says.of(row['breakdown'], row['value'])}",
                f"{row['customers']:,}",
                money(row["money"], currency),
                row["example"],
            )
            for row in rows.to_dict("records")
        ]

    whole = losses[losses["breakdown"] == ALL]
    parts = losses[losses["breakdown"] != ALL].nlargest(10, "money")
    return {"whole": told(whole), "parts": told(parts), "total": money(whole["money"].sum(), currency)}
