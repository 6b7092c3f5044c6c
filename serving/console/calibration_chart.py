"""How well the model's probabilities came true, as a drawing."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from models import words
from serving.console.axes import Axis, levels
from serving.replies import Judged

SIZE, EDGE, FLOOR = 360.0, 46.0, 40.0
NINETEEN_OF_TWENTY = 1.96


@dataclass(frozen=True)
class Dot:
    """A tenth of the customers. `low`, `high`: where chance alone keeps 19 of 20 such dots. Pixels."""

    x: float
    y: float
    low: float
    high: float
    says: str


@dataclass(frozen=True)
class CalibrationChart:
    """`levels`: place across, place up, and label of each share."""

    size: float
    left: float
    floor: float
    top: float
    right: float
    dots: list[Dot]
    levels: list[tuple[float, float, str]]


def calibration_chart(judged: Judged) -> CalibrationChart | None:
    """Null where the bundle doesn't tell."""
    if judged.calibration is None or not judged.customers or not judged.calibration.predicted:
        return None
    predicted, churned = judged.calibration.predicted, judged.calibration.churned
    marks = levels(max(*predicted, *churned))
    across = Axis(0.0, marks[-1], EDGE, SIZE - 10)
    up = Axis(0.0, marks[-1], SIZE - FLOOR, 10)
    each = judged.customers / len(predicted)
    dots = []
    for foretold, came in zip(predicted, churned, strict=True):
        chance = NINETEEN_OF_TWENTY * sqrt(foretold * (1 - foretold) / each)
        says = f"{words.percent(foretold)} foretold, {words.percent(came)} churned"
        dots.append(Dot(across(foretold), up(came), up(foretold - chance), up(foretold + chance), says))
    return CalibrationChart(
        SIZE,
        EDGE,
        SIZE - FLOOR,
        10,
        SIZE - 10,
        dots,
        [(across(level), up(level), words.percent(level)) for level in marks],
    )
