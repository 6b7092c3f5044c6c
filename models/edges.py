"""Between which edges values lie: NumPy's `searchsorted`, quicker where the edges are few."""

from __future__ import annotations

import numpy as np

FEW = 64
"""Up to so many edges are quicker asked one by one."""


def above(edges: np.ndarray, values: np.ndarray) -> np.ndarray:
    """How many of the rising `edges` lie below each value, as integers; any number for a missing value."""
    if len(edges) > FEW:
        return np.searchsorted(edges, values, side="left")
    count = np.zeros(len(values), dtype=np.uint8)
    for edge in edges:
        count += values > edge
    return count.astype(np.intp)
