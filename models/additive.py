"""An additive model: log-odds, or the logarithm of money, as a sum of one bent line per input.

A generalised additive model (Hastie & Tibshirani 1986) with lines that bend at quantiles of the input, fitted
with a ridge. It sees no interplay of inputs, needs few rows, and goes on straight beyond what it has seen,
where trees stand still.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from models.btyd_fit import THREADS
from models.columns import numbers, require
from models.losses import Loss

MOST_ROWS = 60_000
FARTHEST = 6.0
"""Standard deviations from the mean beyond which an input counts as just that far."""

ROUNDING = 1e-9
"""An input whose signed logarithm varies by less does so by the rounding of numbers."""


@dataclass(frozen=True)
class Shape:
    """How the lines are fitted.

    `bends`: of each line, at equal shares of the rows; 0 leaves them straight. `ridge`: the penalty on
    squared slopes, in rows.
    """

    loss: Loss
    bends: int
    ridge: float


@dataclass(frozen=True)
class Curve:
    """The bent line of one input, over its signed logarithm, standardised by `centre` and `scale`.

    It bends at `bends` (standard deviations). `slopes`: of the line, and what each bend adds. `level`: what
    is taken off, so that the mean over training is 0. A missing value adds 0.
    """

    name: str
    centre: float
    scale: float
    bends: tuple[float, ...]
    slopes: tuple[float, ...]
    level: float

    def of(self, values: np.ndarray) -> np.ndarray:
        """What each value adds, shape (rows,)."""
        added = _basis(_standard(values, self.centre, self.scale), self.bends) @ np.array(self.slopes)
        return np.asarray(np.nan_to_num(added - self.level, nan=0.0))


@dataclass(frozen=True)
class Additive:
    """The sum of the curves, in the logarithms of what was learnt."""

    curves: tuple[Curve, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(curve.name for curve in self.curves)

    def contributions(self, frame: pd.DataFrame) -> np.ndarray:
        """What each input adds, shape (rows, inputs); raises ModelError where the frame lacks an input."""
        require(self.names, frame)
        parts = [curve.of(numbers(frame, curve.name)) for curve in self.curves]
        return np.column_stack(parts) if parts else np.zeros((len(frame), 0))

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        return np.asarray(self.contributions(frame).sum(axis=1))

    def to_dict(self) -> dict[str, Any]:
        return {"curves": [asdict(curve) for curve in self.curves]}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Additive:
        return cls(
            tuple(
                Curve(
                    str(curve["name"]),
                    float(curve["centre"]),
                    float(curve["scale"]),
                    tuple(map(float, curve["bends"])),
                    tuple(map(float, curve["slopes"])),
                    float(curve["level"]),
                )
                for curve in values["curves"]
            )
        )


def fit_additive(
    names: Sequence[str],
    frame: pd.DataFrame,
    outcome: np.ndarray,
    offset: np.ndarray,
    shape: Shape,
) -> Additive:
    """Fit what `offset` leaves open of `outcome`, both (rows,), by the loss of `shape`.

    Inputs that never vary are left out. More than 60,000 rows are thinned evenly.
    """
    kept = slice(None, None, max(1, -(-len(frame) // MOST_ROWS)))
    frame, outcome, offset = frame.iloc[kept], outcome[kept], offset[kept]
    drafts = [draft for name in names if (draft := _draft(name, frame, shape.bends)) is not None]
    bases = [_basis(_standard(numbers(frame, d.name), d.centre, d.scale), d.bends) for d in drafts]
    levels = [np.nanmean(basis, axis=0) for basis in bases]
    design = [np.nan_to_num(basis - level, nan=0.0) for basis, level in zip(bases, levels, strict=True)]
    slopes = _ridged(np.column_stack([np.ones(len(frame)), *design]), outcome, offset, shape)[1:]
    curves, start = [], 0
    for draft, level in zip(drafts, levels, strict=True):
        own = slopes[start : start + len(level)]
        start += len(level)
        told = tuple(float(slope) for slope in own)
        curves.append(Curve(draft.name, draft.centre, draft.scale, draft.bends, told, float(level @ own)))
    return Additive(tuple(curves))


def _draft(name: str, frame: pd.DataFrame, bends: int) -> Curve | None:
    """A curve without slopes; none where the input never varies."""
    values = _signed_log(numbers(frame, name))
    known = values[np.isfinite(values)]
    if known.size == 0 or known.std() <= ROUNDING:
        return None
    centre, scale = float(known.mean()), float(known.std())
    inner = np.quantile((known - centre) / scale, np.arange(1, bends + 1) / (bends + 1))
    return Curve(name, centre, scale, tuple(float(bend) for bend in np.unique(inner)), (), 0.0)


def _signed_log(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))


def _standard(values: np.ndarray, centre: float, scale: float) -> np.ndarray:
    return np.clip((_signed_log(values) - centre) / scale, -FARTHEST, FARTHEST)


def _basis(standard: np.ndarray, bends: Sequence[float]) -> np.ndarray:
    """The line, and what lies beyond each bend; shape (rows, 1 + bends)."""
    beyond = [np.maximum(standard - bend, 0.0) for bend in bends]
    return np.column_stack([standard, *beyond])


def _ridged(design: np.ndarray, outcome: np.ndarray, offset: np.ndarray, shape: Shape) -> np.ndarray:
    """The coefficients of least penalised loss; the first, of the constant, goes free."""
    rows = len(outcome)
    penalty = np.full(design.shape[1], shape.ridge / rows)
    penalty[0] = 0.0

    def loss(slopes: np.ndarray) -> tuple[float, np.ndarray]:
        cost, by = shape.loss(design @ slopes + offset, outcome)
        return float(cost.mean() + 0.5 * penalty @ slopes**2), design.T @ by / rows + penalty * slopes

    with THREADS.limit(limits=1, user_api="blas"):
        return np.asarray(minimize(loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B").x)
