"""The first page: the assessment that was kept last, in short, and the whole report behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

from fastapi.responses import HTMLResponse

from configs.settings import in_language
from features.indicators.cells import ALL
from features.indicators.measure import book
from features.indicators.rules import Rules
from serving.console import links
from serving.console.rendering import HEADERS, page, unbroken
from serving.errors import AbsentError
from serving.report import kept
from serving.report.headlines import HEADLINES, TILES
from serving.report.wording import Wording, judged

OF_REPORT = HEADERS | {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
}
"""The report is one file with its styles in it, and has no script."""


@dataclass(frozen=True)
class Headline:
    title: str
    figure: str
    change: str
    judgement: str


def assessment_page() -> HTMLResponse:
    """How to make one where none is kept."""
    document = kept.latest()
    if document is None:
        return page("assessment.html", document=None)
    wording = Wording(document["language"], document["currency"], Rules(**document["rules"]))
    whole = _as_ranked([one for one in document["weak_points"] or [] if one["breakdown"] == ALL], document)
    return page(
        "assessment.html",
        document=document,
        source=document["source"].rstrip("/").rsplit("/", 1)[-1],
        w=wording,
        headlines=list(_headlines(document, wording)),
        weak_points=whole,
        plan=[
            {
                **one,
                "what": wording.dimension(one["weak_point"]) + wording.of(one["breakdown"], one["value"]),
                "saved": _saved(one, wording),
                "owner": in_language(one["owner"], wording.code),
            }
            for one in document["plan"]
        ],
    )


def _as_ranked(whole: list[dict[str, Any]], document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """In the order of the report: causes that carry weight before rhythm, the symptom; then by money."""
    ranked = [one["weak_point"] for one in document["ranked"] if one["breakdown"] == ALL and not one["since"]]
    place = {name: at for at, name in enumerate(ranked)}
    return sorted(whole, key=lambda one: place.get(one["weak_point"], len(place)))


def report_page() -> HTMLResponse:
    """The whole report as it was kept; raises AbsentError where none is."""
    html = kept.latest_page()
    if html is None:
        raise AbsentError(f"No assessment is kept yet; see {links.ASSESSMENT} for how to make one.")
    return HTMLResponse(html, headers=OF_REPORT)


def _headlines(document: Mapping[str, Any], wording: Wording) -> Iterator[Headline]:
    index = {indicator.name: indicator for indicator in book()}
    rows = {row["indicator"]: row for row in document["period"] if row["breakdown"] == ALL}
    known = [name for name in HEADLINES if name in rows and rows[name]["figure"] is not None]
    for name in known[:TILES]:
        row = {key: nan if value is None else value for key, value in rows[name].items()}
        indicator = index[name]
        yield Headline(
            wording.title(indicator),
            unbroken(wording.figure(row["figure"], indicator)),
            unbroken(wording.change(row["change"], row["before"], indicator)),
            judged(row, indicator),
        )


def _saved(action: Mapping[str, Any], wording: Wording) -> str:
    """What repair would save, or has cost since it warns; empty where that isn't known."""
    if action["saved"] is None:
        return ""
    name = "would_save" if action["since"] is None else "has_cost"
    if action["saved_low"] is None or action["saved_high"] is None:
        return wording.say(name, saved=wording.signed_money(action["saved"]))
    money, low, high = (wording.signed_money(action[name]) for name in ("saved", "saved_low", "saved_high"))
    return wording.say(name, saved=wording.say("saved", money=money, low=low, high=high))
