"""What a choice of customers and offers is truly worth, under a budget that is used up by true costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.winback_truth import Truth
from serving.winback.solve import Problem, solve

CONTACT_COST = 0.05
BUDGET_PER_CUSTOMER = 0.25
RANKED = 2
"""The offer that everybody gets where customers are ranked and not planned for."""


class Value:
    """The true profit, after the cost of contact, of whom a policy chooses until the budget is used up by
    what the coupons truly cost. `told`: of the last policy, in words."""

    def __init__(self, true: Truth, coupons: Sequence[float], cap: float = np.inf) -> None:
        """`cap`: to how many customers at most the first two offers go together."""
        self._true, self._coupons, self._cap = true, np.array(coupons), cap
        self._budget = BUDGET_PER_CUSTOMER * len(true.known)
        self._cost = CONTACT_COST + true.redeemed_known * self._coupons
        self.told = ""

    def planned(self, profit: np.ndarray, redeemed: np.ndarray) -> float:
        """By predicted profit and cost, both (customers, offers)."""
        gain, cost = profit - CONTACT_COST, CONTACT_COST + redeemed * self._coupons
        caps = ((np.arange(len(self._coupons)) < 2, self._cap),) if np.isfinite(self._cap) else ()
        found = solve(Problem(gain, cost, self._budget, caps))
        rows = np.flatnonzero(found.offer >= 0)
        offer = found.offer[rows]
        order = np.argsort(-gain[rows, offer] / cost[rows, offer], kind="stable")
        return self._spent(rows[order], offer[order], found.gain)

    def ranked(self, score: np.ndarray) -> float:
        """The offer `RANKED` to the first in the ranking, until the budget is used."""
        return self._spent(np.argsort(-score), np.full(len(score), RANKED), float("nan"))

    def _spent(self, rows: np.ndarray, offer: np.ndarray, expected: float) -> float:
        fits = np.cumsum(self._cost[rows, offer]) <= self._budget
        rows, offer = rows[fits], offer[fits]
        profit = float(self._true.known[rows, offer].sum() - CONTACT_COST * len(rows))
        spent = float(self._cost[rows, offer].sum())
        self.told = (
            f"{len(rows):,} chosen, {spent:,.0f} of {self._budget:,.0f} spent, profit {profit:,.0f} where "
            f"{expected:,.0f} was expected"
        )
        return profit
