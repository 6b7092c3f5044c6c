"""Chosen features changed by hand, within what training has seen: what would the model say then?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.errors import RequestError
from models.bundle import Bundle

_INFOS = re.compile(r"^feature_infos=(.*)$", re.MULTILINE)
_SEEN = re.compile(r"\[(.+):(.+)\]")


@dataclass(frozen=True)
class Range:
    """The smallest and the largest value that training has seen, both inclusive, in the feature's unit."""

    low: float
    high: float


def ranges(bundle: Bundle) -> dict[str, Range]:
    """The numbers that the trees split by, in their order, and what LightGBM noted of each at training.

    Empty where the bundle has no trees: curves alone go on beyond what they have seen without a word.
    """
    trees = bundle.churn.members.trees
    found = _INFOS.search(trees.text) if trees else None
    if trees is None or found is None:
        return {}
    told = zip(trees.columns.numbers, found.group(1).split(), strict=False)
    seen = {name: _SEEN.fullmatch(info) for name, info in told}
    return {name: Range(*map(float, match.groups())) for name, match in seen.items() if match}


def changed(frame: pd.DataFrame, changes: Mapping[str, float], seen: Mapping[str, Range]) -> pd.DataFrame:
    """The frame with the values of `changes` in every row.

    Raises RequestError with every name that `seen` lacks, and every value beyond its range.
    """
    problems = [_problem(name, value, seen) for name, value in changes.items()]
    told = [problem for problem in problems if problem]
    if told:
        raise RequestError("; ".join(told) + ".")
    return frame.assign(**{name: np.full(len(frame), float(value)) for name, value in changes.items()})


def _problem(name: str, value: float, seen: Mapping[str, Range]) -> str:
    if not seen:
        return (
            "The model has no trees, and doesn't say which values it has seen, so no feature can be changed"
        )
    if name not in seen:
        return f"{name[:60]!r} is no number that the model looks at; GET /what-if/CUSTOMER_ID lists those"
    low, high = seen[name].low, seen[name].high
    if not low <= value <= high:
        return f"{name} is {value:g}, and the model has seen {low:g} to {high:g}; stay within"
    return ""
