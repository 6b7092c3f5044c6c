"""Past contacts as seen by models that have not seen their customers: what is foretold, and what that leaves.

Cross-fitting, as in Chernozhukov et al. (2018), Double/debiased machine learning, Econometrics Journal 21(1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from models.uplift.fits import Fit, Linear, Mean, grow, ridge
from models.uplift.foretold import Foretold, modifiers
from models.uplift.learners import SEED, Arms, Learner, adjusted_difference
from models.uplift.model import OUTCOMES, Stakes, Worth
from models.uplift.qini import scores

FOLDS = 5
FEWEST_FOR_TREES = 2_000
LEAST_VARIANCE = 0.05
"""Of the mean variance; nobody's orders are taken to be more certain than that."""


@dataclass(frozen=True)
class Rows:
    """`arms`: by inputs of customer and offer, the first `own` of them the customer's. `value`: of the coupon
    offered; `outcome`: by name; `redeemed`: 1 or 0, of the treated; `busier`: how many times as busy its days
    were as those of the mean contact."""

    arms: Arms
    own: int
    value: np.ndarray
    outcome: Mapping[str, np.ndarray]
    redeemed: np.ndarray
    busier: np.ndarray

    @property
    def people(self) -> np.ndarray:
        return self.arms.matrix[:, : self.own]

    def of(self, rows: np.ndarray) -> Rows:
        outcome = {name: values[rows] for name, values in self.outcome.items()}
        each = (self.value[rows], outcome, self.redeemed[rows], self.busier[rows])
        return Rows(self.arms.of(rows), self.own, *each)

    def steadied(self, worth: Worth) -> Rows:
        """Money as each customer's orders at their own usual worth: the noise of baskets is left out."""
        given, orders = self.redeemed * self.value, self.outcome["orders"]
        money = {name: orders * each - given for name, each in worth.each(self.arms.matrix).items()}
        return replace(self, outcome={"orders": orders, **money})


@dataclass(frozen=True)
class Unseen:
    """Of each row, by what has not seen its customer.

    `customer`: a number each. `arms`: with what is foretold as further inputs. `left`: how many orders more
    than foretold. `score`: by outcome, of steadied money, whose mean is the effect; `plain`: of money as it
    was.
    """

    customer: np.ndarray
    arms: Arms
    left: np.ndarray
    stakes: Stakes
    score: Mapping[str, np.ndarray]
    plain: Mapping[str, np.ndarray]

    def effects(self, learner: Learner) -> np.ndarray:
        """On orders, of each row, as learnt without its customer."""
        found = np.empty(len(self.left))
        for rest, new in self.folds():
            learnt = learner(self.arms.of(rest), self.left[rest])
            found[new] = learnt.predict(self.arms.matrix[new])
        return found

    def folds(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Which rows to learn from, and which to judge: each customer's are judged once, and all together."""
        fold = _folds(self.customer)
        for held in range(FOLDS):
            yield fold != held, fold == held

    def profit(self, orders: np.ndarray) -> np.ndarray:
        """What effects on orders mean in profit, of each row."""
        return self.stakes.outcomes(orders)["profit"]


def unseen(rows: Rows, customer: pd.Series) -> Unseen:
    codes, _ = pd.factorize(customer, sort=True)
    fold, size = _folds(codes), len(codes)
    expected, redeeming = np.empty(size), np.empty(size)
    each = {name: np.empty(size) for name in OUTCOMES[1:]}
    score, plain = ({name: np.empty(size) for name in OUTCOMES} for _ in range(2))
    for held in range(FOLDS):
        place = fold == held
        seen, new = rows.of(~place), rows.of(place)
        told, worth = foretell(seen), worth_of(seen)
        expected[place] = told.expected(new.people) * new.busier
        redeeming[place] = told.redeeming(new.arms.matrix, new.value)
        for name, values in worth.each(new.arms.matrix).items():
            each[name][place] = values
        for name in OUTCOMES:
            plain[name][place] = _scores(seen, new, name)
            score[name][place] = _scores(seen.steadied(worth), new.steadied(worth), name)
    left = rows.outcome["orders"] - expected
    matrix = np.hstack([rows.arms.matrix, modifiers(expected, redeeming)])
    arms = replace(rows.arms, matrix=matrix, precision=precision(expected, left))
    return Unseen(codes, arms, left, Stakes(redeeming, rows.value, each), score, plain)


def precision(expected: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Of each row: one over its variance, which grows with the number expected; the mean is 1."""
    terms = np.column_stack([np.ones(len(left)), expected, expected**2])
    sizes, _ = nnls(terms, left**2)
    variance = terms @ sizes
    precision = 1 / np.maximum(variance, LEAST_VARIANCE * variance.mean() + 1e-12)
    return np.asarray(precision / precision.mean())


def _folds(customer: np.ndarray) -> np.ndarray:
    return np.asarray(np.random.default_rng(0).permutation(customer.max() + 1)[customer] % FOLDS)


def foretell(rows: Rows) -> Foretold:
    """Orders of both arms, in days as busy as the mean contact's; whether a coupon is redeemed, of the
    treated."""
    treated = rows.arms.treated == 1
    return Foretold(
        _regressed(rows.people, rows.outcome["orders"] / rows.busier),
        _regressed(rows.arms.matrix[treated], rows.redeemed[treated]),
    )


def _regressed(matrix: np.ndarray, target: np.ndarray) -> Fit:
    """Ridge, and where there are enough rows the mean of it and of trees."""
    weight = np.ones(len(target))
    line = ridge(matrix, target, weight)
    if len(target) < FEWEST_FOR_TREES:
        return line
    return Mean((line, grow(matrix, target, weight, SEED)))


def worth_of(rows: Rows) -> Worth:
    """Money per order before coupons, of those who ordered."""
    return Worth(_per_order(rows, "revenue"), _per_order(rows, "profit"))


def _per_order(rows: Rows, outcome: str) -> Linear:
    bought = rows.outcome["orders"] > 0
    orders = rows.outcome["orders"][bought]
    money = (rows.outcome[outcome] + rows.redeemed * rows.value)[bought]
    return ridge(rows.arms.matrix[bought], money / orders, orders)


def _scores(seen: Rows, new: Rows, outcome: str) -> np.ndarray:
    """The level of the outcome comes from a regression on inputs and the mean effect: less noise."""
    values = seen.outcome[outcome]
    middle = adjusted_difference(seen.arms, values)
    base = ridge(seen.arms.matrix, values - middle * seen.arms.treated, np.ones(len(values)))
    without = base.predict(new.arms.matrix)
    return scores(new.outcome[outcome], new.arms.treated, new.arms.propensity, (without + middle, without))
