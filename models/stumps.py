"""Trees of one split each, read as one curve per input: what it adds, by steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from models.booster import booster
from models.edges import above


@dataclass(frozen=True)
class Curve:
    """`adds[i]`: for values above `thresholds[i - 1]` and up to `thresholds[i]`, which rise."""

    thresholds: np.ndarray
    adds: np.ndarray
    missing: float

    def of(self, values: np.ndarray) -> np.ndarray:
        """What each value adds, shape (rows,)."""
        return np.where(np.isnan(values), self.missing, self.adds[above(self.thresholds, values)])


@dataclass(frozen=True)
class Curves:
    """The curves of one input by several models. `adds`: (models, bins), the last for a missing value."""

    edges: np.ndarray
    adds: np.ndarray

    def bins(self, values: np.ndarray) -> np.ndarray:
        """The bin of each value, shape (rows,)."""
        found = above(self.edges, values)
        found[np.isnan(values)] = len(self.edges) + 1
        return found


def contributions(texts: Sequence[str], matrix: np.ndarray) -> Iterator[np.ndarray]:
    """Each input's SHAP values by each model, (rows, inputs): of single splits the leaf less the mean leaf.

    `texts`: trees of two leaves in LightGBM's format, none split by a category, all over the same inputs: a
    row is looked up once for all of them. `matrix`: (rows, inputs).
    """
    shared = _shared(tuple(texts))
    bins = {place: curves.bins(matrix[:, place]) for place, curves in shared.items()}
    for model in range(len(texts)):
        added = np.zeros(matrix.shape, order="F")
        for place, curves in shared.items():
            added[:, place] = curves.adds[model].take(bins[place])
        yield added


@lru_cache(maxsize=8)
def _shared(texts: tuple[str, ...]) -> Mapping[int, Curves]:
    found = [curves(text) for text in texts]
    return {place: _together([own.get(place) for own in found]) for place in sorted(set().union(*found))}


def _together(found: Sequence[Curve | None]) -> Curves:
    edges = np.unique(np.concatenate([curve.thresholds for curve in found if curve]))
    typical = np.concatenate([edges, [np.inf, np.nan]])
    adds = [curve.of(typical) if curve else np.zeros(len(typical)) for curve in found]
    return Curves(edges, np.stack(adds))


def curves(text: str) -> Mapping[int, Curve]:
    """Place of the input → its curve; inputs without a split have none."""
    trees = [tree["tree_structure"] for tree in booster(text).dump_model()["tree_info"]]
    by_input: dict[int, list[Any]] = {}
    for root in trees:
        if "split_feature" in root:
            by_input.setdefault(int(root["split_feature"]), []).append(root)
    return {place: _curve(roots) for place, roots in by_input.items()}


def _curve(roots: list[Any]) -> Curve:
    roots = sorted(roots, key=lambda root: float(root["threshold"]))
    sides = [(root["left_child"], root["right_child"]) for root in roots]
    left, right = (np.array([pair[side]["leaf_value"] for pair in sides]) for side in (0, 1))
    counts = np.array([[leaf["leaf_count"] for leaf in pair] for pair in sides], dtype=float)
    mean = (left * counts[:, 0] + right * counts[:, 1]) / counts.sum(axis=1)
    above = np.concatenate([[0.0], np.cumsum(right)])
    up_to = np.concatenate([np.cumsum(left[::-1])[::-1], [0.0]])
    thresholds = np.array([float(root["threshold"]) for root in roots])
    goes_left = np.array([_goes_left(root) for root in roots])
    missing = float(np.where(goes_left, left, right).sum() - mean.sum())
    return Curve(thresholds, above + up_to - mean.sum(), missing)


def _goes_left(root: Mapping[str, Any]) -> bool:
    """Where a missing value goes; as 0 where training saw none."""
    if root["missing_type"] == "NaN":
        return bool(root["default_left"])
    return float(root["threshold"]) >= 0
