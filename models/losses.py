"""What a wrong prediction costs: of churn by its log-odds, of money by the logarithm of its mean."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit

Loss = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Of predictions and outcomes, both (rows,): the loss of each row, and its derivative by the prediction."""

POWER = 1.5
"""Of the variance of money by its mean: between 1 (counts) and 2 (amounts), as for sums of a few amounts."""

FARTHEST = 30.0


def churn(log_odds: np.ndarray, churned: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log loss; `churned` is 0 or 1."""
    return np.logaddexp(0.0, log_odds) - churned * log_odds, expit(log_odds) - churned


def money(logs: np.ndarray, spent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The Tweedie deviance but for constants (Jørgensen 1987); `spent` from 0 up, about 1 on average."""
    mean = np.exp(np.clip(logs, -FARTHEST, FARTHEST))
    amount, share = mean ** (2.0 - POWER), mean ** (1.0 - POWER)
    return amount / (2.0 - POWER) - spent * share / (1.0 - POWER), amount - spent * share
