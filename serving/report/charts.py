"""Pictures of the assessment as SVG that lies within the page; each says in words what it shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from io import StringIO
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from features.indicators.book import Indicator

INK, GOOD, BAD, QUIET = "#1f3a5f", "#1b7f4d", "#b3261e", "#8a94a3"
_STYLE: Any = {"svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}


@dataclass(frozen=True)
class Picture:
    """`svg`: an element for the page. `words`: what it shows, for who can't see it."""

    svg: str
    words: str


_P = ParamSpec("_P")


def _styled(draw: Callable[_P, Picture]) -> Callable[_P, Picture]:
    """Drawn in the one style, whatever the process has set; the names in it are of this picture alone."""

    @wraps(draw)
    def drawn(*args: _P.args, **kwargs: _P.kwargs) -> Picture:
        with mpl.rc_context({**_STYLE, "svg.hashsalt": repr((args, kwargs))}):
            return draw(*args, **kwargs)

    return drawn


@_styled
def sparkline(values: Sequence[float], words: str) -> Picture:
    """A line without axes; the newest month as a dot."""
    figure = Figure(figsize=(1.5, 0.32))
    axes = figure.add_axes((0.02, 0.1, 0.96, 0.8))
    axes.axis("off")
    series = np.asarray(values, float)
    axes.plot(series, color=INK, linewidth=1.2)
    if len(series) and np.isfinite(series[-1]):
        axes.plot(len(series) - 1, series[-1], "o", color=INK, markersize=3)
    axes.set_xlim(-0.5, max(len(series), 2) - 0.5)
    return Picture(_svg(figure), words)


@_styled
def trend(rows: pd.DataFrame, indicator: Indicator, words: str) -> Picture:
    """One figure by month with its interval. `rows`: of the months of one value."""
    figure = Figure(figsize=(3.5, 1.9), layout="constrained")
    axes = figure.subplots()
    scale = 100.0 if indicator.unit == "share" else 1.0
    days = rows["month"].to_numpy()
    low, high, value = (rows[name].to_numpy(float) * scale for name in ("low", "high", "figure"))
    if np.isfinite(low).any():
        axes.fill_between(days, low, high, color=INK, alpha=0.15, linewidth=0)
    axes.plot(days, value, color=INK, linewidth=1.6, marker="o", markersize=2.5)
    halves = [day for day in rows["month"] if day.month in (1, 7)]
    axes.set_xticks(halves, [f"{day:%b %Y}" if day.month == 1 else f"{day:%b}" for day in halves])
    axes.set_xlim(days[0], days[-1] + np.timedelta64(15, "D"))
    _quiet(axes)
    axes.set_ylabel("%" if indicator.unit == "share" else "" if indicator.unit == "money" else indicator.unit)
    return Picture(_svg(figure), words)


@_styled
def waterfall(names: Sequence[str], changes: Sequence[float], words: str) -> Picture:
    """Parts of a change one after the other, and what they come to."""
    figure = Figure(figsize=(6.6, 0.42 * (len(names) + 1) + 0.5), layout="constrained")
    axes = figure.subplots()
    ends = np.cumsum([0.0, *changes])
    for at, part in enumerate(changes):
        axes.barh(at, part, left=ends[at], color=GOOD if part >= 0 else BAD, height=0.62)
    axes.barh(len(names), ends[-1], color=INK, height=0.62)
    axes.set_yticks(range(len(names) + 1), [*names, "together"])
    axes.invert_yaxis()
    axes.axvline(0, color=QUIET, linewidth=0.8)
    _quiet(axes, grid="x")
    return Picture(_svg(figure), words)


@_styled
def bars(names: Sequence[str], now: Sequence[float], before: Sequence[float] | None, words: str) -> Picture:
    """Two bars a name: now, and a year before where that is known."""
    figure = Figure(figsize=(6.6, 0.42 * len(names) + 0.7), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(names))
    axes.barh(places - 0.19, now, height=0.36, color=INK, label="now")
    if before is not None:
        axes.barh(places + 0.19, before, height=0.36, color=QUIET, label="a year before")
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    figure.legend(frameon=False, loc="outside upper right", ncols=2)
    _quiet(axes, grid="x")
    return Picture(_svg(figure), words)


def _quiet(axes: Axes, grid: str = "y") -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="x" if grid == "x" else "y", color="#dfe3e8", linewidth=0.7)
    axes.set_axisbelow(True)
    value_axis = axes.xaxis if grid == "x" else axes.yaxis
    value_axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))


def _short(value: float) -> str:
    """1,200,000 as 1.2M."""
    for size, letter in ((1e9, "bn"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            unit = 1e3 if letter == "k" else size
            return f"{value / unit:,.4g}{letter}"
    return f"{value:,.4g}"


def _svg(figure: Figure) -> str:
    """Without what only a file of its own needs, and without names that would repeat on the page."""
    out = StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    return re.sub(r"\s*\n\s*", "\n", text)
