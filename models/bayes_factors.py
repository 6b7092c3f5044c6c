"""Weights of evidence: how much better a decline explains something than the customer's own past does.

A weight is the logarithm of a Bayes factor (Kass & Raftery 1995, Bayes Factors): at 1.1 what was seen is
three times as likely under a decline as without one, at 3 twenty times; below 0 it speaks against a decline.
All sizes of a decline count alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

HALF_AN_EVENT = 0.5
"""What is known of a rate beforehand (Jeffreys' prior; Gelman et al. 2013, Bayesian Data Analysis, 2.8)."""

TAILS = 5.0
"""Degrees of freedom: how far some means lie off without a reason."""

MORE_OFTEN = np.geomspace(1.5, 16.0, 8)
LESS_OFTEN = (np.arange(8) + 0.5) / 8
SHIFTS = np.array([0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0])
"""The sizes of a decline: so many times as often, and so many standard deviations of one value."""


@dataclass(frozen=True)
class Counts:
    """Events among chances in a window, of rates known as Gamma(shape, per); each of shape (rows,).

    Events are Poisson, or vary more where `shape` is small. `past_events`, `past_chances`: of the customer's
    own, before the window.
    """

    events: np.ndarray
    chances: np.ndarray
    shape: np.ndarray
    per: np.ndarray
    past_events: np.ndarray
    past_chances: np.ndarray

    @classmethod
    def after(
        cls, rate: float, events: np.ndarray, chances: np.ndarray, past: tuple[np.ndarray, np.ndarray]
    ) -> Counts:
        """`rate`: events per chance of all customers. `past`: the customer's own events and chances."""
        return cls(events, chances, HALF_AN_EVENT + past[0], HALF_AN_EVENT / rate + past[1], *past)

    @property
    def expected(self) -> np.ndarray:
        return np.asarray(self.chances * self.shape / self.per)

    @property
    def usual(self) -> np.ndarray:
        """Events to be expected by the customer's own past alone; 0 of whoever has none."""
        rate = self.past_events / np.maximum(self.past_chances, 1e-9)
        return np.where(self.past_chances > 0, self.chances * rate, 0.0)

    def restless(self, variance: float) -> Counts:
        """The same where rates move by themselves; `variance`: of a rate over its mean, by itself."""
        shape = 1.0 / (1.0 / self.shape + variance)
        return replace(self, shape=shape, per=self.per * shape / self.shape)

    def log_likelihood(self, times: float = 1.0) -> np.ndarray:
        """At so many times the rate; less a constant that is the same for all chances and times."""
        expected = self.chances * times
        return np.asarray(
            self.events * np.log(np.where(self.events > 0, np.maximum(expected, 1e-12), 1.0))
            - (self.shape + self.events) * np.log(self.per + expected)
        )

    def log_likelihood_declined(self, sizes: np.ndarray) -> np.ndarray:
        return mean_of([self.log_likelihood(float(size)) for size in sizes])


def more_often(counts: Counts) -> np.ndarray:
    """Evidence of more events than were to be expected; 0 where there were no chances."""
    weight = counts.log_likelihood_declined(MORE_OFTEN) - counts.log_likelihood()
    return np.where(counts.chances > 0, weight, 0.0)


def less_often(counts: Counts, gone: np.ndarray, chances_before: np.ndarray) -> np.ndarray:
    """Evidence of fewer events than were to be expected, of customers who may be gone.

    `gone`: the probability of that, in which case only `chances_before` of the chances were ones.
    """
    left = replace(counts, chances=np.minimum(chances_before, counts.chances))
    declined = left.log_likelihood_declined(LESS_OFTEN), counts.log_likelihood_declined(LESS_OFTEN)
    usual = left.log_likelihood(), counts.log_likelihood()
    return np.asarray(_either(gone, *declined) - _either(gone, *usual))


def shifted(deviation: np.ndarray, one: np.ndarray) -> np.ndarray:
    """Evidence that something is worse; 0 where the deviation isn't known.

    `deviation`: in standard deviations of itself, up where worse. `one`: what a standard deviation of a
    single value is in these.
    """
    known, size = np.nan_to_num(deviation), np.nan_to_num(one)
    declined = mean_of([_log_density(known - shift * size) for shift in SHIFTS])
    return np.where(np.isfinite(deviation), declined - _log_density(known), 0.0)


def mean_of(logs: Sequence[np.ndarray]) -> np.ndarray:
    """The logarithm of the mean of what has these logarithms: it may have been any of them."""
    stacked = np.stack(logs)
    greatest = stacked.max(axis=0)
    return np.asarray(greatest + np.log(np.exp(stacked - greatest).mean(axis=0)))


def _either(share: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.asarray(np.logaddexp(np.log(share) + one, np.log1p(-share) + other))


def _log_density(at: np.ndarray) -> np.ndarray:
    """Of the t-distribution, but for its constant."""
    return np.asarray(-(TAILS + 1) / 2 * np.log1p(at * at / TAILS))
