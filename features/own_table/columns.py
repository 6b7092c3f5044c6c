"""What each column of a table of one's own holds, by its content: and which of them a model may not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

Kind = Literal["number", "yes or no", "category"]

TRUTH: Mapping[str, float] = {"yes": 1.0, "no": 0.0, "y": 1.0, "n": 0.0, "true": 1.0, "false": 0.0} | {
    "t": 1.0,
    "f": 0.0,
}
MOSTLY = 0.95
"""This share of the values must read as a number or a date; the rest then reads as missing."""

MOST_NAMES_SHARE = 0.2
MOST_NAMES = 100
"""A column with more different texts than both (a share of the rows, a number) is free text or an id."""

ID_NAMES = ("id", "uuid", "guid", "phone", "email", "number", "no", "key", "rownumber", "index")
FEWEST_OF_LEAK = 10
ROWS_PER_LEVEL = 5


@dataclass(frozen=True)
class Read:
    """A column as a model sees it, or why none may: exactly one of `values` and `why_not` is there.

    `values`: floats of a number and of a yes (1) or no (0), texts of a category; null where missing.
    `says`: what to know of it, empty where nothing is.
    """

    kind: Kind
    values: pd.Series | None
    why_not: str = ""
    says: str = ""


def read_column(name: str, values: pd.Series, churned: pd.Series) -> Read:
    """The column by its content. `churned`: 1.0 or 0.0 of the same rows, to find what tells it outright."""
    known = values.dropna()
    if known.empty:
        return _not("it is empty")
    if values.nunique(dropna=False) == 1:
        return _not(f"it is the same for everyone ({known.iloc[0]})")
    if _is_date(known):
        return _not("it is a date; give the days since then instead")
    read = _read(name, values)
    if read.values is not None and tells_all(read.values, churned):
        return _not("it alone tells who churned, so it was filled in afterwards (a leak)")
    return read


def as_kind(values: pd.Series, kind: Kind) -> pd.Series:
    """The values as a kind that was found before; what doesn't fit it reads as missing."""
    if kind == "category":
        return _texts(values)
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return values.astype("float64")
    if kind == "yes or no":
        texts = _texts(values).str.lower()
        return texts.map(TRUTH).astype("float64").fillna(_numbers(values))
    return _numbers(values)


def tells_all(values: pd.Series, churned: pd.Series) -> bool:
    """Whether a column, or where it is missing, alone tells exactly who churned.

    Numbers: one side of a threshold, with ten customers on either; names: one outcome for each, with five
    customers a name.
    """
    left = churned.to_numpy(dtype=float) == 1.0
    if min(left.sum(), (~left).sum()) < FEWEST_OF_LEAK:
        return False
    missing = values.isna().to_numpy()
    if (missing == left).all() or (missing == ~left).all():
        return True
    if pd.api.types.is_numeric_dtype(values):
        if missing.any():
            return False
        number = values.to_numpy(dtype=float)
        return bool(number[left].min() > number[~left].max() or number[left].max() < number[~left].min())
    shares = pd.Series(left).groupby(values.fillna("").to_numpy()).mean()
    return bool(shares.isin([0.0, 1.0]).all() and len(shares) * ROWS_PER_LEVEL <= len(values))


def _not(why: str) -> Read:
    return Read("number", None, why)


def _read(name: str, values: pd.Series) -> Read:
    if pd.api.types.is_bool_dtype(values):
        return Read("yes or no", values.astype("float64"))
    if pd.api.types.is_numeric_dtype(values):
        return _number(name, values.astype("float64").replace([np.inf, -np.inf], np.nan))
    texts = _texts(values)
    if set(texts.dropna().str.lower().unique()) <= TRUTH.keys():
        return Read("yes or no", as_kind(values, "yes or no"))
    numbers, known = _numbers(values), int(texts.notna().sum())
    odd = known - int(numbers.notna().sum())
    if odd <= (1 - MOSTLY) * known:
        shown = texts[numbers.isna() & texts.notna()]
        says = f"{odd:,} values are no number and read as missing, such as {shown.iloc[0]!r}" if odd else ""
        return _number(name, numbers, says)
    return _category(texts)


def _number(name: str, numbers: pd.Series, says: str = "") -> Read:
    if _counts_rows(name, numbers):
        return _not("it is an id: another number for each customer")
    return Read("number", numbers, says=says)


def _counts_rows(name: str, numbers: pd.Series) -> bool:
    """Whether whole numbers, all different, run on without gaps or have the name of an id."""
    known = numbers.dropna().to_numpy()
    if len(known) < len(numbers) or len(np.unique(known)) < len(known) or (known % 1 != 0).any():
        return False
    runs_on = known.max() - known.min() < 2 * len(known)
    return bool(runs_on or _last_word(name) in ID_NAMES)


def _last_word(name: str) -> str:
    return name.lower().replace("_", " ").replace("-", " ").split(" ")[-1].removeprefix("customer")


def _category(texts: pd.Series) -> Read:
    names = texts.nunique()
    if names > max(MOST_NAMES_SHARE * texts.notna().sum(), 2):
        what = "free text" if texts.dropna().str.contains(" ").mean() > 0.5 else "names or ids"
        return _not(f"it is {what}: {names:,} different values in {int(texts.notna().sum()):,} rows")
    says = (
        f"of its {names:,} names only the {MOST_NAMES} most frequent are told apart"
        if names > MOST_NAMES
        else ""
    )
    return Read("category", texts, says=says)


def _texts(values: pd.Series) -> pd.Series:
    return values.astype("str").str.strip().where(values.notna())


def _numbers(values: pd.Series) -> pd.Series:
    return pd.to_numeric(values, errors="coerce").astype("float64").replace([np.inf, -np.inf], np.nan)


def _is_date(known: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(known):
        return True
    if not (pd.api.types.is_string_dtype(known) or known.dtype == object):
        return False
    texts = known.astype("str").head(10_000)
    looks = texts.str.match(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]|$)")
    return bool(looks.mean() >= MOSTLY)
