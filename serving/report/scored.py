"""The scores that an assessment is made with: a file's, or those that the store has of its source and day."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

from features.errors import RequestError
from models.weakpoints import NAMED
from serving.database import address as store_address
from serving.database import is_made
from serving.saving import without_password
from serving.scoring import Scoring
from serving.store import Store

NEEDED = (
    "customer_id",
    "as_of",
    "status",
    "churn_probability",
    "clv",
    "value_at_risk",
    *(f"weak_point_{place}{part}" for place in range(1, NAMED + 1) for part in ("", "_points")),
)
"""The columns of a scoring that an assessment can't do without."""
COLUMNS = (*NEEDED, *(f"weak_point_{place}_repaired" for place in range(1, NAMED + 1)))
A_MONTH = timedelta(days=31)
_NOTHING = "Nothing is told of value at risk"


@dataclass(frozen=True)
class Known:
    """`scores`: `NEEDED` at least, one row per customer; null where there are none that fit. `mind`: what has
    to be said of that; empty where nothing has."""

    scores: pd.DataFrame | None
    mind: str


def given(file: Path, day: datetime) -> Known:
    """Those that `amity score` wrote. `day`: of the assessment, which is of the first of its month.

    Raises RequestError where the file isn't one of scores.
    """
    if file.suffix not in (".csv", ".parquet"):
        raise RequestError(f"{file.name} ends in {file.suffix!r}; scores are in a .csv or .parquet file.")
    frame = (
        pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file, dtype={"customer_id": str})
    )
    absent = [name for name in NEEDED if name not in frame.columns]
    if absent:
        raise RequestError(
            f"{file.name} has no column {', '.join(absent)}, so it isn't what `amity score` writes."
        )
    return Known(frame, _far(frame, day.replace(day=1)))


def stored(address: str, day: datetime) -> Known:
    """The scoring made last of the newest day up to `day`; none that is over a month before the assessment's.

    Raises ConfigError where the store can't be used.
    """
    source, first = without_password(address), day.replace(day=1)
    if not is_made(store_address(None)):
        return Known(None, _none_of((), source, day))
    store = Store.open()
    try:
        known = store.scorings(most=None)
        own = [one for one in known if _same(one.source, source)]
        near = [one for one in own if first - A_MONTH <= one.as_of <= day]
        if not near:
            return Known(None, _none_near(own, source, day) if own else _none_of(known, source, day))
        newest = max(near, key=lambda one: (one.as_of, one.id))
        late = newest.as_of < first
        mind = f"{_other_day(newest.as_of, first)} Run {_score(source, first)}" if late else ""
        return Known(store.frame(newest, COLUMNS), mind)
    finally:
        store.close()


def _far(scores: pd.DataFrame, first: datetime) -> str:
    if scores.empty:
        return ""
    when = pd.Timestamp(scores["as_of"].iloc[0]).to_pydatetime()
    return _other_day(when, first) if abs(when - first) > A_MONTH else ""


def _same(one: str, other: str) -> bool:
    """Whether two addresses are of one source: a folder may be named from where one stands."""
    if one == other:
        return True
    return "://" not in one + other and Path(one).resolve() == Path(other).resolve()


def _none_of(known: Iterable[Scoring], source: str, day: datetime) -> str:
    others = ", ".join(dict.fromkeys(one.source for one in known))
    if not others:
        train = shlex.join(("amity", "train", source))
        return f"{_NOTHING}: nobody has been scored. Run `{train}`, then {_score(source, day)}"
    return f"{_NOTHING}: the store has scores of {others}, none of {source}. Run {_score(source, day)}"


def _none_near(own: Iterable[Scoring], source: str, day: datetime) -> str:
    nearest = min((one.as_of for one in own), key=lambda as_of: abs(as_of - day))
    return (
        f"{_NOTHING}: the store's nearest scores of {source} are as of {nearest:%Y-%m-%d}, the assessment "
        f"is of {day.replace(day=1):%Y-%m-%d}. Run {_score(source, day)}"
    )


def _other_day(scored: datetime, first: datetime) -> str:
    return f"Mind: the customers were scored as of {scored:%Y-%m-%d}, the assessment is of {first:%Y-%m-%d}."


def _score(source: str, day: datetime) -> str:
    command = ("amity", "score", source, "--as-of", f"{day:%Y-%m-%d}", "--out", "scores.csv")
    return f"`{shlex.join(command)}` and assess again."
