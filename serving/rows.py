"""Scored customers as plain rows: what the store keeps and the service answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from models.status import overdue
from serving.schema import POINTS, REPAIRED, scores

if TYPE_CHECKING:
    from models.scoring import Scored

Row = dict[str, Any]
"""A column's name → text, float, int, datetime (UTC, no zone) or None."""

OF_SCORING = ("as_of", "model_version")
STORED = tuple(column.name for column in scores.columns if column.name != "scoring_id")
COLUMNS = ("customer_id", *OF_SCORING, *(name for name in STORED if name not in ("customer_id", "facts")))
"""The columns of every row that leaves, in order; `rank` counts from 1 by value at risk."""
KEPT = (*COLUMNS, "facts")
"""The columns of every row of the store. `facts`: what the sentences say, to tell it in another language."""

OF_FEATURES = ("segment", "country", "days_since_order", "usual_gap")


def frame(scored: Scored, contacted: pd.Series | None = None) -> pd.DataFrame:
    """`KEPT` of all customers, ranked by value at risk, then customer_id; missing is missing.

    `contacted`: customer_id → the time of the last contact. What the features lack is missing.
    """
    ids = scored.scores["customer_id"]
    repaired = scored.repaired if scored.repaired is not None else pd.DataFrame(index=ids.index)
    never = pd.Series(pd.NaT, index=ids.index, dtype="datetime64[us]")
    beside = {
        "overdue": overdue(scored.features),
        "facts": pd.Series(None, index=ids.index, dtype="str") if scored.facts is None else scored.facts,
        "last_contact_at": never if contacted is None else ids.map(contacted),
    }
    parts = [
        scored.scores,
        _renamed(scored.points.by_dimension, POINTS),
        _renamed(repaired, REPAIRED),
        scored.features.reindex(columns=list(OF_FEATURES)),
        pd.DataFrame(beside, index=ids.index),
    ]
    whole = pd.concat(parts, axis=1)
    if not _is_ranked(whole):
        whole = whole.sort_values(["value_at_risk", "customer_id"], ascending=[False, True])
    whole["rank"] = range(1, len(whole) + 1)
    return whole[list(KEPT)]


def _renamed(frame: pd.DataFrame, names: Mapping[Any, str]) -> pd.DataFrame:
    """The columns of `names`, null where they aren't there, under their new names."""
    return frame.reindex(columns=list(names)).set_axis(list(names.values()), axis=1)


def _is_ranked(whole: pd.DataFrame) -> bool:
    """As what `models.scoring` scores is; sorting a million rows takes seconds."""
    worth, ids = whole["value_at_risk"].to_numpy(), whole["customer_id"]
    ties = np.flatnonzero(worth[1:] == worth[:-1])
    falls = bool((worth[1:] <= worth[:-1]).all())
    return falls and bool((ids.iloc[ties + 1].to_numpy() > ids.iloc[ties].to_numpy()).all())


def columns(row: Row) -> Row:
    """What of a row leaves."""
    return {name: row[name] for name in COLUMNS}


def rows(scored: Scored, contacted: pd.Series | None = None) -> Iterator[Row]:
    """One row per customer, as `frame` has them."""
    ranked = frame(scored, contacted)
    columns = [plain(ranked[name]) for name in KEPT]
    for values in zip(*columns, strict=True):
        yield dict(zip(KEPT, values, strict=True))


def plain(column: pd.Series) -> list[Any]:
    """The values as Python has them; missing is None."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return [None if value is pd.NaT else value.to_pydatetime() for value in column]
    return [None if value != value else value for value in column.tolist()]  # NaN is not itself
