"""What repairing a weak point would save, in money: an estimate from the model's what-if, with its interval.

A customer's churn probability less that with the weak point repaired (`amity score` tells both), times their
CLV. The interval is the percentile bootstrap over customers (Efron & Tibshirani 1993): how far another draw
of such customers may lead. It doesn't hold what the model itself doesn't know, nor what a repair costs.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.weakpoints import NAMED

RESAMPLES = 1000
_BINS = 2000
_SEED = 7

Floats = NDArray[np.float64]


def savings(scores: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """One row per weak point: weak_point, customers, saved, low, high; money, the largest first.

    Of the customers for whom it is named. `scores`: as `amity score` writes them; a repair whose risk isn't
    known saves nothing that is known, and where none of a weak point's is, all three are null.
    """
    told = pd.concat([_of_place(scores, place) for place in range(1, NAMED + 1)], ignore_index=True)
    told = told[told["weak_point"].notna()]
    found = [
        {"weak_point": name, "customers": len(rows), **_summed(rows["saved"].to_numpy(float), confidence)}
        for name, rows in told.groupby("weak_point", sort=True)
    ]
    frame = pd.DataFrame(found, columns=["weak_point", "customers", "saved", "low", "high"])
    return frame.sort_values("saved", ascending=False, kind="stable", ignore_index=True)


def bootstrapped(values: Floats, confidence: float) -> tuple[float, float]:
    """The interval of a sum over customers, each drawn as often as Poisson(1) says.

    Beyond `_BINS` customers those with nearly equal values are drawn together: the sum of their draws is
    Poisson too, with their number as its mean.
    """
    bins = np.array_split(np.sort(values), min(len(values), _BINS))
    sizes = np.array([len(some) for some in bins])
    means = np.array([some.mean() for some in bins])
    sums = np.random.default_rng(_SEED).poisson(sizes, size=(RESAMPLES, len(bins))) @ means
    tail = (1 - confidence) / 2
    low, high = np.quantile(sums, [tail, 1 - tail])
    return float(low), float(high)


def _of_place(scores: pd.DataFrame, place: int) -> pd.DataFrame:
    repaired = scores.get(f"weak_point_{place}_repaired", pd.Series(np.nan, index=scores.index))
    spared = scores["churn_probability"].astype(float) - repaired.astype(float)
    return pd.DataFrame(
        {"weak_point": scores[f"weak_point_{place}"], "saved": spared * scores["clv"].astype(float)}
    )


def _summed(saved: Floats, confidence: float) -> dict[str, float]:
    known = saved[np.isfinite(saved)]
    if not len(known):
        return dict.fromkeys(("saved", "low", "high"), np.nan)
    low, high = bootstrapped(known, confidence)
    return {"saved": float(known.sum()), "low": low, "high": high}
