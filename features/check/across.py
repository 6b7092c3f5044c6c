"""The tests that look at two columns of a row: times in their order, scores on their metric's scale."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import or_

import ibis

from features.check.columns import Reading
from features.check.probes import note, unusable
from features.tables import SURVEY_SCALES, Column, Table


def across(contract: Table, readings: list[Reading]) -> list[Reading]:
    """The readings with these tests added where both columns are there."""
    by_name = {reading.name: reading for reading in readings}
    for column in contract.columns:
        if column.after and {column.name, column.after} <= by_name.keys():
            by_name[column.name] = _after(column, by_name[column.name], by_name[column.after])
    if contract.name == "surveys" and {"metric", "score"} <= by_name.keys():
        by_name["score"] = _on_scale(contract.column("score"), by_name["score"], by_name["metric"])
    return list(by_name.values())


def _after(column: Column, late: Reading, early: Reading) -> Reading:
    """A time before its event can't be; but a bare date on the day of the event is the event's time."""
    day = early.value.truncate("D")
    bare = (late.value < early.value) & (late.value == day)
    before = (late.value < early.value) & (late.value != day)
    shown = late.value.cast("string")
    probes = (
        unusable("before", column, f"a time before {early.name}", "Correct one of the two.", before, shown),
        note(
            "bare",
            column,
            f"a bare date on the day of {early.name}",
            "It reads as that time.",
            bare,
            shown=shown,
        ),
    )
    value = ibis.ifelse(bare, early.value, late.value)
    return replace(late, value=value, probes=(*late.probes, *probes))


def _on_scale(column: Column, score: Reading, metric: Reading) -> Reading:
    scales = SURVEY_SCALES.items()
    off = [(metric.value == name) & ~score.value.between(low, high) for name, (low, high) in scales]
    remedy = f"The scales: {', '.join(f'{name} {low:g} to {high:g}' for name, (low, high) in scales)}."
    shown = score.value.cast("string")
    probe = unusable("scale", column, "a score outside its scale", remedy, reduce(or_, off), shown)
    return replace(score, probes=(*score.probes, probe))
