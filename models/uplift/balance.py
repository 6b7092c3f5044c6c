"""Were the two arms alike before the campaign: balance, chance, overlap.

Standardised mean differences: Austin (2009), Statistics in Medicine 28. All of them at once: the d² of
Hansen, Bowers (2008), Covariate balance in simple, stratified and clustered comparative studies, Statistical
Science 23(2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2
from sklearn.linear_model import LogisticRegression

FOLDS = 5
RARE = 0.05
"""A chance of treatment nearer to 0 or 1 leaves hardly anybody to compare with; weights end there."""
UNBALANCED = 0.1
"""A standardised mean difference beyond this is called one (Austin 2009)."""
CHANCE = 0.001
"""Below this probability the differences are not those of a draw by lot."""


@dataclass(frozen=True)
class Balance:
    """`differences`: input → treated less control, in standard deviations, within campaigns, largest first.

    `probability`: that a draw by lot gives differences as large as all these together.
    """

    differences: dict[str, float]
    probability: float

    @property
    def by_lot(self) -> bool:
        return self.probability >= CHANCE

    @property
    def unbalanced(self) -> list[str]:
        return [name for name, size in self.differences.items() if abs(size) > UNBALANCED]

    @property
    def says(self) -> str:
        worst = [f"{name} {size:+.2f}" for name, size in list(self.differences.items())[:3]]
        if self.by_lot:
            return (
                f"The arms were alike before sending, as by a draw by lot (p = {self.probability:.2g}). "
                f"The largest differences, in standard deviations: {', '.join(worst)}."
            )
        return (
            f"The arms differed before sending, and not by chance (p = {self.probability:.2g}): "
            f"{len(self.unbalanced)} of {len(self.differences)} inputs by more than {UNBALANCED} standard "
            f"deviations, most of all {', '.join(worst)}."
        )


def balance(matrix: np.ndarray, names: tuple[str, ...], treated: np.ndarray, group: np.ndarray) -> Balance:
    """Arms are compared within each `group` (campaign). `matrix`: (rows, inputs), as of before sending.

    Groups with one arm only tell nothing and are left out; with none left, no difference and probability 1.
    """
    frame = pd.DataFrame(matrix)
    frame, share = frame - frame.groupby(group).transform("mean"), pd.Series(treated).groupby(group)
    chance = share.transform("mean").to_numpy()
    both = (chance > 0) & (chance < 1)
    if not both.any():
        return Balance({}, 1.0)
    centred, arm, chance = frame.to_numpy()[both], treated[both], chance[both]
    size = share.transform("size").to_numpy()[both]
    own = chance * (1 - chance)
    total = (arm - chance) @ centred
    spread = (centred * (own * size / np.maximum(size - 1, 1))[:, None]).T @ centred
    values, vectors = np.linalg.eigh(spread)
    kept = values > 1e-8 * max(values.max(initial=0.0), 1e-300)
    statistic = float((((total @ vectors)[kept]) ** 2 / values[kept]).sum())
    deviation = np.sqrt((centred**2).mean(axis=0))
    differences = np.divide(total / own.sum(), deviation, out=np.zeros(len(total)), where=deviation > 1e-12)
    told = sorted(zip(names, differences.tolist(), strict=True), key=lambda item: -abs(item[1]))
    return Balance(dict(told), float(chi2.sf(statistic, int(kept.sum()))))


@dataclass(frozen=True)
class Overlap:
    """`propensity`: the chance of being treated, held within [RARE, 1 − RARE]. `comparable`: the share of
    rows whose chance lay within. `effective`: how many equal rows the weights are worth (Kish 1965)."""

    propensity: np.ndarray
    comparable: float
    effective: float


def overlap(matrix: np.ndarray, treated: np.ndarray) -> Overlap:
    """The chance of being treated, by logistic regressions on the inputs that have not seen the row."""
    fold = np.random.default_rng(0).permutation(len(treated)) % FOLDS
    chance = np.full(len(treated), treated.mean())
    for held in range(FOLDS):
        seen = fold != held
        if 0 < treated[seen].sum() < seen.sum():
            fitted = LogisticRegression(C=0.1, max_iter=1000).fit(matrix[seen], treated[seen])
            chance[~seen] = fitted.predict_proba(matrix[~seen])[:, 1]
    inside = (chance >= RARE) & (chance <= 1 - RARE)
    limited = np.clip(chance, RARE, 1 - RARE)
    weight = np.where(treated == 1, 1 / limited, 1 / (1 - limited))
    return Overlap(limited, float(inside.mean()), float(weight.sum() ** 2 / (weight**2).sum()))
