"""A model's inputs in order, and the matrix they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.catalog import Feature
from features.errors import ModelError

MAX_LEVELS = 100


@dataclass(frozen=True)
class Columns:
    """The inputs: numbers in their order, and categories by their names, which JSON may reorder.

    A name that training has not seen, and a missing value, read as missing.
    """

    numbers: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, features: Sequence[Feature], frame: pd.DataFrame) -> Columns:
        """The inputs that `frame` offers for training; features that never vary are left out."""
        varying = [f for f in features if f.kind != "fact" and frame[f.name].nunique(dropna=False) > 1]
        return cls(
            tuple(f.name for f in varying if f.kind == "number"),
            {f.name: _levels(frame[f.name]) for f in varying if f.kind == "category"},
        )

    @property
    def names(self) -> tuple[str, ...]:
        return self.numbers + tuple(sorted(self.categories))

    @property
    def places_of_categories(self) -> list[int]:
        return list(range(len(self.numbers), len(self.names)))

    def matrix(self, frame: pd.DataFrame) -> np.ndarray:
        """Shape (rows, len(names)); raises ModelError where the frame lacks an input."""
        require(self.names, frame)
        numbers = frame[list(self.numbers)].to_numpy(dtype=float, na_value=np.nan)
        codes = [_codes(frame[name], self.categories[name]) for name in sorted(self.categories)]
        return np.column_stack([numbers, *codes])

    def to_dict(self) -> dict[str, Any]:
        return {"numbers": list(self.numbers), "categories": {k: list(v) for k, v in self.categories.items()}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Columns:
        return cls(tuple(values["numbers"]), {k: tuple(v) for k, v in values["categories"].items()})


def records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Each row as plain values by column."""
    names = [str(name) for name in frame.columns]
    return (dict(zip(names, row, strict=True)) for row in frame.astype(object).to_numpy())


def numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    """A column as floats, missing as NaN; shape (rows,)."""
    values = frame[name]
    if values.dtype == np.float64:
        return np.asarray(values.to_numpy())
    return np.asarray(values.to_numpy(dtype=float, na_value=np.nan))


def with_columns(frame: pd.DataFrame, added: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """The frame and new columns, each of shape (rows,): `DataFrame.assign` takes them one by one."""
    return pd.concat([frame, pd.DataFrame(dict(added), index=frame.index)], axis=1)


def require(names: Sequence[str], frame: pd.DataFrame) -> None:
    """Raise ModelError naming every input that the frame lacks."""
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ModelError(
            "The model was trained on features that these tables don't give: "
            f"{', '.join(missing)}. Add the tables they come from, or train anew without them."
        )


def _levels(values: pd.Series) -> tuple[str, ...]:
    counts = values.dropna().astype(str).value_counts()
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(sorted(str(name) for name, _ in ranked[:MAX_LEVELS]))


def _codes(values: pd.Series, levels: Sequence[str]) -> np.ndarray:
    texts = pa.array(values.astype("str"), pa.large_string(), from_pandas=True)
    known = pa.array(levels, pa.large_string())
    return np.asarray(pc.index_in(texts, value_set=known).cast(pa.float64()).to_numpy(zero_copy_only=False))
