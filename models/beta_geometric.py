"""BG/NBD and MBG/NBD: order at random at a constant rate, and after an order perhaps leave for good.

The rates of all customers follow a Gamma(r, alpha) distribution, their chances to leave a Beta(a, b).

- BG/NBD: may leave after each repeat order, so whoever ordered once is certainly alive. Fader, Hardie and Lee
  (2005), "Counting Your Customers" the Easy Way: An Alternative to the Pareto/NBD Model.
- MBG/NBD: may leave after the first order too. Batislam, Denizel and Filiztekin (2007), Empirical validation
  and comparison of models for customer base analysis; Hoppe and Wagner (2007), Customer base analysis: the
  case for a central variant of the Betageometric/NBD model.

With frequency x, recency t_x, age T and n chances to leave so far (x in BG/NBD, x + 1 in MBG/NBD), the
likelihood of a customer is in both

    L = G(r+x) / G(r) * alpha^r * [ B(a, b+n) / B(a, b) * (alpha+T)^-(r+x)
                                  + B(a+1, b+n-1) / B(a, b) * (alpha+t_x)^-(r+x)  where n > 0 ]

with G the gamma and B the beta function: alive all the time in the first line, gone with the last order in
the second. Given alive, the rate is Gamma(r+x, alpha+T) and the chance to leave Beta(a, b+n), independent of
each other; every answer follows from that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, digamma, expit, gammaln, log_expit, polygamma

from models.btyd_fit import (
    Fitted,
    Floats,
    Histories,
    Objective,
    broadcast,
    climb,
    distinct_rows,
    histories,
    in_parts,
)

STARTS = ((0.5, 0.5, 1.0, 3.0), (2.0, 2.0, 0.3, 3.0), (0.2, 0.2, 3.0, 10.0))
STEPS = np.linspace(-4.0, 4.0, 97)


@dataclass(frozen=True)
class BetaGeometric(Fitted):
    """What BG/NBD and MBG/NBD share: everything but the number of chances to leave.

    `r` (no unit) and `alpha` (time) shape the rates, `a` and `b` (no unit) the chance to leave.
    `log_likelihood` is the sum over all customers of the fit.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float

    early_chances: ClassVar[int]

    @classmethod
    def fit(cls, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> Self:
        """By maximum likelihood; arguments and their errors are those of `histories`.

        Raises HistoryError too where the likelihood has no maximum.
        """
        customers = histories(frequency, recency, age)
        (r, alpha, a, b), average = climb(_likelihood(customers, cls.early_chances), STARTS)
        log_likelihood = customers.log_likelihood(average)
        return cls(float(r), float(alpha) * customers.unit, float(a), float(b), log_likelihood)

    def alive(self, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> Floats:
        """The probability that the customer has not left for good, in [0, 1]: L's first line over both."""
        x, last, now = broadcast(frequency, recency, age)
        return np.asarray(expit(-self._log_odds_gone(x, last, now)))

    def expected_orders(
        self, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike, horizon: npt.ArrayLike
    ) -> Floats:
        """The mean number of order days in the next `horizon`, given the customer's history.

        Equation 10 of the 2005 paper, which writes it with Gauss's hypergeometric function and divides by
        a - 1. Here it is the mean over the chance to leave p, the same number without a singularity: given
        alive, rate and p it is (1 - exp(-rate * p * horizon)) / p, and the mean of that over the rate is
        `_orders_given_chance`.
        """
        x, last, now, ahead = broadcast(frequency, recency, age, horizon)
        flat = [np.ravel(array) for array in (x, now, ahead)]
        rows, inverse, _ = distinct_rows(*flat)
        x_row, now_row, ahead_row = (array[rows] for array in flat)
        chances_kept, rate_shape = self.b + x_row + self.early_chances, self.r + x_row
        stretch = ahead_row / (self.alpha + now_row)
        orders = in_parts(partial(_mean_orders, self.a), chances_kept, rate_shape, stretch)
        return np.asarray(orders[inverse].reshape(x.shape) * self.alive(x, last, now))

    def no_order(
        self, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike, horizon: npt.ArrayLike
    ) -> Floats:
        """The probability of no order in the next `horizon`, in [0, 1], given the customer's history.

        The customer is gone, or alive and silent. Nobody leaves between orders, so an alive customer is
        silent with probability exp(-rate * horizon), whose mean over Gamma(r+x, alpha+T) is
        ((alpha+T) / (alpha+T+horizon))^(r+x). For a customer just won (x = T = 0) and BG/NBD it is
        P(X(t) = 0) of the 2005 paper, (alpha / (alpha+t))^r.
        """
        x, last, now, ahead = broadcast(frequency, recency, age, horizon)
        order_if_alive = -np.expm1(-(self.r + x) * np.log1p(ahead / (self.alpha + now)))
        return np.asarray(1.0 - self.alive(x, last, now) * order_if_alive)

    def _log_odds_gone(self, x: Floats, last: Floats, now: Floats) -> Floats:
        shape = np.array([self.r, self.alpha, self.a, self.b])
        return _log_odds_gone(x + self.early_chances, x, last, now, shape)


class BGNBD(BetaGeometric):
    """BG/NBD: a customer may leave after each repeat order."""

    name = "bg_nbd"
    early_chances = 0


class MBGNBD(BetaGeometric):
    """MBG/NBD: a customer may leave after each order, the first one included."""

    name = "mbg_nbd"
    early_chances = 1


def _log_odds_gone(n: Floats, x: Floats, last: Floats, now: Floats, shape: Floats) -> Floats:
    """The logarithm of L's second line over the first; minus infinity without a chance to leave."""
    r, alpha, a, b = shape
    by_chance = np.where(n == 0, -np.inf, np.log(a) - np.log(b + np.maximum(n, 1.0) - 1.0))
    by_silence = (r + x) * np.log1p((now - last) / (alpha + last))
    return np.asarray(by_chance + by_silence)


def _likelihood(customers: Histories, early_chances: int) -> Objective:
    """Mean log L of a customer and its gradient, by the logarithms of r, alpha, a and b."""
    x, last, now = customers.frequency, customers.recency, customers.age
    counts, of_count = np.unique(x, return_inverse=True)
    chances = counts + early_chances
    n = x + early_chances
    share = customers.weight / np.sum(customers.weight)
    count_share = np.bincount(of_count, weights=share).astype(np.float64)

    def objective(logs: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = shape = np.exp(logs)
        log_odds = _log_odds_gone(n, x, last, now, shape)
        gone = expit(log_odds)
        log_now = np.log1p(now / alpha)
        of_counts = gammaln(r + counts) - gammaln(r) + betaln(a, b + chances) - betaln(a, b)
        of_rows = -(r + x) * log_now - x * logs[1] - log_expit(-log_odds)
        counts_by_r = digamma(r + counts) - digamma(r)
        rows_by_r = gone * np.log1p((now - last) / (alpha + last)) - log_now
        rows_by_alpha = r / alpha - (r + x) * ((1.0 - gone) / (alpha + now) + gone / (alpha + last))
        counts_by_a = digamma(a + b) - digamma(a + b + chances)
        counts_by_b = counts_by_a + digamma(b + chances) - digamma(b)
        rows_by_b = -gone / (b + np.maximum(n, 1.0) - 1.0)
        slope = [
            count_share @ counts_by_r + share @ rows_by_r,
            share @ rows_by_alpha,
            count_share @ counts_by_a + (share @ gone) / a,
            count_share @ counts_by_b + share @ rows_by_b,
        ]
        return float(count_share @ of_counts + share @ of_rows), np.array(slope) * shape

    return objective


def _orders_given_chance(p: Floats, orders: Floats, stretch: Floats) -> Floats:
    """Mean orders ahead of an alive customer whose chance to leave is p > 0.

    (1 - (1 + p * stretch)^-orders) / p, with `orders` r + x and `stretch` horizon / (alpha + T); it falls
    with p, from orders * stretch at p = 0.
    """
    return np.asarray(-np.expm1(-orders * np.log1p(p * stretch)) / p)


def _mean_orders(a: float, b: Floats, orders: Floats, stretch: Floats) -> Floats:
    """The mean of `_orders_given_chance` over p from Beta(a, b), (rows,); arrays are columns (rows, 1).

    The straight line between p = 0 and p = 1 has a mean in closed form. The rest, divided by p (1 - p), is
    averaged over Beta(a + 1, b + 1) by the double exponential rule (Takahasi and Mori, 1974) in the logit of
    p: the trapezoid rule on nodes centre + spread * sinh(step), weights made to sum to 1. Good to 1e-7 of the
    answer for up to 20,000 orders ahead and any a and b that a fit can give.
    """
    centre = digamma(a + 1.0) - digamma(b + 1.0)
    spread = np.sqrt(polygamma(1, a + 1.0) + polygamma(1, b + 1.0))
    logit = centre + spread * np.sinh(STEPS)
    log_p, log_rest = log_expit(logit), log_expit(-logit)
    log_weight = (a + 1.0) * log_p + (b + 1.0) * log_rest + np.log(np.cosh(STEPS))
    weight = np.exp(log_weight - np.max(log_weight, axis=1, keepdims=True))
    p, rest = np.exp(log_p), np.exp(log_rest)
    most = orders * stretch
    least = _orders_given_chance(np.ones_like(b), orders, stretch)
    bend = (_orders_given_chance(p, orders, stretch) - most * rest - least * p) / (p * rest)
    mean_bend = np.sum(weight * bend, axis=1, keepdims=True) / np.sum(weight, axis=1, keepdims=True)
    line = (most * b + least * a) / (a + b)
    orders_ahead = line + a * b / ((a + b) * (a + b + 1.0)) * mean_bend
    return np.asarray(np.clip(orders_ahead, least, most)[:, 0])
