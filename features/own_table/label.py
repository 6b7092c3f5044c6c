"""The column that says who churned, whatever words it says it in."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.errors import HistoryError, SourceError
from features.readiness import FEWEST_CUSTOMERS, FEWEST_OUTCOMES

CHURNED = frozenset(
    {"1", "yes", "y", "true", "t", "churned", "churn", "left", "lost", "cancelled", "canceled", "exited"}
    | {"attrited", "attrited customer", "gone", "inactive"}
)
STAYED = frozenset(
    {"0", "no", "n", "false", "f", "retained", "stayed", "existing", "existing customer", "current", "kept"}
    | {"loyal", "renewed", "active"}
)
PLAIN = frozenset({"1", "0", "yes", "no", "y", "n", "true", "false", "t", "f"})
SAYS_WHO_STAYED = re.compile(r"retain|stay|loyal|renew|existing|survive|is_?active", re.IGNORECASE)
TOLD_VALUES = 6


@dataclass(frozen=True)
class Label:
    """`churned`: 1.0, 0.0, and null where the column says nothing. `says`: what was understood, in words."""

    churned: pd.Series
    says: str


def read_label(frame: pd.DataFrame, column: str) -> Label:
    """Who churned, by a column of two values: 1 and 0, yes and no, true and false, churned and retained …

    A plain yes in a column whose name says who stayed (retained, renewed …) is read as stayed. Raises
    SourceError, naming the values found, where there is no such column or it can't be understood, and
    HistoryError where too few churned or stayed.
    """
    if column not in frame:
        raise SourceError(
            f"There is no column {column!r} to say who churned. There are: {', '.join(frame.columns)}."
        )
    words = _words(frame[column])
    churned = words.map(_meaning)
    counts = frame[column].astype("str").where(frame[column].notna()).value_counts()
    if churned.isna().ne(words.isna()).any() or not counts.size:
        found = ", ".join(f"{value!r} ({rows:,} rows)" for value, rows in counts.head(TOLD_VALUES).items())
        more = f" and {len(counts) - TOLD_VALUES:,} more" if len(counts) > TOLD_VALUES else ""
        raise SourceError(
            f"The column {column!r} doesn't say who churned: it holds {found or 'nothing'}{more}. Give one "
            "of 1 and 0, yes and no, true and false, or churned and retained."
        )
    inverted = bool(SAYS_WHO_STAYED.search(column)) and set(words.dropna()) <= PLAIN
    churned = 1.0 - churned if inverted else churned
    _require_both(churned, column)
    return Label(churned, _says(column, frame[column], churned))


def _words(values: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        whole = values.map(lambda value: f"{value:g}", na_action="ignore")
        return whole.astype("str").where(values.notna())
    texts = values.astype("str").str.lower().where(values.notna())
    return texts.replace({"1.0": "1", "0.0": "0"})


def _meaning(word: object) -> float:
    if word in CHURNED:
        return 1.0
    return 0.0 if word in STAYED else np.nan


def _says(column: str, values: pd.Series, churned: pd.Series) -> str:
    parts = []
    for meaning, what in ((1.0, "churned"), (0.0, "stayed")):
        found = values[churned == meaning].astype("str")
        words = " and ".join(repr(word) for word in sorted(found.unique()))
        parts.append(f"{words} as {what} ({len(found):,} customers)")
    unknown = int(churned.isna().sum())
    told = f"{column}: read {parts[0]} and {parts[1]}."
    return f"{told} Left out: {unknown:,} rows in which it is missing." if unknown else told


def _require_both(churned: pd.Series, column: str) -> None:
    left, stayed = int(churned.sum()), int((churned == 0).sum())
    short = [
        f"{count:,} {what} where training needs {fewest}"
        for count, what, fewest in (
            (left, "churned", FEWEST_OUTCOMES),
            (stayed, "stayed", FEWEST_OUTCOMES),
            (left + stayed, "are there", FEWEST_CUSTOMERS),
        )
        if count < fewest
    ]
    if short:
        raise HistoryError(f"Too few customers: by the column {column!r}, {'; '.join(short)}. Add customers.")
