"""What a campaign changed for each tenth of its customers, beside what was predicted, as a drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any

from models import words
from serving.console.axes import Axis

HEIGHT, TOP, BOTTOM = 260.0, 14.0, 42.0
LEFT, RIGHT = 56.0, 12.0
MOST_LEVELS = 5


@dataclass(frozen=True)
class Mark:
    """A tenth. `value`, `low`, `high`: measured, with the ends of its 95 % interval; `predicted`. Pixels."""

    x: float
    value: float
    low: float
    high: float
    predicted: float
    label: str
    says: str


@dataclass(frozen=True)
class EffectChart:
    """`levels`: y and label. `zero`: the y of no effect."""

    width: float
    height: float
    left: float
    right: float
    floor: float
    zero: float
    marks: list[Mark]
    levels: list[tuple[float, str]]


def effect_chart(tenths: Sequence[Mapping[str, Any]], currency: str, width: float) -> EffectChart | None:
    """`tenths`: of a measurement, the best predicted first; null where fewer than two have an interval.

    What lies far beyond the others' intervals stands at the edge.
    """
    known = [each for each in tenths if each["effect"] and each["predicted"] is not None]
    if len(known) < 2:
        return None
    ends = [each["effect"][end] for each in known for end in ("low", "high")]
    steps = levels(min(0.0, *ends), max(0.0, *ends))
    up = Axis(steps[0], steps[-1], HEIGHT - BOTTOM, TOP)
    across = Axis(0.0, len(known) - 1.0, LEFT + 16, width - RIGHT - 12)
    marks = [
        Mark(
            x=across(place),
            value=up(each["effect"]["value"]),
            low=up(each["effect"]["low"]),
            high=up(each["effect"]["high"]),
            predicted=up(each["predicted"]),
            label=each["name"].lstrip("0"),
            says=_says(each, currency),
        )
        for place, each in enumerate(known)
    ]
    labels = [(up(step), words.amount(step).removesuffix(".00")) for step in steps]
    return EffectChart(width, HEIGHT, LEFT, width - RIGHT, HEIGHT - BOTTOM, up(0.0), marks, labels)


def levels(low: float, high: float) -> list[float]:
    """Round figures from the first that is not above `low` to the first that is not below `high`."""
    reach = (high - low) or 1.0
    size = 10.0 ** floor(log10(reach / MOST_LEVELS))
    step = next(size * times for times in (1, 2, 5, 10) if reach / (size * times) <= MOST_LEVELS)
    first = floor(low / step)
    found = [first * step]
    while found[-1] < high - 1e-9 * reach or len(found) < 2:
        found.append((first + len(found)) * step)
    return [round(each, 10) for each in found]


def _says(tenth: Mapping[str, Any], currency: str) -> str:
    effect = tenth["effect"]
    low, high = words.amount(effect["low"]), words.amount(effect["high"])
    return (
        f"Tenth {tenth['name'].lstrip('0')}: {words.money(effect['value'], currency)} measured ({low} to "
        f"{high}), {words.money(tenth['predicted'], currency)} predicted"
    )
