"""Scored customers as plain rows: what the store keeps and the service answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from serving.schema import POINTS, scores

if TYPE_CHECKING:
    from models.scoring import Scored

Row = dict[str, Any]
"""A column's name → text, float, int, datetime (UTC, no zone) or None."""

OF_SCORING = ("as_of", "model_version")
STORED = tuple(column.name for column in scores.columns if column.name != "scoring_id")
COLUMNS = ("customer_id", *OF_SCORING, *(name for name in STORED if name != "customer_id"))
"""The columns of every row that leaves, in order; `rank` counts from 1 by value at risk."""


def rows(scored: Scored) -> Iterator[Row]:
    """One row per customer with `COLUMNS`, ranked by value at risk, then customer_id.

    Segment and country are None where the features have none.
    """
    frame = scored.scores.assign(
        **{column: scored.points.by_dimension[name] for name, column in POINTS.items()},
        **{name: scored.features.get(name) for name in ("segment", "country")},
    ).sort_values(["value_at_risk", "customer_id"], ascending=[False, True])
    frame["rank"] = range(1, len(frame) + 1)
    columns = [_plain(frame[name]) for name in COLUMNS]
    for values in zip(*columns, strict=True):
        yield dict(zip(COLUMNS, values, strict=True))


def _plain(column: pd.Series) -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(column):
        return [None if value is pd.NaT else value.to_pydatetime() for value in column]
    values = column.astype(object)
    return values.where(column.notna(), None).tolist()
