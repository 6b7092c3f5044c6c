"""What drives customers away, read where silence can't hide it.

Once customers have gone quiet, silence explains everything. So the causes have a model of their own. It
learns from snapshots of customers who weren't overdue, and sees neither rhythm nor profile; what these say of
the churn is taken off beforehand. Its inputs are surprises (`models.surprises`): how much better a decline
explains what a customer did of late than their own past does. Where the tables give none of a dimension, they
are its changes against the customer's own past, and what the service failed in of late. Each can raise the
risk only in the direction in which it is worse. The trees split once, so that what an input adds is a curve
of that input alone: of a surprise measured from none, of a change from the mean at training.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from features.catalog import Feature
from models.columns import Columns
from models.own_past import Norm
from models.stumps import contributions
from models.surprises import learn_norms, named, with_surprises
from models.trees import Ensemble, Trees, grow

CAUSES = ("spend", "product", "service", "satisfaction", "engagement")
PAIRS = 5
READERS = 2 * PAIRS
MOST_ROWS = 100_000

_CHANGE = re.compile(r"_change(_|$)|_trend$|_step$|^last_order_ratio$|^price_rises?_|^downgrades_")
_OF_LATE = re.compile(r"_(\d\d|180)d$|_at_last_order$|_open$")
_OF_SUBSCRIPTIONS = re.compile(r"^(price_rises?|downgrades|subscriptions)_")
_SIZE = Trees(trees=200, leaves=2, learning_rate=0.12, min_leaf_share=0.005)
_CONTEXT = Trees(trees=60, leaves=7, learning_rate=0.08, min_leaf_share=0.005)
_BINS = {"max_bin": 63}


@dataclass(frozen=True)
class Causes:
    """`readers`: the same model learnt from halves of the customers. `dimensions`: input → dimension.

    The halves are complementary pairs, so that no customer counts more than another and the mean of the
    readers moves less with the draw (Shah & Samworth 2013, Variable selection with error control).
    `norms`: what the surprises know of all customers.
    """

    readers: tuple[Ensemble, ...]
    dimensions: Mapping[str, str]
    norms: Mapping[str, Norm]

    def read(self, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        """What each cause adds to the log-odds of churn, by each reader; shape (readers, rows, causes).

        As it is, and were every sign that adds to the risk back where it adds nothing. No sign touches the
        cause of another, so each cause reads as if it alone were repaired. No readers where nothing could be
        learnt.
        """
        signs = list(self._added(frame))
        if not signs:
            return _none(frame), _none(frame)
        as_is = [self._by_cause(added) for added in signs]
        repaired = [self._by_cause(np.minimum(added, 0.0)) for added in signs]
        return np.stack(as_is), np.stack(repaired)

    def _added(self, frame: pd.DataFrame) -> Iterator[np.ndarray]:
        """What each sign adds, shape (rows, signs), by reader."""
        if self.readers:
            names = self.readers[0].columns.names
            matrix = self.readers[0].columns.matrix(with_surprises(frame, self.norms))
            surprising = np.isin(names, list(self.norms))
            with_none = np.vstack([np.zeros(len(names)), matrix])
            for added in contributions([reader.text for reader in self.readers], with_none):
                yield added[1:] - np.where(surprising, added[0], 0.0)

    def _by_cause(self, added: np.ndarray) -> np.ndarray:
        names = np.array([self.dimensions[name] for name in self.readers[0].columns.names])
        return np.column_stack([added[:, names == cause].sum(axis=1) for cause in CAUSES])

    def to_dict(self) -> dict[str, Any]:
        return {
            "columns": self.readers[0].columns.to_dict() if self.readers else None,
            "dimensions": dict(self.dimensions),
            "norms": {name: list(norm) for name, norm in self.norms.items()},
            "readers": [reader.text for reader in self.readers],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Causes:
        if not values["readers"]:
            return NONE
        columns = Columns.from_dict(values["columns"])
        dimensions = {str(name): str(dimension) for name, dimension in values["dimensions"].items()}
        norms = {str(name): tuple(map(float, norm)) for name, norm in values["norms"].items()}
        return cls(tuple(Ensemble(columns, str(text)) for text in values["readers"]), dimensions, norms)


def _none(frame: pd.DataFrame) -> np.ndarray:
    return np.zeros((0, len(frame), len(CAUSES)))


NONE = Causes((), {}, {})


def fit_causes(frame: pd.DataFrame, features: Sequence[Feature], seed: int) -> Causes:
    """Learn from the rows of `frame` (customer_id, as_of, the features, `churned`) that are not overdue.

    `NONE` where there is no sign of a cause, or nobody or everybody in a half of the customers churned.
    """
    rows = _sample(frame[_not_overdue(frame)], seed)
    norms = learn_norms(rows)
    rows, signs = with_surprises(rows, norms), signs_of(features, norms)
    columns = Columns.of(signs, rows)
    drawn = [_half(rows["customer_id"], (seed, place)) for place in range(PAIRS)]
    halves = [half for one in drawn for half in (one, ~one)]
    if not columns.names or any(rows.loc[half, "churned"].nunique() < 2 for half in halves):
        return NONE
    offset = _taken_off(rows, features, halves[0])
    readers = (_reader(columns, rows, offset, signs, half, seed) for half in halves)
    return Causes(tuple(readers), {f.name: f.dimension for f in signs if f.name in columns.names}, norms)


def signs_of(features: Sequence[Feature], norms: Mapping[str, Norm]) -> list[Feature]:
    """The surprises there are, and the signs they don't tell: of other dimensions, and of subscriptions."""
    surprises = [surprise.feature for surprise in named(norms)]
    told = {surprise.dimension for surprise in surprises}
    return surprises + [
        feature
        for feature in features
        if is_sign(feature) and (feature.dimension not in told or _OF_SUBSCRIPTIONS.search(feature.name))
    ]


def is_sign(feature: Feature) -> bool:
    """Whether a feature tells of a cause that is there now, and which way it is worse."""
    if feature.kind != "number" or feature.dimension not in CAUSES or feature.worse is None:
        return False
    failed = feature.dimension == "service" and _OF_LATE.search(feature.name)
    return bool(failed or _CHANGE.search(feature.name))


def _not_overdue(frame: pd.DataFrame) -> np.ndarray:
    if "days_since_order" not in frame:
        return np.ones(len(frame), dtype=bool)
    return np.asarray(frame["days_since_order"] <= frame["usual_gap"])


def _sample(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    rows = rows if len(rows) <= MOST_ROWS else rows.sample(MOST_ROWS, random_state=seed)
    return rows.sort_values(["customer_id", "as_of"], ignore_index=True)


def _half(customers: pd.Series, seed: tuple[int, int]) -> np.ndarray:
    """Whether a row is of the half that is drawn; all rows of a customer are.

    Two numbers make the seed, so that seeds next to each other draw halves of their own.
    """
    known, place = np.unique(customers.to_numpy(dtype=str), return_inverse=True)
    return np.asarray(np.random.default_rng(seed).permutation(len(known))[place] % 2 == 0)


def _taken_off(rows: pd.DataFrame, features: Sequence[Feature], half: np.ndarray) -> np.ndarray:
    """What rhythm and profile say of the log-odds, by a model of the other half of the customers."""
    columns = Columns.of([f for f in features if f.dimension in ("rhythm", "profile")], rows)
    known = np.zeros(len(rows))
    for part in (half, ~half):
        others = rows[~part]
        churned = others["churned"].to_numpy(dtype=float)
        start = float(np.log(churned.mean() / (1 - churned.mean())))
        offset = np.full(len(others), start)
        model = grow(columns, others, churned, offset, _CONTEXT, {"objective": "binary", **_BINS})
        known[part] = start + model.predict(rows[part])
    return known


def _reader(
    columns: Columns,
    rows: pd.DataFrame,
    offset: np.ndarray,
    signs: Sequence[Feature],
    half: np.ndarray,
    seed: int,
) -> Ensemble:
    worse = {f.name: 1 if f.worse == "high" else -1 for f in signs}
    rules = {"objective": "binary", **_BINS, "monotone_constraints": [worse[name] for name in columns.names]}
    churned = rows.loc[half, "churned"].to_numpy(dtype=float)
    return grow(columns, rows[half], churned, offset[half], replace(_SIZE, seed=seed), rules)
