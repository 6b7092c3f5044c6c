"""How sure a difference between two models is: the paired bootstrap over customers.

Efron, Tibshirani (1993), An introduction to the bootstrap, chapter 13: the customers are drawn anew with
replacement, the same draw for every model, and the middle 95 % of the differences make the interval.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from training.metrics import EDGE

METRICS = ("log_loss", "brier", "auroc", "average_precision")
HIGHER_IS_BETTER = ("auroc", "average_precision")
RESAMPLES = 500
SEED = 20_130
AT_ONCE = 10
"""Resamples computed together, so that they stay in the processor's cache."""


@dataclass(frozen=True)
class Interval:
    """A difference and the 95 % interval around it; not a number where one outcome alone gives no ranking."""

    difference: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the difference is more than noise: the interval does not hold 0."""
        return self.low > 0 or self.high < 0

    def better(self, metric: str) -> bool:
        """Whether the first model's figure is the better one, be it by noise."""
        return self.difference > 0 if metric in HIGHER_IS_BETTER else self.difference < 0


def log_losses(churned: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Each customer's part of the log loss, shape (customers,)."""
    inside = np.clip(probability, EDGE, 1 - EDGE)
    return np.asarray(-np.log(np.where(churned == 1, inside, 1 - inside)))


@dataclass(frozen=True)
class _Model:
    """One model's probabilities, prepared once for all resamples.

    `losses`: log loss and Brier, shape (customers, 2). `order`: customers by falling probability, `churned`
    in that order. `ends`: the last place of each rank that customers of one probability share.
    """

    losses: np.ndarray
    order: np.ndarray
    churned: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, churned: np.ndarray, probability: np.ndarray) -> _Model:
        brier = (np.clip(probability, EDGE, 1 - EDGE) - churned) ** 2
        order = np.argsort(-probability, kind="stable")
        ranked = probability[order]
        ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        return cls(np.column_stack([log_losses(churned, probability), brier]), order, churned[order], ends)

    def figures(self, counts: np.ndarray) -> np.ndarray:
        """The figures where customers count so often each, shape (rows, customers) → (rows, metrics)."""
        means = counts @ self.losses / counts.shape[1]
        return np.column_stack([means, self._rankings(counts[:, self.order])])

    def _rankings(self, contacted: np.ndarray) -> np.ndarray:
        """AUROC and average precision; not a number where all who were drawn churned, or none."""
        caught = contacted * self.churned
        all_caught, all_contacted = np.cumsum(caught, axis=1), np.cumsum(contacted, axis=1)
        if len(self.ends) < contacted.shape[1]:
            all_caught, all_contacted = all_caught[:, self.ends], all_contacted[:, self.ends]
            caught, contacted = (np.diff(all_, axis=1, prepend=0.0) for all_ in (all_caught, all_contacted))
        churners = all_caught[:, -1]
        stayers = all_contacted[:, -1] - churners
        above = np.einsum("ij,ij->i", contacted - caught, all_caught - caught / 2)
        precision = np.einsum("ij,ij->i", caught, all_caught / np.maximum(all_contacted, 1.0))
        either = np.where((churners > 0) & (stayers > 0), churners, np.nan)
        return np.column_stack([above / (either * np.maximum(stayers, 1.0)), precision / either])


def differences(
    churned: np.ndarray, probabilities: Mapping[str, np.ndarray], of: str, resamples: int = RESAMPLES
) -> dict[str, dict[str, Interval]]:
    """Other model → metric → the figure of model `of` less that of the other. Shape (customers,) each."""
    models = {name: _Model.of(churned, probability) for name, probability in probabilities.items()}
    plain = {name: model.figures(np.ones((1, len(churned))))[0] for name, model in models.items()}
    draws = [
        {name: model.figures(counts) for name, model in models.items()}
        for counts in _counts(len(churned), resamples)
    ]
    drawn = {name: np.concatenate([draw[name] for draw in draws]) for name in models}
    return {
        name: {
            metric: _interval(plain[of][at] - plain[name][at], drawn[of][:, at] - drawn[name][:, at])
            for at, metric in enumerate(METRICS)
        }
        for name in models
        if name != of
    }


def _interval(difference: float, drawn: np.ndarray) -> Interval:
    known = drawn[np.isfinite(drawn)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    return Interval(float(difference), float(low), float(high))


def _counts(customers: int, resamples: int) -> Iterator[np.ndarray]:
    """How often each customer is drawn, shape (up to AT_ONCE, customers) at a time."""
    dice = np.random.default_rng(SEED)
    for start in range(0, resamples, AT_ONCE):
        rows = min(AT_ONCE, resamples - start)
        drawn = (dice.integers(0, customers, customers) for _ in range(rows))
        yield np.stack([np.bincount(draw, minlength=customers) for draw in drawn]).astype(float)
