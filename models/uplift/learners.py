"""The candidates for the effect of an offer on orders, from past contacts with two arms.

Each is given what the orders lie above or below the number foretold whatever the arm: the same effect, with
less noise.

S, T, X: Künzel et al. (2019), Metalearners for estimating heterogeneous treatment effects, PNAS 116(10). R:
Nie, Wager (2021), Quasi-oracle estimation, Biometrika 108(2). Transformed outcome: Athey, Imbens (2015),
Machine learning methods for estimating heterogeneous causal effects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.uplift.fits import Fit, Linear, fit_from_dict, grow, ridge, ridge_to_nothing
from models.uplift.foretold import NAMES

Regress = Callable[[np.ndarray, np.ndarray, np.ndarray], Fit]
SEED = 11
FORETOLD = slice(-len(NAMES), None)
"""The inputs that are `models.uplift.foretold.modifiers`; the first of them is 1 for everybody."""
EVERYBODY = slice(-len(NAMES), 1 - len(NAMES))


@dataclass(frozen=True)
class Arms:
    """Past contacts. `matrix`: (rows, inputs), the last ones foretold. `treated`: 1 or 0. `propensity`: the
    chance of 1. `precision`: how many times a row counts, for its outcome has so much less noise."""

    matrix: np.ndarray
    treated: np.ndarray
    propensity: np.ndarray
    precision: np.ndarray

    @classmethod
    def equal(cls, matrix: np.ndarray, treated: np.ndarray, propensity: np.ndarray) -> Arms:
        """All rows count the same."""
        return cls(matrix, treated, propensity, np.ones(len(treated)))

    @property
    def centred(self) -> np.ndarray:
        """The arm less the chance of it: what an effect is times, to explain how far the arms lie apart."""
        return np.asarray(self.treated - self.propensity)

    @property
    def weight(self) -> np.ndarray:
        """Precision over the chance of the arm that each row is in: both arms stand for everybody."""
        own: np.ndarray = np.where(self.treated == 1, self.propensity, 1 - self.propensity)
        return np.asarray(self.precision / own)

    def of(self, rows: np.ndarray) -> Arms:
        return Arms(self.matrix[rows], self.treated[rows], self.propensity[rows], self.precision[rows])


@dataclass(frozen=True)
class Part:
    """A regression that counts `weight` times; `arm`: the last input it was given, null where none."""

    weight: float
    fit: Fit
    arm: float | None = None

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        if self.arm is not None:
            matrix = np.column_stack([matrix, np.full(len(matrix), self.arm)])
        return self.weight * self.fit.predict(matrix)


@dataclass(frozen=True)
class Effect:
    """The effect on one outcome: the sum of its parts."""

    parts: tuple[Part, ...]

    def predict(self, matrix: np.ndarray) -> np.ndarray:
        """Shape (rows,), in the outcome's unit."""
        return np.asarray(sum(part.predict(matrix) for part in self.parts))

    def times(self, share: float) -> Effect:
        return Effect(tuple(Part(share * part.weight, part.fit, part.arm) for part in self.parts))

    def to_dict(self) -> list[dict[str, Any]]:
        return [{"weight": part.weight, "arm": part.arm, **part.fit.to_dict()} for part in self.parts]

    @classmethod
    def from_dict(cls, values: list[Mapping[str, Any]]) -> Effect:
        return cls(tuple(Part(float(v["weight"]), fit_from_dict(v), v["arm"]) for v in values))


Learner = Callable[[Arms, np.ndarray], Effect]


def mean_difference(arms: Arms, outcome: np.ndarray) -> float:
    """The weighted mean of the treated less that of the control."""
    weight, treated = arms.weight, arms.treated == 1
    means = [np.average(outcome[arm], weights=weight[arm]) for arm in (treated, ~treated)]
    return float(means[0] - means[1])


def adjusted_difference(arms: Arms, outcome: np.ndarray) -> float:
    """The mean difference of what a regression on the inputs leaves open: less noise, the same effect."""
    usual = ridge(arms.matrix, outcome, np.ones(len(outcome)))
    return mean_difference(arms, outcome - usual.predict(arms.matrix))


def _s(regress: Regress) -> Learner:
    def learn(arms: Arms, outcome: np.ndarray) -> Effect:
        with_arm = np.column_stack([arms.matrix, arms.treated])
        fit = regress(with_arm, outcome, arms.weight)
        return Effect((Part(1.0, fit, 1.0), Part(-1.0, fit, 0.0)))

    return learn


def _s_linear(arms: Arms, outcome: np.ndarray) -> Effect:
    """One regression on inputs, arm, and their products; the products are its effect beside the constant."""
    centred = arms.centred[:, None]
    middle = adjusted_difference(arms, outcome)
    size = arms.matrix.shape[1]
    both = np.hstack([arms.matrix, centred * arms.matrix])
    fit = ridge(both, outcome - middle * centred[:, 0], arms.weight)
    return Effect((Part(1.0, Linear(middle, fit.weights[size:])),))


def _t(regress: Regress) -> Learner:
    def learn(arms: Arms, outcome: np.ndarray) -> Effect:
        treated = arms.treated == 1
        fits = [regress(arms.matrix[a], outcome[a], arms.weight[a]) for a in (treated, ~treated)]
        return Effect((Part(1.0, fits[0]), Part(-1.0, fits[1])))

    return learn


def _x(regress: Regress) -> Learner:
    def learn(arms: Arms, outcome: np.ndarray) -> Effect:
        treated, matrix, weight = arms.treated == 1, arms.matrix, arms.weight
        with_offer = regress(matrix[treated], outcome[treated], weight[treated])
        without = regress(matrix[~treated], outcome[~treated], weight[~treated])
        gained = outcome[treated] - without.predict(matrix[treated])
        missed = with_offer.predict(matrix[~treated]) - outcome[~treated]
        share = float(treated.mean())
        return Effect(
            (
                Part(1 - share, regress(matrix[treated], gained, weight[treated])),
                Part(share, regress(matrix[~treated], missed, weight[~treated])),
            )
        )

    return learn


def _r(arms: Arms, outcome: np.ndarray, columns: slice) -> Part:
    """The effect that best explains, by some of the inputs, how far the arms lie apart."""
    centred = arms.centred
    fit = ridge_to_nothing(arms.matrix[:, columns], outcome / centred, arms.precision * centred**2)
    weights = np.zeros(arms.matrix.shape[1])
    weights[columns] = fit.weights
    return Part(1.0, Linear(0.0, weights))


def _constant(arms: Arms, outcome: np.ndarray) -> Effect:
    return Effect((_r(arms, outcome, EVERYBODY),))


def _r_foretold(arms: Arms, outcome: np.ndarray) -> Effect:
    return Effect((_r(arms, outcome, FORETOLD),))


def _r_linear(arms: Arms, outcome: np.ndarray) -> Effect:
    """By what was foretold, and then by all inputs what that leaves open."""
    first = _r(arms, outcome, FORETOLD)
    left = outcome - arms.centred * first.predict(arms.matrix)
    return Effect((first, _r(arms, left, slice(None))))


def _transformed(arms: Arms, outcome: np.ndarray) -> Effect:
    """A regression of a figure whose mean is the effect: (arm − p) / (p (1 − p)) · outcome."""
    factor = arms.centred / (arms.propensity * (1 - arms.propensity))
    return Effect((Part(1.0, ridge(arms.matrix, factor * outcome, arms.precision)),))


def _trees(matrix: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Fit:
    return grow(matrix, target, weight, SEED)


LEARNERS: dict[str, Learner] = {
    "constant": _constant,
    "R foretold": _r_foretold,
    "R linear": _r_linear,
    "S linear": _s_linear,
    "T linear": _t(ridge),
    "X linear": _x(ridge),
    "S trees": _s(_trees),
    "T trees": _t(_trees),
    "X trees": _x(_trees),
    "transformed outcome": _transformed,
}
"""The simplest first, the noisiest last: where two rank customers alike, the earlier one is taken."""

TREES = frozenset({"S trees", "T trees", "X trees"})
