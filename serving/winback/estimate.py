"""The mean effect between two arms, plain and with less noise.

CUPED: Deng, Xu, Kohavi, Walker (2013), Improving the sensitivity of online controlled experiments by
utilizing pre-experiment data, WSDM; with several covariates as in Lin (2013), Annals of Applied Statistics
7(1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest, t

CERTAINTY = 0.95
FEWEST = 2
"""Customers in an arm, below which there is no interval."""


@dataclass(frozen=True)
class Difference:
    """The treated less the control, and the ends of the 95 % interval; `error`: its standard error."""

    value: float
    low: float
    high: float
    error: float

    def times(self, count: float) -> Difference:
        """Of so many customers together."""
        return Difference(*(count * each for each in (self.value, self.low, self.high, self.error)))

    @property
    def clear(self) -> bool:
        """Whether the interval doesn't hold 0."""
        return self.low > 0 or self.high < 0


def plain(outcome: np.ndarray, treated: np.ndarray) -> Difference | None:
    """Difference of means with Welch's interval; null where an arm has fewer than two customers.

    `outcome`: (customers,). `treated`: whether, by lot; the arm meant, not the one lived (intention to
    treat).
    """
    arms = [outcome[treated], outcome[~treated]]
    if min(len(arm) for arm in arms) < FEWEST:
        return None
    parts = [float(arm.var(ddof=1)) / len(arm) for arm in arms]
    error = float(np.sqrt(sum(parts)))
    value = float(arms[0].mean() - arms[1].mean())
    if error == 0:
        return Difference(value, value, value, 0.0)
    freedom = sum(parts) ** 2 / sum(part**2 / (len(arm) - 1) for part, arm in zip(parts, arms, strict=True))
    reach = float(t.ppf(1 - (1 - CERTAINTY) / 2, freedom)) * error
    return Difference(value, value - reach, value + reach, error)


def adjusted(outcome: np.ndarray, treated: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The outcome less what was foretold of it before the campaign: the same mean difference, less noise.

    `before`: figures known before sending, (customers, figures). Their slopes are those within the arms.
    """
    centred = before - before.mean(axis=0)
    within, left = centred.copy(), outcome.astype(float).copy()
    for arm in (treated, ~treated):
        within[arm] -= within[arm].mean(axis=0)
        left[arm] -= left[arm].mean()
    slopes, *_ = np.linalg.lstsq(within, left, rcond=None)
    return np.asarray(outcome - centred @ slopes)


def cuped(outcome: np.ndarray, treated: np.ndarray, before: np.ndarray) -> Difference | None:
    """`plain` of the outcome `adjusted`; where an arm has few customers for so many figures, as it is."""
    if min(int(treated.sum()), int((~treated).sum())) < 10 * (before.shape[1] + 1):
        return plain(outcome, treated)
    return plain(adjusted(outcome, treated, before), treated)


def sample_ratio(treated: int, held_back: int, chance: float) -> float:
    """How likely so uneven arms are by lot, where each customer was treated with this chance."""
    total = treated + held_back
    return float(binomtest(treated, total, chance).pvalue) if total else 1.0
