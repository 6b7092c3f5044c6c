"""The company beside its competitors, by the table `benchmarks`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from features.indicators.book import Tables
from features.indicators.calendar import first_day, number
from features.indicators.cells import ALL
from features.indicators.measure import Measured

METRICS = {"nps": "nps", "csat": "csat_mean", "csi": "csi_mean", "ces": "ces_mean"}
"""What a metric is compared with; others with the indicator of the same name."""
COLUMNS = ("indicator", "period", "competitor", "theirs", "ours", "cases", "gap", "place", "of")


def rivals(tables: Tables, measured: Measured) -> pd.DataFrame:
    """One row per metric and competitor, of the newest period that both know whole: indicator, period,
    competitor, theirs, ours, cases, gap, place, of.

    `gap`: how much better the company is, below 0 where it is worse; null where neither way is better.
    `place`: the company's among `of`, itself and the competitors of that period; ties share the better one.
    Periods are years (`2025`), quarters (`2025-Q2`) and months (`2025-06`); others, and metrics that are no
    indicator that is measured, are left out.
    """
    known = {i.name: i for i in measured.measured}
    found = tables["benchmarks"].to_pandas()
    found["indicator"] = found["metric"].map(lambda name: METRICS.get(name, name))
    rows: list[dict[str, Any]] = []
    for name, some in found[found["indicator"].isin(list(known))].groupby("indicator", sort=False):
        rows += _newest(measured, known[str(name)].better, str(name), some)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def span(period: str) -> tuple[int, int] | None:
    """The months that a period holds, as numbers, the second beyond it; nothing where it is none."""
    year, _, part = str(period).partition("-")
    if not (year.isdecimal() and len(year) == 4 and int(year)):
        return None
    begin = number(datetime(int(year), 1, 1))  # noqa: DTZ001 (times bear no zone)
    if not part:
        return begin, begin + 12
    if part.startswith("Q") and part[1:] in ("1", "2", "3", "4"):
        return begin + 3 * (int(part[1:]) - 1), begin + 3 * int(part[1:])
    if part.isdecimal() and 1 <= int(part) <= 12:
        return begin + int(part) - 1, begin + int(part)
    return None


def _newest(
    measured: Measured, better: str | None, name: str, some: pd.DataFrame
) -> Iterator[dict[str, Any]]:
    """The rows of the newest period of one metric in which the company is known."""
    spans = {period: months for period in some["period"].unique() if (months := span(period))}
    known = {period: own(measured, name, *months) for period, months in spans.items()}
    told = [period for period, (figure, _) in known.items() if np.isfinite(figure)]
    if not told:
        return
    period = max(told, key=lambda one: (spans[one][1], -spans[one][0]))
    ours, cases = known[period]
    now = some[some["period"] == period]
    sign = {"high": 1.0, "low": -1.0}.get(better or "", float("nan"))
    gaps = sign * (ours - now["value"].to_numpy(float))
    for competitor, theirs, gap in zip(now["competitor"], now["value"], gaps, strict=True):
        yield {
            "indicator": name,
            "period": period,
            "competitor": competitor,
            "theirs": float(theirs),
            "ours": ours,
            "cases": cases,
            "gap": float(gap),
            "place": int((gaps < 0).sum()) + 1 if better else pd.NA,
            "of": len(now) + 1,
        }


def own(measured: Measured, name: str, begin: int, end: int) -> tuple[float, float]:
    """The company's figure over these months and its cases; null where one of them isn't told or known."""
    months = measured.months[(measured.months["indicator"] == name) & (measured.months["breakdown"] == ALL)]
    days = [first_day(month) for month in range(begin, end)]
    some = months[months["month"].isin(days)].sort_values("month")
    if len(some) < len(days):
        return float("nan"), float("nan")
    if name in measured.states:
        last = some.iloc[-1]
        return float(last["figure"]), float(last["cases"])
    held = some[some["cases"] > 0]
    if held.empty:
        return float("nan"), float("nan")
    figures, cases = (held[column].to_numpy(float) for column in ("figure", "cases"))
    geometric = any(i.name == name and i.kind == "geometric" for i in measured.measured)
    mean = np.average(np.log(figures) if geometric else figures, weights=cases)
    return float(np.exp(mean) if geometric else mean), float(cases.sum())
