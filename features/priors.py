"""The priors of the rates: what a customer's few events are shrunk toward, learnt from all customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis

from features.catalog import Rate

FINE = 1_000_000


@dataclass(frozen=True)
class Prior:
    """What is known of a rate before a customer's own events: so many events on so many chances.

    A Gamma(events, chances) prior of a count per chance, a Beta(events, chances − events) prior of a share;
    of a mean of values, their sum over as many values as the credibility constant.
    """

    events: float
    chances: float


def learn(counted: ibis.Table, rates: Sequence[Rate]) -> dict[str, Prior]:
    """The prior of each rate from a table with its events and chances per customer, by moments.

    One pass. A rate without any chance has none.
    """
    sums = {f"{rate.name} {key}": value for rate in rates for key, value in _sums(counted, rate).items()}
    row = counted.aggregate(**sums).to_pyarrow().to_pylist()[0]
    priors = {
        rate: _prior(rate, {key: float(row[f"{rate.name} {key}"] or 0) for key in _KEYS}) for rate in rates
    }
    return {rate.name: prior for rate, prior in priors.items() if prior is not None}


def of_groups(counts: Iterable[tuple[int, int]], rate: Rate) -> Prior | None:
    """The prior of a rate from the events and chances of each group; none where there is no chance."""
    some = [(events, chances) for events, chances in counts if chances]
    sums = (
        len(some),
        sum(events for events, _ in some),
        sum(chances for _, chances in some),
        sum(events * events * FINE // chances for events, chances in some),
        sum(chances * chances for _, chances in some),
        0,
    )
    return _prior(rate, dict(zip(_KEYS, map(float, sums), strict=True)))


_KEYS = ("customers", "events", "chances", "squares", "squared_chances", "squared_values")


def _sums(counted: ibis.Table, rate: Rate) -> dict[str, Any]:
    """Sums of whole numbers, so that they don't depend on the order of the rows."""
    events, chances = counted[rate.events].cast("int64"), counted[rate.chances].cast("int64")
    some = chances > 0
    squared, squared_chances = (_squared(number) for number in (events, chances))
    squares = (squared * _fine(rate) / chances.nullif(0)).floor().cast("int64")
    squared_values = counted[rate.squares].cast("int64") if rate.squares else 0
    sums = (some.ifelse(1, 0), events, chances, squares, squared_chances.cast("int64"), squared_values)
    return {key: some.ifelse(value, 0).sum() for key, value in zip(_KEYS, sums, strict=True)}


def _squared(number: Any) -> Any:
    """The square as a float, in which no count overflows; Spark holds some counts in 32 bits."""
    return number.cast("float64") * number.cast("float64")


def _fine(rate: Rate) -> int:
    """Squares over chances are counted in such parts; sums of values are whole and large already."""
    return 1 if rate.squares else FINE


def _prior(rate: Rate, sums: Mapping[str, float]) -> Prior | None:
    """Moments of a rate with unequal chances: Kleinman (1973) for shares, Marshall (1991) for counts.

    Of means of values: Bühlmann & Straub (1970), Glaubwürdigkeit für Schadensätze, whose credibility constant
    is the variance within a customer over the variance between customers.

    The variance between customers is what the weighted variance of their rates has beyond chance. Where it
    has none all customers are taken for alike: a prior as heavy as all their chances.
    """
    customers, events, chances = sums["customers"], sums["events"], sums["chances"]
    if chances <= 0:
        return None
    mean = events / chances
    squares = sums["squares"] / _fine(rate)
    by_chance = mean * (1 - mean) if rate.share else mean
    if rate.squares:
        by_chance = (sums["squared_values"] - squares) / max(chances - customers, 1)
    beyond = squares - mean * events - (customers - 1) * by_chance
    effective = chances - sums["squared_chances"] / chances - (customers - 1 if rate.share else 0)
    between = beyond / effective if effective > 0 else 0.0
    weight = by_chance / between - (1 if rate.share else 0) if between > 0 else chances
    weight = min(max(weight, 1.0), chances)
    return Prior(mean * weight, weight)
