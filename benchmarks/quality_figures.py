"""What scores are worth against what came of it, and how sure the difference between two of them is.

Every figure is computed from one row per customer: the scores, and the outcome that raw tables show.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

Floats = NDArray[np.float64]

BINS = 10
INTERVAL = 0.8
RESAMPLES = 500
SEED = 19_970_101
EDGE = 1e-6


class Judged(NamedTuple):
    """One element per customer, shape (customers,): the outcome first, then the scores.

    `churned` is 1 or 0; `revenue`, `clv` and the ends of its 80 % interval are money over the horizon. The
    ends are not a number where no interval was given.
    """

    churned: Floats
    revenue: Floats
    probability: Floats
    clv: Floats
    low: Floats
    high: Floats

    def take(self, rows: NDArray[np.int64]) -> Judged:
        return Judged(*(column[rows] for column in self))


def _same(value: float) -> float:
    return value


@dataclass(frozen=True)
class Figure:
    """A column of the table. `compared` maps the figure to what two peers are compared by."""

    name: str
    of: Callable[[Judged], float]
    digits: int
    higher: bool = False
    compared: Callable[[float], float] = _same

    def behind(self, difference: float) -> float:
        """A difference of compared figures, positive where the first one is worse."""
        return -difference if self.higher else difference


def log_loss(judged: Judged) -> float:
    inside = np.clip(judged.probability, EDGE, 1 - EDGE)
    return float(-np.log(np.where(judged.churned == 1, inside, 1 - inside)).mean())


def calibration_error(judged: Judged) -> float:
    """Expected calibration error over ten bins of equally many customers, by rising probability."""
    order = np.argsort(judged.probability, kind="stable")
    gap = (judged.probability - judged.churned)[order]
    return float(sum(abs(part.sum()) for part in np.array_split(gap, BINS)) / gap.size)


def calibration_noise(probability: Floats, draws: int = 200) -> float:
    """The calibration error that probabilities would show by chance if they were exactly right (mean)."""
    rng = np.random.default_rng(SEED)
    empty = np.zeros_like(probability)
    errors = [
        calibration_error(
            Judged(
                (rng.random(probability.size) < probability).astype(float), empty, probability, *(empty,) * 3
            )
        )
        for _ in range(draws)
    ]
    return float(np.mean(errors))


def gini(judged: Judged) -> float:
    """Area under the curve of actual value by falling prediction, over that of the perfect order.

    Both less a random order's area, so that 1 is perfect and 0 is chance. Customers of one prediction share
    their revenue equally.
    """
    return _area(judged.revenue, judged.clv) / _area(judged.revenue, judged.revenue)


def _area(revenue: Floats, by: Floats) -> float:
    _, rank, size = np.unique(-by, return_inverse=True, return_counts=True)
    shared = np.bincount(rank, revenue) / size
    curve = np.cumsum(np.repeat(shared, size)) / revenue.sum()
    return float(curve.mean() - (1 + 1 / revenue.size) / 2)


def coverage(judged: Judged) -> float:
    return float(((judged.low <= judged.revenue) & (judged.revenue <= judged.high)).mean())


def _off(ratio: float) -> float:
    return float(abs(np.log(ratio))) if ratio > 0 else np.inf


FIGURES = {
    figure.name: figure
    for figure in (
        Figure("AUROC", lambda of: float(roc_auc_score(of.churned, of.probability)), 4, higher=True),
        Figure("AP", lambda of: float(average_precision_score(of.churned, of.probability)), 4, higher=True),
        Figure("Brier", lambda of: float(np.mean((of.probability - of.churned) ** 2)), 4),
        Figure("log loss", log_loss, 4),
        Figure("ECE", calibration_error, 4),
        Figure("CLV MAE", lambda of: float(np.abs(of.clv - of.revenue).mean()), 2),
        Figure("CLV RMSE", lambda of: float(np.sqrt(np.mean((of.clv - of.revenue) ** 2))), 2),
        Figure("pred/actual", lambda of: float(of.clv.sum() / of.revenue.sum()), 3, compared=_off),
        Figure("Gini", gini, 4, higher=True),
    )
}
COVERAGE = Figure("coverage", coverage, 3)


def figures(judged: Judged) -> dict[str, float]:
    """Every figure by name. Whoever has no interval isn't covered; where nobody has, there is no coverage."""
    found = {name: figure.of(judged) for name, figure in FIGURES.items()}
    if not np.isnan(judged.low).all():
        found[COVERAGE.name] = COVERAGE.of(judged)
    return found


@dataclass(frozen=True)
class Difference:
    """Of one column: the best peer, Amity minus that peer, and the 95 % interval of it."""

    peer: str
    value: float
    low: float
    high: float
    mark: str
    """`ahead` or `behind` where the interval does not hold 0, else empty."""


def differences(amity: Judged, peers: Mapping[str, Judged]) -> dict[str, Difference]:
    """Amity against the best peer of each column, by the paired bootstrap over customers.

    The peer is chosen on the very customers it is then compared on, which favours it. The same resamples
    serve both sides and every column. The sums' ratio is compared by its distance from 1, as |ln ratio|.
    """
    best = {name: _best(figure, peers) for name, figure in FIGURES.items()}
    sides = {"": amity} | {name: peers[name] for name in set(best.values())}
    observed = _minus(sides, best)
    rng = np.random.default_rng(SEED)
    drawn = []
    for _ in range(RESAMPLES):
        rows = rng.integers(0, amity.churned.size, amity.churned.size)
        drawn.append(_minus({name: side.take(rows) for name, side in sides.items()}, best))
    ends = zip(*np.nanpercentile(drawn, (2.5, 97.5), axis=0), strict=True)
    return {
        name: Difference(best[name], value, float(low), float(high), _mark(FIGURES[name], low, high))
        for name, value, (low, high) in zip(FIGURES, observed, ends, strict=True)
    }


def _best(figure: Figure, peers: Mapping[str, Judged]) -> str:
    return min(peers, key=lambda name: figure.behind(figure.compared(figure.of(peers[name]))))


def _minus(sides: Mapping[str, Judged], best: Mapping[str, str]) -> list[float]:
    """Per figure Amity (named "") less its best peer."""
    return [
        figure.compared(figure.of(sides[""])) - figure.compared(figure.of(sides[best[name]]))
        for name, figure in FIGURES.items()
    ]


def _mark(figure: Figure, low: float, high: float) -> str:
    nearest, farthest = sorted((figure.behind(low), figure.behind(high)))
    return "behind" if nearest > 0 else "ahead" if farthest < 0 else ""
