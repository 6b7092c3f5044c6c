"""The rows behind a figure: which rows of which table it counts, and how much each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

import ibis
import numpy as np
import pandas as pd

from features.errors import RequestError
from features.facts import MONEY_UNIT
from features.indicators.book import Indicator, Stream, Tally
from features.indicators.calendar import first_day, number
from features.indicators.cells import ALL
from features.indicators.cube import Cube
from features.indicators.gains import KINDS, with_kind
from features.indicators.groups import GROUPS, grouped
from features.indicators.measure import book, month_start
from features.indicators.rules import YEAR, Rules
from features.indicators.spans import customers
from features.indicators.stock import customers_in
from features.snapshots import before
from features.tables import CONTRACT

COLUMNS = ("part", "table", "row", "customer_id", "month", "counts")


@dataclass(frozen=True)
class Asked:
    """`figure`: an indicator, `group:NAME`, `move:BEFORE:NOW` or `gains:KIND`.

    `breakdown`, `value`: only the rows of one value; of all where left out.
    """

    figure: str
    breakdown: str = ALL
    value: str = ALL


def behind(
    tables: Mapping[str, ibis.Table], as_of: datetime, asked: Asked, rules: Rules | None = None
) -> pd.DataFrame:
    """part, table, row, customer_id, month, counts; what a row lacks is null.

    Of an indicator: the rows that its events and its chances (`part`) count in the last twelve months, each
    by its key (`row`) where its table has one, and what it adds to the sum (`counts`); rows that add nothing
    to the events are left out. Of a state of customers: who is in it at the newest month's end. Of groups,
    moves, gains and losses: the customers, and their revenue of the last twelve months.

    Raises RequestError where there is no such figure or breakdown, or these tables can't give it,
    HistoryError where there is no whole month.
    """
    rules = rules or Rules()
    day = month_start(tables, as_of)
    known = before(tables, day)
    if ":" in asked.figure:
        return _of_customers(known, day, asked.figure)
    indicator = _indicator(known, asked)
    cube = Cube(book(), known, rules, number(day))
    parts = pd.concat(_parts(known, indicator, asked, cube), ignore_index=True)
    return parts.sort_values(["part", "month", "row", "customer_id"], ignore_index=True)[list(COLUMNS)]


def _indicator(tables: Mapping[str, ibis.Table], asked: Asked) -> Indicator:
    index = book()
    names = [indicator.name for indicator in index]
    if asked.figure not in names:
        raise RequestError(_unknown("figure", asked.figure, [*names, "group:loyal", "gains:lost"]))
    indicator = index[asked.figure]
    if indicator not in index.available(tables):
        raise RequestError(
            f"{asked.figure} can't be measured from these tables; collect {indicator.collect}."
        )
    if asked.breakdown not in (ALL, *indicator.breakdowns):
        raise RequestError(_unknown(f"breakdown of {asked.figure}", asked.breakdown, indicator.breakdowns))
    return indicator


def _parts(
    tables: Mapping[str, ibis.Table], indicator: Indicator, asked: Asked, cube: Cube
) -> Iterator[pd.DataFrame]:
    """Of the months of which both parts are known."""
    index = book()
    named = {"events": indicator.events, "chances": indicator.chances}
    tallies = {part: index.tallies[name] for part, name in named.items() if name}
    known = np.logical_and.reduce([cube.known(tally) for tally in tallies.values()])
    months = [int(month) for month in cube.months[-YEAR:][known[-YEAR:]]]
    for part, tally in tallies.items():
        stream = index.streams[tally.stream]
        if stream.frame is not None:
            found = _states(tables, tally, cube, asked)
        else:
            assert stream.rows is not None  # noqa: S101 (one of both, by the declaration)
            rows = stream.rows(tables, cube.rules, cube.end)
            found = _rows(rows, stream, tally, months, asked)
        yield found.assign(part=part, table=stream.tables[0])


def _rows(rows: ibis.Table, stream: Stream, tally: Tally, months: list[int], asked: Asked) -> pd.DataFrame:
    assert tally.value is not None  # noqa: S101 (its stream has rows)
    rows = rows.filter(rows[tally.month].isin(months))
    if asked.breakdown in stream.breakdowns:
        rows = rows.filter(rows[asked.breakdown] == asked.value)
    key = CONTRACT[stream.tables[0]].key or "order_id"
    ids = {
        "id": rows[key].cast("string") if key in rows.columns else ibis.null("string"),
        "owner_id": rows.customer_id if "customer_id" in rows.columns else ibis.null("string"),
        "counted_in": rows[tally.month],
    }
    labelled = rows.mutate(**ids)
    counted = labelled.group_by(*ids).aggregate(counts=tally.value(labelled))
    frame = counted.filter(counted.counts != 0).to_pandas()
    told = frame.rename(columns={"id": "row", "owner_id": "customer_id"})
    dated: pd.DataFrame = told.assign(
        month=[f"{first_day(int(month)):%Y-%m}" for month in told["counted_in"]]
    )
    return dated


def _states(tables: Mapping[str, ibis.Table], tally: Tally, cube: Cube, asked: Asked) -> pd.DataFrame:
    found = customers_in(tables, cube.rules, cube.end, tally.name)
    if asked.breakdown != ALL:
        owners = tables["customers"].select("customer_id", asked.breakdown).to_pandas()
        found &= {*owners.loc[owners[asked.breakdown] == asked.value, "customer_id"].astype(str)}
    month = f"{first_day(cube.end - 1):%Y-%m}"
    nothing = pd.array([None] * len(found), dtype="str")
    return pd.DataFrame(
        {"row": nothing, "customer_id": pd.array(sorted(found), dtype="str"), "month": month, "counts": 1.0}
    )


def _of_customers(tables: Mapping[str, ibis.Table], day: datetime, figure: str) -> pd.DataFrame:
    kind, *names = figure.split(":")
    if kind not in ("group", "move", "gains") or len(names) != (2 if kind == "move" else 1):
        raise RequestError(
            f"{figure!r} is no figure; write group:loyal, move:loyal:lost, gains:lost or an indicator."
        )
    known = KINDS if kind == "gains" else GROUPS
    for name in names:
        if name not in known:
            raise RequestError(_unknown(kind, name, known))
    everyone = customers(tables, day)
    if kind == "gains":
        some = with_kind(everyone)
        some = some.filter(some.kind == names[0])
    else:
        some = grouped(everyone, day)
        some = some.filter(some.group == names[-1])
        some = some.filter(some.group_before == names[0]) if kind == "move" else some
    frame = some.select("customer_id", counts=some.revenue_year.cast("float64") / MONEY_UNIT).to_pandas()
    frame = frame.sort_values("customer_id", ignore_index=True)
    month = f"{first_day(number(day) - 1):%Y-%m}"
    nothing = pd.array([None] * len(frame), dtype="str")
    told: pd.DataFrame = frame.assign(part=figure, table="orders", row=nothing, month=month)
    return told[list(COLUMNS)]


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    names = list(known)
    nearest = get_close_matches(name, names, n=1)
    hint = f" Is {nearest[0]} meant?" if nearest else ""
    return f"There is no {what} {name!r}; use one of {', '.join(names)}.{hint}"
