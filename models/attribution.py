"""SHAP values of LightGBM trees, for few rows and for many.

For few rows LightGBM's own TreeSHAP; for many the cells of small trees (`models.cells`). Larger trees go to
Woodelf, which reads each once for all rows (Nadel & Wettenstein 2026), and knows no splits by category: those
that have one go to LightGBM.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import lightgbm as lgb
import numpy as np
import pandas as pd

from models.booster import booster
from models.cells import cells

BULK_ROWS = 5_000
"""From so many rows on, reading the trees pays."""

ROWS_AT_ONCE = 250_000

_TREE, _END = "\nTree=", "\nend of trees"
_WITHOUT_CATEGORIES = "num_cat=0"


def shap_values(text: str, matrix: np.ndarray) -> tuple[float, np.ndarray]:
    """The base and each input's SHAP value in the model's raw score, shape (rows, inputs).

    `text`: the trees in LightGBM's format. `matrix`: shape (rows, inputs), as in training.
    Path-dependent SHAP values (Lundberg et al. 2020): base plus a row's values is its raw score.
    """
    if len(matrix) < BULK_ROWS:
        return _by_lightgbm(booster(text), matrix)
    small = cells(text)
    if small is not None:
        return small.base, small.contributions(matrix)
    values, base = np.zeros(matrix.shape, order="F"), 0.0
    for part, explain in zip(_parted(text), (_by_woodelf, _by_lightgbm), strict=True):
        if part is None:
            continue
        for start in range(0, len(matrix), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            own, found = explain(booster(part.text), np.asfortranarray(matrix[rows, part.inputs]))
            for place, added in zip(part.inputs, found.T, strict=True):
                values[rows, place] += added
        base += own
    return base, values


@dataclass(frozen=True)
class Part:
    """Some trees of a model; `inputs`: the places of those of its inputs that they split by, which rise."""

    text: str
    inputs: np.ndarray


def _by_woodelf(trees: lgb.Booster, matrix: np.ndarray) -> tuple[float, np.ndarray]:
    from woodelf import WoodelfExplainer

    base, _ = _by_lightgbm(trees, matrix[:1])
    return base, np.asarray(WoodelfExplainer(trees).shap_values(pd.DataFrame(matrix), verbose=False))


def _by_lightgbm(trees: lgb.Booster, matrix: np.ndarray) -> tuple[float, np.ndarray]:
    shap = np.asarray(trees.predict(matrix, pred_contrib=True))
    return float(shap[0, -1]), shap[:, :-1]


@lru_cache(maxsize=8)
def _parted(text: str) -> tuple[Part | None, Part | None]:
    """The trees without a split by category, and those with one; null where there are none."""
    trees, end, rest = text.partition(_END)
    head, *blocks = trees.split(_TREE)
    plain = [block for block in blocks if _WITHOUT_CATEGORIES in block]
    others = [block for block in blocks if _WITHOUT_CATEGORIES not in block]
    return _part(head, plain, end + rest), _part(head, others, end + rest)


def _part(head: str, blocks: list[str], rest: str) -> Part | None:
    """The model of these trees alone, trees and inputs numbered anew."""
    if not blocks:
        return None
    splits = [re.search(r"^split_feature=(.*)$", block, re.MULTILINE) for block in blocks]
    inputs = np.unique([int(place) for found in splits if found for place in found[1].split()]).astype(int)
    anew = {str(place): str(number) for number, place in enumerate(inputs)}
    told = [
        re.sub(
            r"^split_feature=(.*)$",
            lambda found: "split_feature=" + " ".join(anew[place] for place in found[1].split()),
            block.partition("\n")[2],
            flags=re.MULTILINE,
        )
        for block in blocks
    ]
    body = "".join(f"{_TREE}{number}\n{block}" for number, block in enumerate(told))
    return Part(_head(head, inputs) + body + rest, inputs)


def _head(head: str, inputs: np.ndarray) -> str:
    """The model's own lines for these inputs; LightGBM can do without the sizes of the trees."""
    lines = dict(line.partition("=")[::2] for line in head.split("\n"))
    for name in ("feature_names", "feature_infos", "monotone_constraints"):
        if name in lines:
            words = lines[name].split()
            lines[name] = " ".join(words[place] for place in inputs)
    lines |= {"max_feature_idx": str(len(inputs) - 1)}
    lines.pop("tree_sizes", None)
    return "\n".join(f"{name}={value}" if value else name for name, value in lines.items())
