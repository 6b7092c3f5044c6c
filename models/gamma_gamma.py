"""Gamma-Gamma: what an order of a customer is worth on average, in the long run.

The values of a customer's orders are Gamma(p, nu) around a mean of their own; the nu of all customers follow
a Gamma(q, gamma). How much and how often are independent. Fader and Hardie (2013), The Gamma-Gamma Model of
Monetary Value. A few orders say little about a customer's mean, so it is drawn towards the mean of all.

`frequency` is the number of orders that `mean_value` is the mean of. (Fader and Hardie leave each customer's
first order out of both.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, gammaln

from features.errors import ModelError
from models.btyd_fit import (
    Fitted,
    Floats,
    Objective,
    climb,
    columns,
    distinct_rows,
    giant_ceiling,
    giant_floor,
    require_repeaters,
)

STARTS = ((4.0, 3.0, 0.5), (1.0, 2.0, 2.0), (20.0, 1.0, 0.1))
LEAST_Q = 1.25


@dataclass(frozen=True)
class GammaGamma(Fitted):
    """`p` and `q` have no unit, `gamma` is money; the mean of all, p * gamma / (q - 1), takes q > 1.

    `log_likelihood` is the sum over the customers of the fit.
    """

    p: float
    q: float
    gamma: float
    log_likelihood: float

    name = "gamma_gamma"

    @classmethod
    def fit(cls, frequency: npt.ArrayLike, mean_value: npt.ArrayLike) -> Self:
        """By maximum likelihood. Arguments: (customers,); `mean_value` is the mean over `frequency` orders.

        Customers with a frequency of 0 or a mean value of 0 are left out: the former have no mean (anything
        may stand there, null included), the latter no likelihood. One giant customer hardly moves the others:
        a mean value above 10 times the 99 % quantile, or below a tenth of the 1 % quantile, counts as just
        that in the fit and in its log-likelihood. q is kept above 1.25: closer to 1 the mean of all runs away
        to many times what anybody was seen to spend.

        Raises HistoryError for fewer than 10 customers left or no maximum, and ValueError for negative
        numbers, and for nulls where the frequency is not 0.
        """
        frequency = np.asarray(frequency, dtype=np.float64)
        x, value = columns(frequency=frequency, mean_value=np.where(frequency == 0, 0.0, mean_value))
        kept = value > 0
        require_repeaters(int(np.sum(kept)))
        x, value = x[kept], value[kept]
        value = np.clip(value, giant_floor(value), giant_ceiling(value))
        unit = float(np.median(value))
        rows, _, weight = distinct_rows(x, value)
        (p, q_beyond, gamma), average = climb(_likelihood(x[rows], value[rows] / unit, weight), STARTS)
        log_likelihood = (average - np.log(unit)) * x.size
        return cls(float(p), float(q_beyond) + LEAST_Q, float(gamma) * unit, float(log_likelihood))

    def expected_value(self, frequency: npt.ArrayLike, mean_value: npt.ArrayLike) -> Floats:
        """The mean value of a customer's orders in the long run, money; arguments broadcast.

        Equation 5 of the paper: the weighted mean of the customer's own mean and that of all. Where the
        frequency is 0 it is the mean of all, whatever stands in `mean_value`; a null elsewhere gives a null.
        """
        x, value = np.broadcast_arrays(
            np.asarray(frequency, dtype=np.float64), np.asarray(mean_value, dtype=np.float64)
        )
        spent = x * np.where(x == 0, 0.0, value)
        return np.asarray(self.p * (self.gamma + spent) / (self.p * x + self.q - 1.0))

    @classmethod
    def from_dict(cls, document: Mapping[str, object]) -> Self:
        """Raises ModelError where `document` is not what `to_dict` writes."""
        model = super().from_dict(document)
        if model.q <= 1:
            raise ModelError(f"q of {cls.name} is {model.q}; expected more than 1.")
        return model


def _likelihood(x: Floats, value: Floats, weight: Floats) -> Objective:
    """Mean log-likelihood of a customer and its gradient, by the logarithms of p, q - 1.25 and gamma.

    Equation 1a of the paper, of the mean z of x orders:
    G(px+q) / (G(px) G(q)) * gamma^q * z^(px-1) * x^(px) / (gamma + x z)^(px+q).
    """
    share = weight / np.sum(weight)
    log_spent, log_value = np.log(x * value), np.log(value)

    def objective(logs: Floats) -> tuple[float, Floats]:
        p, q_beyond, gamma = np.exp(logs)
        q = q_beyond + LEAST_Q
        px, log_sum = p * x, np.log(gamma + x * value)
        density = gammaln(px + q) - gammaln(px) - gammaln(q) + q * logs[2] - log_value
        density += px * log_spent - (px + q) * log_sum
        by_sum = digamma(px + q)
        by_p = x * (by_sum - digamma(px) + log_spent - log_sum)
        by_q = by_sum - digamma(q) + logs[2] - log_sum
        by_gamma = q / gamma - (px + q) / (gamma + x * value)
        slope = np.array([(share @ by_p) * p, (share @ by_q) * q_beyond, (share @ by_gamma) * gamma])
        return float(share @ density), slope

    return objective
