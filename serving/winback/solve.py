"""Which customer gets which offer: the most gain under a budget and caps, each customer at most once.

A multiple-choice knapsack. Small ones are solved exactly by HiGHS (`scipy.optimize.milp`); large ones by
Lagrange multipliers (Fisher 1981, The Lagrangian relaxation method for solving integer programming
problems), whose dual value bounds from above what any plan could gain, so that each answer tells how far
from the best it may be.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

EXACT_UP_TO = 5_000
"""Pairs of customer and offer with a gain; HiGHS answers within a second or two."""
NEAR = 0.0005
"""A choice by multipliers that can't be further than this from the best is taken as it is."""
SAMPLE = 50_000
ROUNDS = 6
STEPS = 40
MISSES = 5_000
"""So many customers in a row whose offer doesn't fit any more: the limits are used up."""
NONE = -1


@dataclass(frozen=True)
class Problem:
    """`gain`, `cost`: money, (customers, offers); a gain that isn't above 0 is never taken. `budget`: of
    costs. `caps`: pairs of the offers they are about, shape (offers,) of truth, and to how many customers
    these may go.
    """

    gain: np.ndarray
    cost: np.ndarray
    budget: float
    caps: tuple[tuple[np.ndarray, float], ...] = ()


@dataclass(frozen=True)
class Solution:
    """`offer`: of each customer, `NONE` for none. `bound`: no choice can gain more, in money."""

    offer: np.ndarray
    gain: float
    cost: float
    bound: float
    exact: bool

    @property
    def gap(self) -> float:
        """By which share the best choice may gain more, at most."""
        return max(0.0, 1 - self.gain / self.bound) if self.bound > 0 else 0.0


def solve(problem: Problem) -> Solution:
    """The choice by multipliers; the exact one where that may be a little short and the problem is small."""
    found = by_multipliers(problem)
    if found.gap > NEAR and int((problem.gain > 0).sum()) <= EXACT_UP_TO:
        return exact(problem)
    return found


def exact(problem: Problem) -> Solution:
    """By HiGHS, to its standard tolerance of 0.01 %."""
    rows, columns = np.nonzero(problem.gain > 0)
    if not len(rows):
        return _solution(problem, np.full(len(problem.gain), NONE), 0.0, exact=True)
    gain, cost = problem.gain[rows, columns], problem.cost[rows, columns]
    once = coo_array((np.ones(len(rows)), (rows, np.arange(len(rows)))), (len(problem.gain), len(rows)))
    limits = [LinearConstraint(once.tocsr(), ub=1), LinearConstraint(cost[None], ub=problem.budget)]
    limits += [LinearConstraint(about[columns].astype(float)[None], ub=most) for about, most in problem.caps]
    whole = np.ones(len(rows), dtype=np.int64)
    with _quiet():
        found = milp(
            -gain,
            constraints=limits,
            bounds=Bounds(0, 1),
            integrality=whole,
            options={"mip_rel_gap": 1e-4, "time_limit": 60.0},
        )
    if found.x is None:
        return by_multipliers(problem)
    taken = found.x > 0.5
    offer = np.full(len(problem.gain), NONE)
    offer[rows[taken]] = columns[taken]
    return _solution(problem, offer, -float(found.mip_dual_bound), exact=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """HiGHS 1.8 writes a line of its own to the standard output, which may be JSON for a program."""
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def by_multipliers(problem: Problem) -> Solution:
    """A price on money and on each cap, at which what is best for each customer just fits; then filled."""
    if not (problem.gain > 0).any():
        return _solution(problem, np.full(len(problem.gain), NONE), 0.0, exact=True)
    some = problem
    share = min(1.0, SAMPLE / max(len(problem.gain), 1))
    if share < 1:
        drawn = np.random.default_rng(0).permutation(len(problem.gain))[:SAMPLE]
        caps = tuple((about, most * share) for about, most in problem.caps)
        some = Problem(problem.gain[drawn], problem.cost[drawn], problem.budget * share, caps)
    prices = _prices(some)
    return _solution(problem, _filled(problem, prices), _dual(problem, prices), exact=False)


def _uses(problem: Problem) -> list[tuple[np.ndarray, float]]:
    """What one customer with each offer takes of each limit, (customers, offers), and the limit."""
    shape = problem.gain.shape
    caps = [(np.broadcast_to(about.astype(float), shape), most) for about, most in problem.caps]
    return [(problem.cost, problem.budget), *caps]


def _prices(problem: Problem) -> np.ndarray:
    uses = _uses(problem)
    prices = np.zeros(len(uses))
    for _ in range(ROUNDS if len(uses) > 1 else 1):
        before = prices.copy()
        for place, (use, limit) in enumerate(uses):
            prices[place] = _price(problem, uses, prices, place, use, limit)
        if np.allclose(prices, before, rtol=1e-4, atol=1e-9):
            break
    return prices


def _price(
    problem: Problem,
    uses: list[tuple[np.ndarray, float]],
    prices: np.ndarray,
    place: int,
    use: np.ndarray,
    limit: float,
) -> float:
    """The lowest price of one limit, the others being as they are, at which it holds; by halving."""
    others = [
        (each, price) for at, ((each, _), price) in enumerate(zip(uses, prices, strict=True)) if at != place
    ]
    value = _left(problem.gain, others)

    def used(price: float) -> float:
        net = value - price * use
        best = net.argmax(axis=1)
        rows = np.arange(len(best))
        return float(use[rows, best][net[rows, best] > 0].sum())

    if used(0.0) <= limit:
        return 0.0
    positive = (problem.gain > 0) & (use > 0)
    high = float((problem.gain[positive] / use[positive]).max())
    low = 0.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if used(middle) > limit else (low, middle)
    return high


def _left(gain: np.ndarray, priced: list[tuple[np.ndarray, float]]) -> np.ndarray:
    left = np.where(gain > 0, gain, -np.inf)
    for use, price in priced:
        if price:
            left = left - price * use
    return left


def _dual(problem: Problem, prices: np.ndarray) -> float:
    uses = _uses(problem)
    net = _left(problem.gain, [(use, price) for (use, _), price in zip(uses, prices, strict=True)])
    limits = sum(price * limit for (_, limit), price in zip(uses, prices, strict=True))
    return float(np.maximum(net.max(axis=1), 0.0).sum() + limits)


def _filled(problem: Problem, prices: np.ndarray) -> np.ndarray:
    """Customers in the order of what is left of their gain after the prices, each with the best offer that
    still fits; then once more those who got none, for what remains."""
    uses = _uses(problem)
    net = _left(problem.gain, [(use, price) for (use, _), price in zip(uses, prices, strict=True)])
    best = net.argmax(axis=1)
    rows = np.arange(len(best))
    left = [float(limit) for _, limit in uses]
    offer = np.full(len(best), NONE)
    first = _ordered(net[rows, best], problem, best)
    _take(uses, left, offer, first, best)
    positive = np.flatnonzero((offer == NONE) & (problem.gain > 0).any(axis=1))
    for place in range(problem.gain.shape[1]):
        again = positive[offer[positive] == NONE]
        again = again[problem.gain[again, place] > 0]
        again = again[np.argsort(-_density(problem)[again, place], kind="stable")]
        _take(uses, left, offer, again, np.full(len(best), place))
    return offer


def _density(problem: Problem) -> np.ndarray:
    return np.asarray(problem.gain / np.maximum(problem.cost, 1e-9))


def _ordered(net: np.ndarray, problem: Problem, best: np.ndarray) -> np.ndarray:
    """Those with something left after the prices, best first; among equals, who gains most per cost."""
    rows = np.flatnonzero(net > 0)
    density = _density(problem)[rows, best[rows]]
    return rows[np.lexsort((-density, -net[rows]))]


def _take(
    uses: list[tuple[np.ndarray, float]],
    left: list[float],
    offer: np.ndarray,
    rows: np.ndarray,
    wanted: np.ndarray,
) -> None:
    """Give the wanted offers in this order, as far as the limits hold; `left` and `offer` are changed."""
    places = wanted[rows]
    taken = np.stack([use[rows, places] for use, _ in uses], axis=1)
    fits = int((np.cumsum(taken, axis=0) <= np.array(left) + 1e-9).all(axis=1).argmin()) if len(rows) else 0
    if len(rows) and (taken.sum(axis=0) <= np.array(left) + 1e-9).all():
        fits = len(rows)
    offer[rows[:fits]] = places[:fits]
    left[:] = (np.array(left) - taken[:fits].sum(axis=0)).tolist()
    misses = 0
    for row, place, each in zip(
        rows[fits:].tolist(), places[fits:].tolist(), taken[fits:].tolist(), strict=True
    ):
        if all(need <= rest + 1e-9 for need, rest in zip(each, left, strict=True)):
            offer[row] = place
            misses = 0
            for at, need in enumerate(each):
                left[at] -= need
            continue
        misses += 1
        if misses > MISSES:
            return


def _solution(problem: Problem, offer: np.ndarray, bound: float, *, exact: bool) -> Solution:
    rows = np.flatnonzero(offer != NONE)
    gain = float(problem.gain[rows, offer[rows]].sum())
    return Solution(offer, gain, float(problem.cost[rows, offer[rows]].sum()), max(bound, gain), exact)
