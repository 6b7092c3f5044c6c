"""Pictures of the assessment as SVG that lies within the page; each says in words what it shows."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from io import StringIO
from itertools import pairwise
from typing import Any, ParamSpec
from unicodedata import east_asian_width

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from features.indicators.book import Indicator
from serving.report.wording import Wording

INK, GOOD, BAD, QUIET = "#1f3a5f", "#1b7f4d", "#b3261e", "#6b7686"
SIZE = 9
_SPARK = (108.0, 22.0)
_TREND = (3.5, 1.7)
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "amity",
    "font.family": "sans-serif",
    "font.size": SIZE,
}
_EM, _WIDE_EM = 0.58 * SIZE / 72, 1.05 * SIZE / 72
"""How wide a letter is, in inches: of our letters on average, and of a Chinese one."""


@dataclass(frozen=True)
class Picture:
    """`svg`: an element for the page. `words`: what it shows, for who can't see it."""

    svg: str
    words: str


_P = ParamSpec("_P")


def styled(draw: Callable[_P, Picture]) -> Callable[_P, Picture]:
    """Drawn in the one style, whatever the process has set.

    The page's own font writes the texts, so it doesn't matter which letters matplotlib's lacks.
    """

    @wraps(draw)
    def drawn(*args: _P.args, **kwargs: _P.kwargs) -> Picture:
        with mpl.rc_context(_STYLE), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            return draw(*args, **kwargs)

    return drawn


def sparkline(values: Sequence[float], words: str) -> Picture:
    """A line without axes; the newest month, and months between two that aren't known, as dots."""
    series = np.asarray(values, float)
    known = np.isfinite(series)
    low, high = (series[known].min(), series[known].max()) if known.any() else (0.0, 0.0)
    across = _SPARK[0] / max(len(series) - 1, 1)
    heights = (high - series) / ((high - low) or 1.0) * _SPARK[1]
    spots = [(at * across, height if high > low else _SPARK[1] / 2) for at, height in enumerate(heights)]
    lines, dots = [], []
    for run in np.split(np.arange(len(series)), np.flatnonzero(np.diff(known.astype(int))) + 1):
        if len(run) and known[run[0]]:
            lines.append(" ".join(f"{spots[at][0]:.1f},{spots[at][1]:.1f}" for at in run))
            dots += [spots[run[0]]] if len(run) == 1 else []
    dots += [spots[-1]] if len(series) and known[-1] else []
    return Picture(_spark(lines, dots), words)


def _spark(lines: Sequence[str], dots: Sequence[tuple[float, float]]) -> str:
    box = f"-3 -3 {_SPARK[0] + 6:.0f} {_SPARK[1] + 6:.0f}"
    drawn = "".join(f'<polyline points="{points}"/>' for points in lines)
    spots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in dots)
    style = f'fill="none" stroke="{INK}" stroke-width="1.3"'
    return f'<svg viewBox="{box}" {style}>{drawn}<g fill="{INK}" stroke="none">{spots}</g></svg>'


@styled
def trend(
    rows: pd.DataFrame, indicator: Indicator, words: str, wording: Wording, usual: float | None = None
) -> Picture:
    """One figure by month with its interval. `rows`: of one value; `usual`: a level to compare with.

    It begins with the first month that is known.
    """
    rows = rows[rows["figure"].notna().cummax()]
    figure = Figure(figsize=_TREND)
    axes = figure.add_axes((0.15, 0.15, 0.81, 0.8))
    scale = 100.0 if indicator.unit == "share" else 1.0
    days = rows["month"].to_numpy()
    low, high, value = (rows[name].to_numpy(float) * scale for name in ("low", "high", "figure"))
    if np.isfinite(low).any():
        axes.fill_between(days, low, high, color=INK, alpha=0.15, linewidth=0)
    if usual is not None:
        axes.axhline(usual * scale, color=BAD, linewidth=1, linestyle=(0, (4, 3)))
    axes.plot(days, value, color=INK, linewidth=1.6, marker="o", markersize=2.5)
    halves = [day for day in rows["month"] if day.month in (1, 7)]
    names = (wording.month_of_year, wording.short_month)
    axes.set_xticks(halves, [names[day.month != 1](day) for day in halves])
    axes.set_xlim(days[0] - np.timedelta64(10, "D"), days[-1] + np.timedelta64(20, "D"))
    quiet(axes, wording)
    ending = " %" if indicator.unit == "share" else ""
    axes.yaxis.set_major_formatter(FuncFormatter(lambda tick, _: wording.compact(tick) + ending))
    left = (max(inches(wording.compact(tick) + ending) for tick in axes.get_yticks()) + 0.12) / _TREND[0]
    axes.set_position((left, 0.15, 0.96 - left, 0.8))
    return Picture(svg(figure), words)


@styled
def waterfall(names: Sequence[str], changes: Sequence[float], words: str, wording: Wording) -> Picture:
    """Parts of a change one after the other, and what they come to; each with its amount."""
    labels = [*names, wording.say("together")]
    axes, figure = lying(labels, right=0.9)
    ends = np.cumsum([0.0, *changes])
    spans = [*pairwise(ends), (0.0, ends[-1])]
    reach = np.ptp(np.concatenate([ends, [0.0]])) or 1.0
    for at, (begin, end) in enumerate(spans):
        change = end - begin
        whole = at == len(names)
        axes.barh(at, change, left=begin, color=INK if whole else GOOD if change >= 0 else BAD, height=0.62)
        told = wording.compact_money(change)
        axes.text(max(begin, end) + 0.01 * reach, at, told, va="center", color="#1b2430")
    axes.axvline(0, color=QUIET, linewidth=0.8)
    axes.margins(x=0.02)
    quiet(axes, wording, grid="x")
    return Picture(svg(figure), words)


@styled
def bars(
    names: Sequence[str], now: Sequence[float], before: Sequence[float] | None, words: str, wording: Wording
) -> Picture:
    """Two bars a name: now, and a year before where that is known; else one."""
    axes, figure = lying(names, right=0.15, top=0.08 if before is None else 0.3)
    places = np.arange(len(names))
    if before is None:
        axes.barh(places, now, height=0.6, color=INK)
    else:
        axes.barh(places - 0.19, now, height=0.36, color=INK, label=wording.say("now"))
        axes.barh(places + 0.19, before, height=0.36, color="#aab2be", label=wording.say("a_year_before"))
        figure.legend(frameon=False, loc="upper right", ncols=2, handlelength=1.2)
    quiet(axes, wording, grid="x")
    return Picture(svg(figure), words)


def lying(names: Sequence[str], right: float, top: float = 0.08) -> tuple[Axes, Figure]:
    """Axes for bars that lie, a row each, with room for the names before and `right` inches after them."""
    width, height = 6.6, 0.36 * len(names) + 0.35 + top
    figure = Figure(figsize=(width, height))
    left = max(inches(name) for name in names) + 0.15
    axes = figure.add_axes(
        (left / width, 0.27 / height, (width - left - right) / width, (height - 0.27 - top) / height)
    )
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    return axes, figure


def inches(text: str) -> float:
    """How wide a text is, about: the page's font isn't known."""
    return sum(_WIDE_EM if east_asian_width(letter) in "WF" else _EM for letter in text)


def quiet(axes: Axes, wording: Wording, grid: str = "y") -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="x" if grid == "x" else "y", color="#dfe3e8", linewidth=0.7)
    axes.set_axisbelow(True)
    value_axis = axes.xaxis if grid == "x" else axes.yaxis
    value_axis.set_major_locator(MaxNLocator(6 if grid == "x" else 5))
    value_axis.set_major_formatter(FuncFormatter(lambda value, _: wording.compact(value)))


def svg(figure: Figure) -> str:
    """Without what only a file of its own needs, and without names that would repeat on the page."""
    out = StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    return re.sub(r"\s*\n\s*", "\n", text)
