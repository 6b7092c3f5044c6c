"""How much the events of a customer clump: one with a trouble complains again and again, and waits each time.

Sampling says how figures vary where each ticket, answer or return is a case of its own. Those of one customer
lean on each other, so a few customers can make a month look bad. The variance of what each customer did from
quarter to quarter, over what it would be if the cases were independent, is the design effect (Kish 1965,
Survey Sampling).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import ibis
import numpy as np
import pandas as pd

from features.indicators.book import Book, Indicator, Tables
from features.indicators.calendar import number
from features.indicators.measure import Measured, book
from features.indicators.rules import Rules
from features.indicators.spans import QUARTER

Value = Any  # an Ibis value expression
_STREAMS = ("tickets", "surveys", "returns", "returned_lines")
"""Those whose rows are few beside the orders, and often of the same customers."""


def clumps(tables: Tables, measured: Measured, names: Iterable[str]) -> dict[str, float]:
    """The design effect of each indicator so named that counts rows of customers, at least 1.

    1 where nothing happened. `tables`: cut at the day of the assessment.
    """
    index, rules = book(), measured.rules
    some = [indicator for indicator in measured.measured if indicator.name in set(names)]
    return {
        indicator.name: _effect(index, indicator, tables, measured.day, rules)
        for indicator in some
        if index.tallies[indicator.events].stream in _STREAMS
    }


def _effect(index: Book, indicator: Indicator, tables: Tables, day: datetime, rules: Rules) -> float:
    tally = index.tallies[indicator.events]
    stream = index.streams[tally.stream]
    assert stream.rows is not None  # noqa: S101 (those of `_STREAMS` have rows)
    rows = stream.rows(tables, rules, number(day))
    roles = {"events": indicator.events, "chances": indicator.chances, "squares": indicator.squares}
    of = {
        role: value(rows)
        for role, name in roles.items()
        if name and index.tallies[name].stream == tally.stream and (value := index.tallies[name].value)
    }
    quarter = (rows[tally.month] / QUARTER).floor()
    found = rows.group_by("customer_id", *_categories(rows), quarter=quarter).aggregate(**of)
    found = found.filter(found.quarter.notnull()).to_pandas()
    events = found["events"].to_numpy(float)
    if "chances" in found:
        chances = found["chances"].to_numpy(float)
        mean = events.sum() / chances.sum() if chances.sum() > 0 else 0.0
        squares = found["squares"].sum() if "squares" in found else events.sum()
        surplus, independent = events - chances * mean, float(squares) - mean**2 * chances.sum()
    else:
        surplus, independent = events, float(events.sum())
    keys = ["customer_id", *_categories(rows)]
    varied = within(pd.DataFrame(found[keys]).assign(surplus=surplus), rules.history_months // QUARTER)
    return max(float(varied / independent), 1.0) if independent > 0 and np.isfinite(varied) else 1.0


def within(surplus: pd.DataFrame, quarters: int) -> float:
    """The sum over customers of their squared distances, in so many quarters, from their own mean.

    `surplus`: of the quarters in which they did something; the others are 0. Made as large as it would be
    around their true mean.
    """
    of = surplus.groupby([name for name in surplus if name != "surplus"])["surplus"]
    squares = float((surplus["surplus"] ** 2).sum())
    return (squares - float((of.sum() ** 2).sum()) / quarters) * quarters / (quarters - 1)


def _categories(rows: ibis.Table) -> tuple[str, ...]:
    """A return counts once per category, and each category is watched by itself."""
    return ("category",) if "category" in rows.columns else ()
