"""Pareto/NBD: order at random at a constant rate, and leave for good at any moment, at a constant rate too.

The order rates of all customers follow a Gamma(r, alpha) distribution, the death rates a Gamma(s, beta).
Schmittlein, Morrison and Colombo (1987), Counting Your Customers: Who Are They and What Will They Do Next?
Unlike BG/NBD, a customer may leave after the first order, and between two orders.

With frequency x, recency t_x and age T, the likelihood of a customer is

    L = G(r+x) / G(r) * alpha^r * beta^s * [ (alpha+T)^-(r+x) * (beta+T)^-s
                                            + s * integral over y of (alpha+y)^-(r+x) * (beta+y)^-(s+1) ]

with G the gamma function: alive all the time in the first term, gone at a time y between t_x and T in the
second. Fader and Hardie (2005), A Note on Deriving the Pareto/NBD Model and Related Expressions, write the
integral with Gauss's hypergeometric function, which overflows for regular customers. Here all comes from
`_silence`, whose terms are probabilities: at t_x the order rate is Gamma(r+x, alpha+t_x), the death rate
Gamma(s, beta+t_x), and the customer has been silent since; at T the same holds of those alive.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, exprel, gammaln

from models.btyd_fit import (
    ROWS_AT_ONCE,
    Fitted,
    Floats,
    Histories,
    Objective,
    broadcast,
    climb,
    histories,
    in_parts,
)

STARTS = ((0.5, 0.5, 0.5, 1.0), (2.0, 2.0, 0.3, 3.0), (0.2, 0.2, 2.0, 10.0))
NODES, WEIGHTS = (np.polynomial.legendre.leggauss(32) + np.array([[1.0], [0.0]])) / 2
NEGLIGIBLE = 50.0
FARTHEST = 300.0


@dataclass(frozen=True)
class ParetoNBD(Fitted):
    """`r` and `s` have no unit; `alpha` and `beta` are times.

    `log_likelihood` is the sum over all customers of the fit.
    """

    r: float
    alpha: float
    s: float
    beta: float
    log_likelihood: float

    name = "pareto_nbd"

    @classmethod
    def fit(cls, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> Self:
        """By maximum likelihood; arguments and their errors are those of `histories`.

        Raises HistoryError too where the likelihood has no maximum.
        """
        customers = histories(frequency, recency, age)
        (r, alpha, s, beta), average = climb(_likelihood(customers), STARTS)
        log_likelihood = customers.log_likelihood(average)
        return cls(
            float(r), float(alpha) * customers.unit, float(s), float(beta) * customers.unit, log_likelihood
        )

    def alive(self, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> Floats:
        """The probability that the customer has not left for good, in [0, 1]: L's first term over both."""
        x, last, now = broadcast(frequency, recency, age)
        return in_parts(partial(_alive, self._shape), x, last, now - last)

    def expected_orders(
        self, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike, horizon: npt.ArrayLike
    ) -> Floats:
        """The mean number of order days in the next `horizon`, given the customer's history.

        Equation 41 of the 2005 note, without its singularity at s = 1: the mean order rate of an alive
        customer times the mean time that the customer stays within the horizon.
        """
        x, last, now, ahead = broadcast(frequency, recency, age, horizon)
        log_growth = np.log1p(ahead / (self.beta + now))
        stay = (self.beta + now) * log_growth * exprel((1.0 - self.s) * log_growth)
        return np.asarray((self.r + x) / (self.alpha + now) * stay * self.alive(x, last, now))

    def no_order(
        self, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike, horizon: npt.ArrayLike
    ) -> Floats:
        """The probability of no order in the next `horizon`, in [0, 1], given the customer's history.

        The customer is gone, or alive and does not order before dying or before the horizon ends. It is
        P(X(T, T+t) = 0) of Fader and Hardie (2014), Deriving the Conditional PMF of the Pareto/NBD Model.
        """
        x, last, now, ahead = broadcast(frequency, recency, age, horizon)
        return self._none(self.alive(x, last, now), x, now, ahead)

    def no_order_by(
        self, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike, horizons: npt.ArrayLike
    ) -> Floats:
        """`no_order` of one-dimensional histories for each of several horizons, shape (rows, horizons)."""
        x, last, now = broadcast(frequency, recency, age)
        alive = self.alive(x, last, now)
        each = np.atleast_1d(np.asarray(horizons, dtype=np.float64))
        return np.column_stack([self._none(alive, x, now, np.full_like(now, ahead)) for ahead in each])

    def _none(self, alive: Floats, x: Floats, now: Floats, ahead: Floats) -> Floats:
        order_if_alive = in_parts(partial(_order, self._shape), x, now, ahead)
        return np.asarray(np.clip(1.0 - alive * order_if_alive, 0.0, 1.0))

    @property
    def _shape(self) -> Floats:
        return np.array([self.r, self.alpha, self.s, self.beta])


class _Silence(NamedTuple):
    """A stretch of silence that may end with death at any moment u, on nodes of u; arrays (rows, nodes).

    `log_alpha` and `log_beta` are how much alpha and beta plus elapsed time have grown until u; `mass` is the
    chance to be alive and silent until then, times the node's share of time.
    """

    log_alpha: Floats
    log_beta: Floats
    mass: Floats


def _silence(shape: Floats, x: Floats, begin: Floats, stretch: Floats) -> _Silence:
    """After x orders and alive at `begin`, silent for at most `stretch`; columns (rows, 1).

    Gauss-Legendre in the logarithm of the smaller of alpha and beta plus elapsed time, where no singularity
    is closer than pi to the real axis, up to where less than e^-50 of the customers are left. Good to 1e-8
    of the answer for parameters between e^-6 and e^6, and to 1e-6 on the bounds of a fit.
    """
    r, alpha, s, beta = shape
    alpha_first = bool(alpha <= beta)
    near, far = (begin + alpha, begin + beta) if alpha_first else (begin + beta, begin + alpha)
    fall_near, fall_far = (r + x, s) if alpha_first else (s, r + x)
    silent_near = np.minimum(NEGLIGIBLE / fall_near, FARTHEST)
    silent_far = np.log1p(far / near * np.expm1(np.minimum(NEGLIGIBLE / fall_far, FARTHEST)))
    end = np.minimum(np.log1p(stretch / near), np.minimum(silent_near, silent_far))
    log_near = end * NODES
    grown = np.exp(log_near)
    log_far = np.log1p(near / far * (grown - 1.0))
    mass = np.exp(-fall_near * log_near - fall_far * log_far) * grown * (WEIGHTS * near * end)
    return _Silence(log_near, log_far, mass) if alpha_first else _Silence(log_far, log_near, mass)


def _deaths(shape: Floats, begin: Floats, silence: _Silence) -> Floats:
    """The chance to die at each node; the mean death rate of those silent until u is s / (beta+begin+u)."""
    _, _, s, beta = shape
    return np.asarray(s / (beta + begin) * np.exp(-silence.log_beta) * silence.mass)


def _survival(shape: Floats, x: Floats, begin: Floats, stretch: Floats) -> Floats:
    """The chance to be alive and silent all the `stretch`."""
    r, alpha, s, beta = shape
    return np.asarray(
        np.exp(-(r + x) * np.log1p(stretch / (alpha + begin)) - s * np.log1p(stretch / (beta + begin)))
    )


def _alive(shape: Floats, x: Floats, last: Floats, silent: Floats) -> Floats:
    """The probability to be alive at the end of the time `silent` since `last`; columns in, (rows,) out."""
    death = np.sum(_deaths(shape, last, _silence(shape, x, last, silent)), axis=1)
    survival = _survival(shape, x, last, silent)[:, 0]
    return np.asarray(survival / (survival + death))


def _order(shape: Floats, x: Floats, now: Floats, ahead: Floats) -> Floats:
    """The probability that who is alive `now` orders in the time `ahead`; columns in, (rows,) out."""
    r, alpha, _, _ = shape
    silence = _silence(shape, x, now, ahead)
    return np.asarray(np.sum((r + x) / (alpha + now) * np.exp(-silence.log_alpha) * silence.mass, axis=1))


def _likelihood(customers: Histories) -> Objective:
    """Mean log L of a customer and its gradient, by the logarithms of r, alpha, s and beta.

    Of log L's integrand the derivatives are means over the time y until which the customer was alive, T or
    less: by r of -log(alpha+y), by alpha of -(r+x) / (alpha+y), and so on.
    """
    counts, of_count = np.unique(customers.frequency, return_inverse=True)
    share = customers.weight / np.sum(customers.weight)
    count_share = np.bincount(of_count, weights=share).astype(np.float64)
    parts = [slice(start, start + ROWS_AT_ONCE) for start in range(0, share.size, ROWS_AT_ONCE)]

    def objective(logs: Floats) -> tuple[float, Floats]:
        shape = np.exp(logs)
        r = shape[0]
        of_counts = count_share @ (gammaln(r + counts) - gammaln(r) - counts * logs[1])
        by_r = count_share @ (digamma(r + counts) - digamma(r))
        terms = np.zeros(5)
        for part in parts:
            rows = customers.frequency[part], customers.recency[part], customers.age[part]
            terms += _row_terms(shape, *rows) @ share[part]
        return float(of_counts + terms[0]), (terms[1:] + np.array([by_r, 0.0, 0.0, 0.0])) * shape

    return objective


def _row_terms(shape: Floats, x: Floats, last: Floats, now: Floats) -> Floats:
    """Log L without what depends on x alone, and its derivatives by r, alpha, s and beta: (5, rows)."""
    r, alpha, s, beta = shape
    begin, silent = last[:, None], (now - last)[:, None]
    silence = _silence(shape, x[:, None], begin, silent)
    deaths = _deaths(shape, begin, silence)
    survival = _survival(shape, x[:, None], begin, silent)[:, 0]
    death = np.sum(deaths, axis=1)
    likely = survival + death

    def until_gone(at_death: Floats, at_now: Floats) -> Floats:
        return np.asarray((np.sum(deaths * at_death, axis=1) + survival * at_now) / likely)

    log_alpha = np.log1p(last / alpha) + until_gone(
        silence.log_alpha, np.log1p((now - last) / (alpha + last))
    )
    log_beta = np.log1p(last / beta) + until_gone(silence.log_beta, np.log1p((now - last) / (beta + last)))
    alpha_over = until_gone(np.exp(-silence.log_alpha) / (alpha + begin), 1.0 / (alpha + now))
    beta_over = until_gone((s + 1.0) * np.exp(-silence.log_beta) / (beta + begin), s / (beta + now))
    value = np.log(likely) - (r + x) * np.log1p(last / alpha) - s * np.log1p(last / beta)
    return np.stack(
        [
            value,
            -log_alpha,
            r / alpha - (r + x) * alpha_over,
            death / likely / s - log_beta,
            s / beta - beta_over,
        ]
    )
