"""Does the ranking hold: the Qini curve, its coefficient and how sure it is.

Radcliffe (2007), Using control groups to target on predicted lift; in the form of Yadlowsky et al. (2025),
Evaluating treatment prioritization rules via rank-weighted average treatment effects, JASA 120(549). Each
row has a *score*, whose mean over any group is the effect on that group (Robins, Rotnitzky, Zhao 1994,
augmented inverse propensity weighting).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

RESAMPLES = 200
SEED = 20_210


@dataclass(frozen=True)
class Qini:
    """Money (or orders) per customer that the ranking adds over a random order, and its 95 % interval.

    `error`: its standard error. `behind`: how far it lies below the best candidate.
    """

    value: float
    low: float
    high: float
    error: float
    behind: float


def scores(
    outcome: np.ndarray,
    treated: np.ndarray,
    propensity: np.ndarray,
    usual: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Each row's score, in the outcome's unit, shape (rows,).

    `usual`: the outcome expected with the offer and without it, by models that have not seen the row.
    """
    with_offer, without = usual
    gained = treated * (outcome - with_offer) / propensity
    missed = (1 - treated) * (outcome - without) / (1 - propensity)
    return np.asarray(with_offer - without + gained - missed)


def curve(predicted: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The share of customers treated, best first, and the gain per customer of all; both begin with 0.

    Customers of one predicted effect are treated together.
    """
    order, ends = _ranked(predicted)
    share, gain = _cumulated(np.ones((1, len(score))), score[order], order, ends)
    return share[0], gain[0]


def coefficient(predicted: np.ndarray, score: np.ndarray) -> float:
    """The area between the curve and the straight line to its end; 0 where all are predicted alike."""
    return float(_areas(*(part[None] for part in curve(predicted, score)))[0])


def compare(
    predicted: Mapping[str, np.ndarray], score: np.ndarray, resamples: int = RESAMPLES
) -> dict[str, Qini]:
    """The coefficient of each candidate and the middle 95 % of a bootstrap, the same draw for all."""
    dice = np.random.default_rng(SEED)
    ranked = {name: _ranked(each) for name, each in predicted.items()}
    drawn: dict[str, list[float]] = {name: [] for name in predicted}
    for _ in range(resamples):
        counts = np.bincount(dice.integers(0, len(score), len(score)), minlength=len(score))[None].astype(
            float
        )
        for name, (order, ends) in ranked.items():
            drawn[name].append(float(_areas(*_cumulated(counts, score[order], order, ends))[0]))
    value = {name: coefficient(each, score) for name, each in predicted.items()}
    best = max(value, key=lambda name: value[name])
    found = {}
    for name in predicted:
        low, high = np.quantile(drawn[name], [0.025, 0.975])
        error = float(np.std(drawn[name]))
        found[name] = Qini(value[name], float(low), float(high), error, value[best] - value[name])
    return found


def _ranked(predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(-predicted, kind="stable")
    ranked = predicted[order]
    return order, np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))


def _cumulated(
    counts: np.ndarray, score: np.ndarray, order: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shares and gains where customers count so often each, shape (draws, steps + 1)."""
    times = counts[:, order]
    total = times.sum(axis=1, keepdims=True)
    nothing = np.zeros((len(counts), 1))
    share = np.hstack([nothing, np.cumsum(times, axis=1)[:, ends] / total])
    gain = np.hstack([nothing, np.cumsum(times * score, axis=1)[:, ends] / total])
    return share, gain


def _areas(share: np.ndarray, gain: np.ndarray) -> np.ndarray:
    return np.asarray(np.trapezoid(gain, share, axis=1) - gain[:, -1] / 2)
