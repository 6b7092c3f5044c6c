"""How far actual revenue lies from predicted: the 80 % interval of a CLV.

A customer spends nothing with a probability that the models know, and else about a known amount, more or
less. How much more or less is measured; the interval is of both together, and so holds in a season with more
buyers too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import norm

GROUPS = 12
FEWEST = 30
COVERED = 0.8
SHARES = (0.01, *(round(0.05 * step, 2) for step in range(1, 20)), 0.99)
LEVELS = 9
LEAST_BUYING = 1e-3


@dataclass(frozen=True)
class Spread:
    """How far those who spent anything lay from what was expected of them; measured on a finished horizon.

    `expected`: rising knots in money, of what those who buy spend. `ratios`: for each knot the quantiles of
    actual over expected at `SHARES`. `horizon_days`: of the horizon it was measured on. Between knots they
    are interpolated.
    """

    expected: tuple[float, ...]
    ratios: tuple[tuple[float, ...], ...]
    horizon_days: int

    def interval(self, clv: np.ndarray, silent: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The 80 % interval around each CLV in money, which it always holds; shape (rows,) each.

        `silent`: the probability of spending nothing. Where it exceeds a tenth, the interval begins at 0 and
        leaves a fifth out above; else a tenth on either side.
        """
        buying = np.maximum(1.0 - silent, LEAST_BUYING)
        outside = (1.0 - COVERED) / 2.0
        most = np.where(silent > outside, COVERED, 1.0 - outside)
        low = np.where(silent > outside, 0.0, self._amount(clv / buying, (outside - silent) / buying))
        high = np.where(silent >= most, 0.0, self._amount(clv / buying, (most - silent) / buying))
        return np.minimum(clv, low), np.maximum(clv, high)

    def _amount(self, expected: np.ndarray, share: np.ndarray) -> np.ndarray:
        """What that share of those of whom as much is expected spend at most, in money, shape (rows,)."""
        at_knots = np.column_stack([np.interp(share, SHARES, ratios) for ratios in self.ratios])
        place = np.interp(expected, self.expected, np.arange(len(self.expected)))
        below = np.floor(place).astype(int)
        above = np.minimum(below + 1, len(self.expected) - 1)
        rows = np.arange(len(expected))
        ratio = at_knots[rows, below] + (place - below) * (at_knots[rows, above] - at_knots[rows, below])
        return np.asarray(expected * ratio)

    def to_dict(self) -> dict[str, Any]:
        return {
            "expected": list(self.expected),
            "ratios": [list(ratios) for ratios in self.ratios],
            "horizon_days": self.horizon_days,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Spread:
        return cls(
            tuple(map(float, values["expected"])),
            tuple(tuple(map(float, ratios)) for ratios in values["ratios"]),
            int(values["horizon_days"]),
        )


@dataclass(frozen=True)
class Outcome:
    """A horizon that is over: `predicted` revenue, the probability of none (`silent`), and the `actual`."""

    predicted: np.ndarray
    silent: np.ndarray
    actual: np.ndarray


def measure_spread(outcome: Outcome, horizon_days: int, deviation: float = 0.0) -> Spread | None:
    """The spread of those who spent anything, in up to twelve equal groups of at least 30 by what was
    expected.

    `deviation`: standard deviation (as a logarithm) of what lifts or lowers all customers of a horizon
    together.
    """
    spent = (outcome.actual > 0) & (outcome.predicted > 0)
    expected = outcome.predicted[spent] / np.maximum(1.0 - outcome.silent[spent], LEAST_BUYING)
    actual = outcome.actual[spent]
    groups = min(GROUPS, len(expected) // FEWEST)
    if groups == 0:
        return None
    parts = np.array_split(np.argsort(expected, kind="stable"), groups)
    lifts = np.exp(deviation * norm.ppf((np.arange(LEVELS) + 0.5) / LEVELS))
    quantiles = [np.quantile(np.outer(actual[part] / expected[part], lifts), SHARES) for part in parts]
    return Spread(
        expected=tuple(float(expected[part].mean()) for part in parts),
        ratios=tuple(tuple(map(float, ratios)) for ratios in quantiles),
        horizon_days=horizon_days,
    )
