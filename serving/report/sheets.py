"""The tables of the assessment (`features.indicators.sheets`) written out: columns by what they hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from features.indicators.cells import ALL
from features.indicators.measure import book
from features.indicators.rules import YEAR
from features.indicators.sheets import SHEETS
from serving.report.wording import NOTHING, Wording

Row = tuple[str, ...]
Kind = Callable[[Mapping[Any, Any], Wording], str]
MOST = 24
"""As many rows of a sheet stand on the page; all are in the frames and the JSON."""


@dataclass(frozen=True)
class Written:
    """Columns of which nothing is known are left out. `more`: rows that were left out, too."""

    name: str
    title: str
    definition: str
    heads: list[str]
    rows: list[Row]
    more: int = 0
    shades: bool = False


def written(frames: Mapping[str, pd.DataFrame], group: str, wording: Wording) -> list[Written]:
    """The sheets of one group of indicators, or of `company`, that can be made and that name no customer."""
    found = [sheet for sheet in SHEETS if sheet.group == group and sheet.name in frames]
    told = []
    for sheet in found:
        frame, definition = frames[sheet.name], wording.book(sheet.definition).format_map(vars(wording.rules))
        title = wording.book(sheet.title)
        if sheet.name == "cohorts":
            heads, rows = _cohorts(frame, wording)
            told.append(Written(sheet.name, title, definition, heads, rows, shades=True))
        elif sheet.name in _COLUMNS:
            shown = _PREPARED.get(sheet.name, _as_it_is)(frame)
            heads = [wording.say(f"col_{name}") for name, _ in _COLUMNS[sheet.name]]
            rows = [
                tuple(kind(row, wording) for _, kind in _COLUMNS[sheet.name])
                for row in shown.head(MOST).to_dict("records")
            ]
            known = [at for at in range(len(heads)) if any(row[at] != NOTHING for row in rows)]
            heads, rows = [heads[at] for at in known], [tuple(row[at] for at in known) for row in rows]
            told.append(Written(sheet.name, title, definition, heads, rows, max(len(shown) - MOST, 0)))
    return told


def _cohorts(frame: pd.DataFrame, wording: Wording) -> tuple[list[str], list[Row]]:
    """Retention by month since the first order, of the newest year and a half of cohorts."""
    months = range(1, min(int(frame["months"].max()), YEAR) + 1)
    heads = [wording.say("col_cohort"), wording.say("col_customers"), *(wording.whole(m) for m in months)]
    rows = []
    for cohort in sorted(frame["cohort"].unique())[-YEAR - YEAR // 2 :]:
        some = frame[frame["cohort"] == cohort].set_index("months")
        shares = some["retention"].reindex(months).to_list()
        told = ("" if pd.isna(share) else wording.percent(share) for share in shares)
        month = wording.month_of_year(pd.Timestamp(cohort).to_pydatetime())
        rows.append((month, wording.whole(some["customers"].iloc[0]), *told))
    return heads, rows


def _text(name: str) -> Kind:
    return lambda row, _: str(row[name])


def _term(name: str) -> Kind:
    return lambda row, wording: wording.term(str(row[name]))


def _count(name: str) -> Kind:
    return lambda row, wording: NOTHING if pd.isna(row[name]) else wording.whole(row[name])


def _number(name: str) -> Kind:
    return lambda row, wording: NOTHING if pd.isna(row[name]) else wording.plain(round(row[name], 1))


def _two_decimals(name: str) -> Kind:
    return lambda row, wording: NOTHING if pd.isna(row[name]) else wording.plain(round(row[name], 2))


def _share(name: str) -> Kind:
    return lambda row, wording: wording.share(None if pd.isna(row[name]) else row[name])


def _percent(name: str) -> Kind:
    def told(row: Mapping[Any, Any], wording: Wording) -> str:
        return NOTHING if pd.isna(row[name]) else wording.signed_percent(row[name])

    return told


def _money(name: str) -> Kind:
    return lambda row, wording: wording.signed_money(None if pd.isna(row[name]) else row[name])


def _money_between(low: str, high: str) -> Kind:
    def told(row: Mapping[Any, Any], wording: Wording) -> str:
        if pd.isna(row[low]) or pd.isna(row[high]):
            return NOTHING
        return wording.say(
            "from_to", low=wording.signed_money(row[low]), high=wording.signed_money(row[high])
        )

    return told


def _share_between(low: str, high: str) -> Kind:
    def told(row: Mapping[Any, Any], wording: Wording) -> str:
        return wording.say("from_to", low=wording.share(row[low]), high=wording.share(row[high]))

    return told


def _place(row: Mapping[Any, Any], wording: Wording) -> str:
    if row["breakdown"] == ALL:
        return wording.say("everyone")
    return wording.say(
        "place", breakdown=wording.breakdown(str(row["breakdown"])), value=wording.value(str(row["value"]))
    )


def _tier(row: Mapping[Any, Any], wording: Wording) -> str:
    if row["top"] == 1:
        return wording.say("the_rest")
    return wording.say("up_to_the_best", share=wording.percent(row["top"]))


def _day(name: str) -> Kind:
    return lambda row, wording: wording.day(row[name])


def _indicator(row: Mapping[Any, Any], wording: Wording) -> str:
    return wording.title(_BOOK[row["indicator"]])


def _figure(name: str) -> Kind:
    return lambda row, wording: wording.figure(row[name], _BOOK[row["indicator"]])


def _ranked(row: Mapping[Any, Any], wording: Wording) -> str:
    return wording.say("place_of", place=wording.whole(row["place"]), of=wording.whole(row["of"]))


def _as_it_is(frame: pd.DataFrame) -> pd.DataFrame:
    return frame


def _lifetimes(frame: pd.DataFrame) -> pd.DataFrame:
    """Everyone, then by year of first order, then the largest of the other breakdowns first."""
    by_time = frame["breakdown"].isin([ALL, "year"])
    rest = frame[~by_time].sort_values("customers", ascending=False, kind="stable")
    return pd.concat([frame[by_time], rest], ignore_index=True)


def _campaigns(frame: pd.DataFrame) -> pd.DataFrame:
    """A return that may be chance isn't told."""
    told = (frame["low"] > 0) | (frame["high"] < 0)
    return frame.assign(roi=frame["roi"].where(told))


def _moods(frame: pd.DataFrame) -> pd.DataFrame:
    """By source: the last twelve months and the twelve before."""
    newest = sorted(frame["month"].unique())[-YEAR:]
    rows = []
    for source, some in frame.groupby("source", sort=False):
        now = some[some["month"].isin(newest)]
        before = some[~some["month"].isin(newest)]
        rows.append(
            {
                "source": source,
                "texts": now["texts"].sum(),
                "low_share": now["low"].sum() / now["texts"].sum() if now["texts"].sum() else None,
                "before": before["low"].sum() / before["texts"].sum() if before["texts"].sum() else None,
                "auc": some["auc"].iloc[-1],
            }
        )
    return pd.DataFrame(rows)


_BOOK = book()
_PREPARED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "moods": _moods,
    "lifetime": _lifetimes,
    "campaigns": _campaigns,
}
_COLUMNS: dict[str, tuple[tuple[str, Kind], ...]] = {
    "frequency": (
        ("place", _place),
        ("first_month", _number("first")),
        ("newest_month", _number("last")),
        ("course", _term("course")),
    ),
    "aftermath": (
        ("failure", _term("failure")),
        ("failed", _count("customers")),
        ("churned", _share("churned")),
        ("beside", _count("customers_beside")),
        ("churned", _share("churned_beside")),
        ("more_churn", _share("difference")),
        ("interval_plain", _share_between("low", "high")),
    ),
    "lifetime": (
        ("place", _place),
        ("customers", _count("customers")),
        ("to_date", _money("to_date")),
        ("expected_value", _money("expected")),
        ("clv", _money("clv")),
        ("acquisition", _money("acquisition_cost")),
        ("clv_over_cac", _number("clv_over_cac")),
        ("payback", _count("payback_months")),
    ),
    "tiers": (
        ("tier", _tier),
        ("customers", _count("customers")),
        ("value", _money("value")),
        ("expected_value", _money("expected")),
        ("risk", _money("value_at_risk")),
        ("share", _share("share")),
    ),
    "campaigns": (
        ("campaign", _text("campaign")),
        ("sent", _day("sent_at")),
        ("contacted", _count("contacted")),
        ("held_back", _count("held_back")),
        ("redemption", _share("redemption")),
        ("cost", _money("cost")),
        ("brought", _money("brought")),
        ("interval_plain", _money_between("low", "high")),
        ("roi", _percent("roi")),
        ("basis", _term("basis")),
    ),
    "moods": (
        ("source", _term("source")),
        ("texts", _count("texts")),
        ("low_mood", _share("low_share")),
        ("year_before", _share("before")),
        ("auc", _two_decimals("auc")),
    ),
    "themes": (
        ("theme", _text("text")),
        ("texts", _count("texts")),
        ("year_before", _count("texts_before")),
    ),
    "rivals": (
        ("figure", _indicator),
        ("period", _text("period")),
        ("competitor", _text("competitor")),
        ("theirs", _figure("theirs")),
        ("ours", _figure("ours")),
        ("our_place", _ranked),
    ),
}
"""By sheet: the message of each head, and what stands under it. The rest of the frames is for programs."""
