"""Slopes through noise: how sure one is, and how far it is drawn to nothing."""

from __future__ import annotations

import numpy as np


def clustered(values: np.ndarray, customer: np.ndarray) -> float:
    """The standard error of a sum, where the rows of one customer count as one draw."""
    return float(np.sqrt((np.bincount(customer, values) ** 2).sum()))


def drawn(slope: float, error: float) -> float:
    """The slope times 1 − (error ÷ slope)², as James, Stein (1961) draw a mean; 0 within one error of it."""
    if abs(slope) <= error:
        return 0.0
    return slope * (1 - (error / slope) ** 2)
