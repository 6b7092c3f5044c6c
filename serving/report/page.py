"""The assessment as one HTML file that needs no other: a page to begin with, then everything behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from features.indicators.book import GROUPS, Indicator
from features.indicators.sheets import Sheet
from serving.report import charts, says
from serving.report.behind import command
from serving.report.charts import Picture
from serving.report.findings import Findings
from serving.report.lines import Lines
from serving.report.sheets import written
from serving.report.tables import Tables
from serving.report.wording import Wording

_CHANGES = 4
"""As many significant changes stand on the first page."""


def page(found: Findings, wording: Wording) -> str:
    """The whole file; it names no customer."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["picture"] = _Pictures().element
    measured = found.told.measured
    lines, tables = Lines(measured, wording), Tables(found, wording)
    changes = list(says.changes(measured, wording))
    html = environment.get_template("page.html.j2").render(
        w=wording,
        lang=wording.locale.language,
        found=found,
        as_of=wording.day(measured.day),
        newest=wording.month(found.newest),
        tiles=list(lines.tiles()),
        changes=changes,
        first_changes=changes[:_CHANGES],
        comparable=bool(measured.period["p"].notna().any()),
        alarms=list(_alarms(found, lines)),
        groups=[_group(group, lines, found) for group in GROUPS],
        buying=tables.buying(),
        status=tables.segments("status"),
        points=tables.weak_points(),
        rivals=written(found.told.sheets, "company", wording),
        cards=tables.cards(),
        outcomes=tables.outcomes(),
        definitions=[
            (i.name, wording.title(i), wording.definition(i), wording.book(i.formula), command(found, i.name))
            for i in measured.measured
        ],
        rules=measured.rules,
    )
    return _tied(html, wording.currency)


def _tied(html: str, currency: str) -> str:
    """No line break parts a number from its currency or percent sign."""
    money = rf"(?<=\b{re.escape(currency)}) (?=\d)|(?<=\d) (?={re.escape(currency)}\b|%)"
    return re.sub(money, "\N{NO-BREAK SPACE}", html)


class _Pictures:
    """The pictures of one page: the names in each get its number, so that none is given twice."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def element(self, told: Picture) -> Markup:
        svg = re.sub(r'(id="|#)([mp][0-9a-f]{10})\b', rf"\1\2-{next(self._numbers)}", told.svg)
        head = Markup('<div role="img" class="picture" aria-label="{}">').format(told.words)
        return head + Markup(svg) + Markup("</div>")  # noqa: S704 (matplotlib escapes the texts in it)


def _group(group: str, lines: Lines, found: Findings) -> dict[str, Any]:
    missing: list[Indicator | Sheet] = [
        *(i for i in lines.measured.missing if i.group == group),
        *(sheet for sheet in found.told.lacking if sheet.group == group),
    ]
    return {
        "name": group,
        "title": lines.wording.say(f"group_{group}"),
        "charts": list(lines.charts(group)),
        "lines": list(lines.of_group(group)),
        "places": list(lines.places(group)),
        "sheets": written(found.told.sheets, group, lines.wording),
        "missing": list(_missing(missing, lines.wording)),
    }


def _missing(missing: Sequence[Indicator | Sheet], wording: Wording) -> Iterator[tuple[str, str]]:
    """The titles of all that one thing to collect would tell, and what it is."""
    for collect in dict.fromkeys(one.collect for one in missing):
        titles = [wording.book(one.title) for one in missing if one.collect == collect]
        yield wording.say("comma").join(titles), wording.book(collect).format_map(vars(wording.rules))


def _alarms(found: Findings, lines: Lines) -> Any:
    """Each in words, its likely cause, and a picture of its months."""
    for told in found.told.alarms:
        rows = lines.months(told.indicator.name, told.breakdown, told.value)
        said = says.alarm(told, found.newest, lines.wording)
        usual = told.limit if told.expected is None else told.expected
        yield {
            "name": told.indicator.name,
            "says": said,
            "cause": says.cause(told, lines.wording),
            "cost": says.money_lost(told, lines.wording),
            "picture": charts.trend(rows, told.indicator, said, lines.wording, usual),
        }
