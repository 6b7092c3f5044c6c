"""Who moved from which group to which, as ribbons between a year before and now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from features.indicators.groups import LOST, NOT_YET
from serving.report.charts import BAD, GOOD, INK, Picture, inches, styled, svg
from serving.report.wording import Wording

ORDER = (
    "champions", "loyal", "promising", "newcomers", "need attention", "about to sleep", "can't lose them",
    "at risk", "hibernating", LOST, NOT_YET,
)  # fmt: skip
"""The best first."""
_WIDTH, _HEIGHT, _ROW, _GAP, _BAR = 6.6, 4.6, 0.2, 0.05, 0.12
"""Inches: of the picture, the least of a row so that its name has room, between two, of the bars."""


@dataclass(frozen=True)
class _Side:
    """Where each group's bar begins and how high it is, from the top down, in inches."""

    tops: Mapping[str, float]
    heights: Mapping[str, float]


@styled
def flow(moves: pd.DataFrame, words: str, wording: Wording) -> Picture:
    """`moves`: before, now, customers. Better is green, worse is red, and who stayed is grey."""
    names = [name for name in ORDER if name in set(moves["before"]) | set(moves["now"])]
    rank = {name: at for at, name in enumerate(ORDER)}
    per_customer = (_HEIGHT - len(names) * (_ROW + _GAP)) / moves["customers"].sum()
    sides = [_side(moves.groupby(by)["customers"].sum(), names, per_customer) for by in ("before", "now")]
    height = max(side.tops[names[-1]] + max(side.heights[names[-1]], _ROW) for side in sides) + 0.3
    figure = Figure(figsize=(_WIDTH, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, _WIDTH)
    axes.set_ylim(height, 0)
    axes.axis("off")
    rows = [
        (row["before"], row["now"], row["customers"])
        for row in sorted(moves.to_dict("records"), key=lambda r: (rank[r["before"]], rank[r["now"]]))
    ]
    labels = [_labels(moves.groupby(by)["customers"].sum(), names, wording) for by in ("before", "now")]
    left = max(map(inches, labels[0])) + 0.15
    right = _WIDTH - max(map(inches, labels[1])) - 0.15
    for begin, end, thick, names_ in _ribbons(rows, sides, per_customer):
        before, now = names_
        color = "#9aa3b0" if before == now else GOOD if rank[now] < rank[before] else BAD
        _ribbon(axes, (left + _BAR, right - _BAR), (begin, end), thick, color)
    _bars(axes, (left, right - _BAR), sides, names)
    _names(axes, (left - 0.06, right + 0.06), sides, names, labels)
    for x, name, where in ((left, "a_year_before", "left"), (right, "now", "right")):
        axes.text(x, 0.14, wording.say(name), ha=where, weight="bold", color="#1b2430")
    return Picture(svg(figure), words)


def _labels(sizes: pd.Series, names: Sequence[str], wording: Wording) -> list[str]:
    numbers = [wording.whole(int(sizes.get(name, 0))) for name in names]
    groups = [wording.group(name) for name in names]
    return [wording.say("group_size", group=g, number=n) for g, n in zip(groups, numbers, strict=True)]


def _side(sizes: pd.Series, names: Sequence[str], per_customer: float) -> _Side:
    tops, heights, y = {}, {}, 0.28
    for name in names:
        tops[name], heights[name] = y, float(sizes.get(name, 0)) * per_customer
        y += max(heights[name], _ROW) + _GAP
    return _Side(tops, heights)


def _ribbons(
    rows: Sequence[tuple[str, str, int]], sides: Sequence[_Side], per_customer: float
) -> Iterator[tuple[float, float, float, tuple[str, str]]]:
    """Each with the height at which it begins and ends, how thick it is, and its groups."""
    used = [dict(side.tops) for side in sides]
    for before, now, customers in rows:
        thick = customers * per_customer
        yield used[0][before], used[1][now], thick, (before, now)
        used[0][before] += thick
        used[1][now] += thick


def _ribbon(
    axes: Axes, across: tuple[float, float], heights: tuple[float, float], thick: float, color: str
) -> None:
    (left, right), (begin, end) = across, heights
    middle = (left + right) / 2
    points = [
        (left, begin), (middle, begin), (middle, end), (right, end), (right, end + thick),
        (middle, end + thick), (middle, begin + thick), (left, begin + thick), (left, begin),
    ]  # fmt: skip
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    axes.add_patch(PathPatch(Path(points, codes), facecolor=color, alpha=0.35, linewidth=0))


def _bars(axes: Axes, places: Sequence[float], sides: Sequence[_Side], names: Sequence[str]) -> None:
    for x, side in zip(places, sides, strict=True):
        for name in names:
            axes.add_patch(Rectangle((x, side.tops[name]), _BAR, side.heights[name], color=INK, linewidth=0))


def _names(
    axes: Axes,
    places: Sequence[float],
    sides: Sequence[_Side],
    names: Sequence[str],
    labels: Sequence[Sequence[str]],
) -> None:
    for x, side, texts, where in zip(places, sides, labels, ("right", "left"), strict=True):
        for name, text in zip(names, texts, strict=True):
            if not side.heights[name]:
                continue
            middle = side.tops[name] + max(side.heights[name], _ROW) / 2
            axes.text(x, middle, text, ha=where, va="center", color="#1b2430")
