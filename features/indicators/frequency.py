"""Whether customers buy more or less often faster and faster, or slower and slower: how a trend bends."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from features.indicators.measure import Measured
from features.indicators.rules import YEAR

Floats = NDArray[np.float64]
INDICATOR = "order_rate"
COLUMNS = ("breakdown", "value", "first", "last", "slope_first", "slope_last", "p_slope", "p_bend", "course")


def frequency(measured: Measured) -> pd.DataFrame:
    """One row for the company and per value of the breakdowns of orders per 100 customers: breakdown, value,
    first, last, slope_first, slope_last, p_slope, p_bend, course.

    Twenty-four months are a parabola and a season (the twelve months of the year, each its own level), by
    least squares. `first`, `last`: the parabola in the oldest and newest month; `slope_…`: how much it
    changes per month there. `p_slope`: of as much change over all by chance; `p_bend`: of as much bend.
    `course`: steady, rising, falling, rising faster, rising slower, falling faster, falling slower, turned
    up, turned down; beyond chance at the rules' confidence. Empty with less than twenty-four months.
    """
    months = measured.months[measured.months["indicator"] == INDICATOR]
    alpha = 1 - measured.rules.confidence
    rows = []
    for (breakdown, value), some in months.groupby(["breakdown", "value"], sort=False):
        figures = some.sort_values("month")["figure"].to_numpy(float)[-2 * YEAR :]
        if len(figures) == 2 * YEAR and np.isfinite(figures).all():
            rows.append({"breakdown": breakdown, "value": value, **bend(figures, alpha)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def bend(figures: Floats, alpha: float) -> dict[str, float | str]:
    """The parabola of one series of twenty-four months, oldest first; keys as `frequency` has them."""
    at = np.linspace(-1, 1, len(figures))
    square = at**2 - np.mean(at**2)
    season = np.eye(YEAR)[np.arange(len(figures)) % YEAR]
    design = np.column_stack([at, square, season])
    found, *_ = np.linalg.lstsq(design, figures, rcond=None)
    left = figures - design @ found
    freedom = len(figures) - design.shape[1]
    error = np.sqrt(left @ left / freedom * np.diag(np.linalg.inv(design.T @ design))[:2])
    slope, curve = float(found[0]), float(found[1])
    p_slope, p_bend = (
        float(2 * stats.t.sf(abs(c) / e, freedom)) if e > 0 else float(c == 0)
        for c, e in zip((slope, curve), error, strict=True)
    )
    level, per_month = float(found[2:].mean()), (len(figures) - 1) / 2
    ends = {side: level + slope * side + curve * (1 - np.mean(at**2)) for side in (-1, 1)}
    slopes = {side: (slope + 2 * curve * side) / per_month for side in (-1, 1)}
    return {
        "first": float(ends[-1]),
        "last": float(ends[1]),
        "slope_first": slopes[-1],
        "slope_last": slopes[1],
        "p_slope": p_slope,
        "p_bend": p_bend,
        "course": _course(slopes[-1], slopes[1], p_slope < alpha, p_bend < alpha),
    }


def _course(first: float, last: float, changed: bool, bent: bool) -> str:
    if bent and first * last < 0:
        return "turned up" if last > 0 else "turned down"
    if not (changed or bent):
        return "steady"
    way = "rising" if first + last > 0 else "falling"
    if not bent:
        return way
    return f"{way} faster" if abs(last) > abs(first) else f"{way} slower"
