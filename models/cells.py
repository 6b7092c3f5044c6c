"""SHAP values of small trees for many rows: what a tree adds is the same all over each of its cells.

The thresholds of a small tree cut its few inputs into some hundred cells. LightGBM is asked once what the
tree adds in each; after that a row costs as many look-ups as the tree has inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import Any

import lightgbm as lgb
import numpy as np

from models.booster import booster
from models.edges import above

MOST_CELLS = 4_096
ROWS_AT_ONCE = 8_192
"""So many rows of one tree stay in the processor's cache."""

NEXT_TO_0 = 1e-30
"""LightGBM splits at ±1e-35 and takes what is nearer to 0 for 0."""

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Tree:
    """`bins`: input → the cell's place along that input by the bin of `Bins`. `added`: (inputs, cells)."""

    bins: Mapping[int, np.ndarray]
    added: np.ndarray


@dataclass(frozen=True)
class Bins:
    """All places at which an input is split, by any tree; rising, or as many categories as are split by."""

    edges: np.ndarray
    categories: int | None = None

    def of(self, values: np.ndarray) -> np.ndarray:
        """The bin of each value; the last is that of missing ones, and of categories that no tree knows."""
        if self.categories is None:
            found = above(self.edges, values)
            found[np.isnan(values)] = len(self.edges) + 1
            return found
        known = (values > -1) & (values < self.categories)
        return np.where(known, values, self.categories).astype(int)

    @property
    def typical(self) -> np.ndarray:
        """A value of each bin, in order."""
        if self.categories is not None:
            return np.append(np.arange(self.categories, dtype=float), np.nan)
        below = np.where((self.edges < 0) & (self.edges > -NEXT_TO_0), -NEXT_TO_0, self.edges)
        above = max(np.nextafter(self.edges[-1], np.inf), self.edges[-1] + NEXT_TO_0)
        return np.concatenate([below, [above, np.nan]])


@dataclass(frozen=True)
class Cells:
    """Every tree of a model. `base`: the sum of what the trees add on average."""

    base: float
    bins: Mapping[int, Bins]
    trees: tuple[Tree, ...]

    def contributions(self, matrix: np.ndarray) -> np.ndarray:
        """Each input's SHAP value, shape (rows, inputs), in columns."""
        values = np.zeros(matrix.shape, order="F")
        for start in range(0, len(matrix), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            columns = np.asfortranarray(matrix[rows])
            found = {place: bins.of(columns[:, place]) for place, bins in self.bins.items()}
            for tree in self.trees:
                cell = sum(along.take(found[place], mode="clip") for place, along in tree.bins.items())
                for place, added in zip(tree.bins, tree.added, strict=True):
                    values[rows, place] += added.take(cell, mode="clip")
        return values


@lru_cache(maxsize=16)
def cells(text: str) -> Cells | None:
    """The cells of a model in LightGBM's format; null where a tree has too many, or takes 0 as missing.

    Raises ModelError where the trees can't be read.
    """
    model = booster(text)
    roots = [tree["tree_structure"] for tree in model.dump_model()["tree_info"]]
    splits = [list(_splits(root)) for root in roots]
    if any(node["missing_type"] == "Zero" for nodes in splits for node in nodes):
        return None
    bins = _bins([node for nodes in splits for node in nodes])
    along = [_along(nodes, bins) for nodes in splits]
    if any(prod(len(np.unique(place)) for place in tree.values()) > MOST_CELLS for tree in along):
        return None
    found = [_tree(model, number, tree, bins) for number, tree in enumerate(along)]
    return Cells(sum(base for base, _ in found), bins, tuple(tree for _, tree in found if tree.bins))


def _splits(node: Node) -> Iterator[Node]:
    if "split_feature" in node:
        yield node
        yield from _splits(node["left_child"])
        yield from _splits(node["right_child"])


def _by_input(nodes: Sequence[Node]) -> dict[int, list[Node]]:
    by_input: dict[int, list[Node]] = {}
    for node in nodes:
        by_input.setdefault(int(node["split_feature"]), []).append(node)
    return by_input


def _bins(nodes: Sequence[Node]) -> dict[int, Bins]:
    return {place: _of_input(own) for place, own in _by_input(nodes).items()}


def _of_input(nodes: Sequence[Node]) -> Bins:
    if nodes[0]["decision_type"] == "==":
        return Bins(np.empty(0), 1 + max(max(_set(node)) for node in nodes))
    return Bins(np.unique([float(node["threshold"]) for node in nodes]))


def _set(node: Node) -> list[int]:
    return [int(code) for code in str(node["threshold"]).split("||")]


def _along(nodes: Sequence[Node], bins: Mapping[int, Bins]) -> dict[int, np.ndarray]:
    """Of each input that a tree splits by: the tree's own place of each of its bins, from 0."""
    return {place: _places(own, bins[place]) for place, own in sorted(_by_input(nodes).items())}


def _places(nodes: Sequence[Node], bins: Bins) -> np.ndarray:
    values = bins.typical
    if bins.categories is None:
        sides = np.array([values <= float(node["threshold"]) for node in nodes])
    else:
        sides = np.array([np.isin(values, _set(node)) for node in nodes])
    told = np.vstack([sides, np.isnan(values)])
    return np.unique(told, axis=1, return_inverse=True)[1].ravel()


def _tree(
    model: lgb.Booster, number: int, along: Mapping[int, np.ndarray], bins: Mapping[int, Bins]
) -> tuple[float, Tree]:
    """What the tree adds on average, and its cells, counted through with the last input quickest."""
    typical = [bins[place].typical[np.unique(own, return_index=True)[1]] for place, own in along.items()]
    shape = [len(values) for values in typical]
    rows = np.zeros((prod(shape), model.num_feature()))
    for place, values in zip(along, np.meshgrid(*typical, indexing="ij"), strict=True):
        rows[:, place] = values.ravel()
    told = np.asarray(
        model.predict(rows, pred_contrib=True, start_iteration=number, num_iteration=1, num_threads=1)
    )
    strides = [prod(shape[place + 1 :]) for place in range(len(shape))]
    steps = {place: own * stride for (place, own), stride in zip(along.items(), strides, strict=True)}
    return float(told[0, -1]), Tree(steps, np.ascontiguousarray(told[:, list(along)].T))
