"""A customer's risk over the days scored, as a drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models import words
from serving.console.axes import Axis, TimeAxis, levels
from serving.rows import Row

HEIGHT, TOP, BOTTOM = 200.0, 14.0, 26.0
LEFT, RIGHT = 44.0, 16.0


@dataclass(frozen=True)
class HistoryChart:
    """`line`: the points of a polyline. `dots`: x, y and what each says. `levels`: y and label.

    `ends`: x, anchor and label of the first and the last day. `usual`: the y of the base risk.
    """

    width: float
    height: float
    left: float
    right: float
    line: str
    dots: list[tuple[float, float, str]]
    levels: list[tuple[float, str]]
    ends: list[tuple[float, str, str]]
    usual: float

    @property
    def usual_at_start(self) -> bool:
        """Whether the line leaves more room at its start than at its end for the words on the base risk."""
        return abs(self.dots[0][1] - self.usual) >= abs(self.dots[-1][1] - self.usual)


def history_chart(history: Sequence[Row], base_risk: float, width: float) -> HistoryChart | None:
    """`history`: as `Store.history` gives it; null where it has fewer than two days."""
    if len(history) < 2:
        return None
    risks = [past["churn_probability"] for past in history]
    marks = levels(max(*risks, base_risk))
    across = TimeAxis(history[0]["as_of"], history[-1]["as_of"], LEFT, width - RIGHT)
    up = Axis(0.0, marks[-1], HEIGHT - BOTTOM, TOP)
    dots = [
        (across(past["as_of"]), up(risk), f"{words.percent(risk)} as of {words.date(past['as_of'])}")
        for past, risk in zip(history, risks, strict=True)
    ]
    return HistoryChart(
        width,
        HEIGHT,
        LEFT,
        width - RIGHT,
        " ".join(f"{x},{y}" for x, y, _ in dots),
        dots,
        [(up(level), words.percent(level)) for level in marks],
        [
            (across.start, "start", words.date(history[0]["as_of"])),
            (across.end, "end", words.date(history[-1]["as_of"])),
        ],
        up(base_risk),
    )
