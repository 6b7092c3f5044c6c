"""The scatter of many series, each known from a few months: what all of them say of each.

Empirical Bayes of variances (Smyth 2004, Statistical Applications in Genetics and Molecular Biology 3): the
true scatters vary around a common one as an inverse chi-square, whose freedom says how alike they are; it is
learnt from the logarithms of those estimated. Each estimate then leans on the common one, and has its freedom
added to its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import digamma, polygamma

Floats = NDArray[np.float64]
_FEWEST = 4
_LEAST, _MOST = 1e-2, 1e4
"""Of the freedom that the common scatter may have."""


def moderated(scatter: Floats, freedom: Floats) -> tuple[Floats, Floats]:
    """The scatters, shape (series,), leaning on what is common to them, and their degrees of freedom.

    `scatter`: estimated, over sampling variance. As they are where there are too few to learn from.
    """
    known = scatter > 0
    if known.sum() < _FEWEST:
        return scatter, freedom
    half = freedom[known] / 2
    logs = np.log(scatter[known]) - digamma(half) + np.log(half)
    varied = float(np.var(logs, ddof=1) - np.mean(polygamma(1, half)))
    common = 2 * _inverse_trigamma(varied)
    level = float(np.exp(np.mean(logs) + digamma(common / 2) - np.log(common / 2)))
    together = common + freedom
    return (common * level + freedom * scatter) / together, together


def _inverse_trigamma(value: float) -> float:
    """Half of the freedom; the most there is where the scatters vary no more than their estimates do."""
    if value <= polygamma(1, _MOST):
        return _MOST
    if value >= polygamma(1, _LEAST):
        return _LEAST
    return float(brentq(lambda half: float(polygamma(1, half)) - value, _LEAST, _MOST))
