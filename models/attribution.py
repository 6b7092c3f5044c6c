"""SHAP values of LightGBM trees, for few rows and for many.

For few rows LightGBM's own TreeSHAP, for many Woodelf, which reads each tree once for all rows (Nadel &
Wettenstein 2026). Woodelf knows no splits by category: trees that have one always go to LightGBM.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import lightgbm as lgb
import numpy as np
import pandas as pd

from features.errors import ModelError

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
    plain, others = _parted(text)
    values = np.zeros(matrix.shape)
    base = 0.0
    for start in range(0, len(matrix), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        parts = [part for part in (_woodelf(plain, matrix[rows]), _lightgbm(others, matrix[rows])) if part]
        base = sum(own for own, _ in parts)
        for _, found in parts:
            values[rows] += found
    return base, values


def _woodelf(text: str | None, matrix: np.ndarray) -> tuple[float, np.ndarray] | None:
    if text is None:
        return None
    from woodelf import WoodelfExplainer

    trees = booster(text)
    base, _ = _by_lightgbm(trees, matrix[:1])
    return base, np.asarray(
        WoodelfExplainer(trees).shap_values(pd.DataFrame(np.asfortranarray(matrix)), verbose=False)
    )


def _lightgbm(text: str | None, matrix: np.ndarray) -> tuple[float, np.ndarray] | None:
    return None if text is None else _by_lightgbm(booster(text), matrix)


def _by_lightgbm(trees: lgb.Booster, matrix: np.ndarray) -> tuple[float, np.ndarray]:
    shap = np.asarray(trees.predict(matrix, pred_contrib=True))
    return float(shap[0, -1]), shap[:, :-1]


@lru_cache(maxsize=16)
def booster(text: str) -> lgb.Booster:
    """The trees of a text; raises ModelError where it can't be read."""
    try:
        return lgb.Booster(model_str=text)
    except lgb.basic.LightGBMError as error:
        raise ModelError(f"The trees of the model can't be read: {error}") from None


@lru_cache(maxsize=8)
def _parted(text: str) -> tuple[str | None, str | None]:
    """The trees without a split by category, and those with one; null where there are none."""
    return _only(text, lambda tree: _WITHOUT_CATEGORIES in tree), _only(
        text, lambda tree: _WITHOUT_CATEGORIES not in tree
    )


def _only(text: str, wanted: Callable[[str], bool]) -> str | None:
    """The model of the wanted trees alone, numbered anew; LightGBM can do without their sizes."""
    trees, end, rest = text.partition(_END)
    head, *blocks = trees.split(_TREE)
    chosen = [block.partition("\n")[2] for block in blocks if wanted(block)]
    head = "\n".join(line for line in head.split("\n") if not line.startswith("tree_sizes"))
    body = "".join(f"{_TREE}{place}\n{block}" for place, block in enumerate(chosen))
    return f"{head}{body}{end}{rest}" if chosen else None
