"""The level of a horizon to come: season, trend and what the last horizons showed.

What sets the customers of one day apart hardly changes through the year; how many of them churn does. The
level is the part that is common to all: by how much the actual churn (log-odds) or revenue (logarithm) of a
past snapshot lay beyond what the buy-till-you-die models, which know no season, say of the same customers.

The levels of past snapshots are means, over their horizons, of one curve through time. The curve is a
Gaussian process (Rasmussen & Williams 2006): a constant, a part that returns each year and a part that
drifts. How large and how smooth these parts are is not chosen but weighed by the evidence (Bayesian model
averaging, Hoeting et al. 1999), so a company without a season gets none. With less than `SEASON_FROM_DAYS` of
history nothing of the season is known, and the yearly part is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import brentq
from scipy.special import expit

from models.btyd_fit import THREADS

WEEK = 7.0
YEAR = 365.25
SEASON_FROM_DAYS = 515
"""A year, and 150 days before it: earlier everybody known has just ordered, which no model knows."""

SEASONS = tuple(product((0.2, 0.5, 1.0), (0.5, 1.0)))
"""Of the yearly part: standard deviation, and how smooth it is (as in a periodic kernel)."""

DRIFTS = tuple(product((0.1, 0.3), (30.0, 100.0, 300.0)))
"""Of the drift: standard deviation, and days after which it has forgotten itself."""

SEASON_PRIOR = 0.8
NOISE = 0.1
EARLY_NOISE = 1.0
EARLY_DAYS = 60.0
"""The first snapshots see customers with hardly any history: their levels say less, by this much."""

MOST_SHIFT = 8.0
LEAST_SHARE = 0.01
AHEAD_WEEKS = 53


@dataclass(frozen=True)
class Observed:
    """The levels of past snapshots. `days`: from the first order to each, rising; `levels`: one each.

    `horizon_days`: of the horizon that each level is the mean of.
    """

    days: np.ndarray
    levels: np.ndarray
    horizon_days: int


@dataclass(frozen=True)
class Level:
    """The level of the horizons to come, by the week from `as_of`, and its standard deviation.

    `seasonal`: whether there was history enough to know of a season.
    """

    as_of: datetime
    levels: tuple[float, ...]
    deviations: tuple[float, ...]
    seasonal: bool

    def at(self, days: Sequence[datetime] | np.ndarray) -> np.ndarray:
        """The level of the horizon from each day, shape (days,); beyond a year, that of the last week."""
        waited = (
            np.asarray(days, dtype="datetime64[us]") - np.datetime64(self.as_of, "us")
        ) / np.timedelta64(1, "D")
        weeks = np.maximum(waited, 0.0) / WEEK
        return np.interp(weeks, np.arange(len(self.levels)), self.levels)

    def to_dict(self) -> dict[str, Any]:
        return {
            "as_of": self.as_of.isoformat(),
            "levels": list(self.levels),
            "deviations": list(self.deviations),
            "seasonal": self.seasonal,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Level:
        return cls(
            datetime.fromisoformat(values["as_of"]),
            tuple(map(float, values["levels"])),
            tuple(map(float, values["deviations"])),
            bool(values["seasonal"]),
        )


def moved(level: Level | None, frame: pd.DataFrame) -> np.ndarray:
    """How far the level of each row's `as_of` lies from that of the training, shape (rows,); 0: not known."""
    if level is None or "as_of" not in frame:
        return np.zeros(len(frame))
    return np.asarray(level.at(frame["as_of"].to_numpy()) - level.levels[0])


def forecast(observed: Observed, as_of: datetime, today: float, horizon_days: int) -> Level:
    """The levels of horizons of `horizon_days` from `as_of` and each of the next 53 weeks.

    `today`: days from the first order to `as_of`. Without any observation the level is 0, give or take 1.
    """
    seasonal = today >= SEASON_FROM_DAYS
    weeks = np.arange(-WEEK, today + WEEK * AHEAD_WEEKS + horizon_days + WEEK, WEEK) + today % WEEK
    seen = _windows(weeks, observed.days, observed.horizon_days)
    ahead = _windows(weeks, today + WEEK * np.arange(AHEAD_WEEKS), horizon_days)
    noise = NOISE**2 + (EARLY_NOISE * np.exp(-np.maximum(observed.days - EARLY_DAYS, 0.0) / EARLY_DAYS)) ** 2
    with THREADS.limit(limits=1, user_api="blas"):
        found = [
            _posterior(_kernel(weeks, season, drift), seen, observed.levels, noise, ahead)
            for season, drift in _shapes(seasonal)
        ]
    weight = np.array([evidence for evidence, _, _ in found]) + np.log(_priors(seasonal))
    weight = np.exp(weight - weight.max())
    weight /= weight.sum()
    means = np.array([mean for _, mean, _ in found])
    mean = weight @ means
    variance = weight @ np.array([spread for _, _, spread in found]) + weight @ (means - mean) ** 2
    return Level(as_of, tuple(mean.tolist()), tuple(np.sqrt(variance).tolist()), seasonal)


def shift(log_odds: np.ndarray, share: float) -> float:
    """What must be added to all `log_odds` (rows,) for their mean probability to be `share`; at most ±8."""
    if expit(log_odds + MOST_SHIFT).mean() <= share:
        return MOST_SHIFT
    if expit(log_odds - MOST_SHIFT).mean() >= share:
        return -MOST_SHIFT
    return float(brentq(lambda by: expit(log_odds + by).mean() - share, -MOST_SHIFT, MOST_SHIFT))


def share(churned: np.ndarray) -> float:
    """The share that churned, kept off 0 and 1 by half a customer (rows,)."""
    return float((churned.sum() + 0.5) / (len(churned) + 1.0))


def churn_level(log_odds: np.ndarray, churned: np.ndarray) -> float:
    """By how much the churn of a snapshot lay beyond what `log_odds` said, in log-odds; both (rows,)."""
    return shift(log_odds, share(churned))


def revenue_level(predicted: np.ndarray, revenue: np.ndarray) -> float:
    """By how much the revenue of a snapshot lay beyond what was predicted, as a logarithm; both (rows,)."""
    expected = float(predicted.sum())
    if expected <= 0.0:
        return 0.0
    return float(np.log(max(float(revenue.sum()) / expected, LEAST_SHARE)))


def of_each_day(
    level: Callable[[np.ndarray, np.ndarray], float],
    predicted: np.ndarray,
    actual: np.ndarray,
    days: pd.Series,
) -> np.ndarray:
    """The level of each row's day, by `churn_level` or `revenue_level` over that day's rows; all (rows,)."""
    draft = pd.DataFrame({"predicted": predicted, "actual": actual})
    groups = draft.groupby(days.to_numpy())
    of = {day: level(g["predicted"].to_numpy(), g["actual"].to_numpy()) for day, g in groups}
    return days.map(of).to_numpy(dtype=float)


def _shapes(seasonal: bool) -> list[tuple[tuple[float, float] | None, tuple[float, float]]]:
    seasons = (None, *SEASONS) if seasonal else (None,)
    return [(season, drift) for season in seasons for drift in DRIFTS]


def _priors(seasonal: bool) -> np.ndarray:
    if not seasonal:
        return np.full(len(DRIFTS), 1.0 / len(DRIFTS))
    without = np.full(len(DRIFTS), (1.0 - SEASON_PRIOR) / len(DRIFTS))
    return np.append(without, np.full(len(DRIFTS) * len(SEASONS), SEASON_PRIOR / len(DRIFTS) / len(SEASONS)))


def _windows(weeks: np.ndarray, starts: np.ndarray, days: float) -> np.ndarray:
    """Which weeks lie in the window of each start, as shares of 1; shape (starts, weeks)."""
    inside = (weeks >= starts[:, None] - WEEK / 2) & (weeks < starts[:, None] + max(days, WEEK) - WEEK / 2)
    return np.asarray(inside / inside.sum(axis=1, keepdims=True))


def _kernel(weeks: np.ndarray, season: tuple[float, float] | None, drift: tuple[float, float]) -> np.ndarray:
    """The covariance of the curve between weeks: a constant, the season, and a Matérn 3/2 drift."""
    apart = np.abs(weeks[:, None] - weeks[None, :])
    size, memory = drift
    steps = np.sqrt(3.0) * apart / memory
    kernel = 1.0 + size**2 * (1.0 + steps) * np.exp(-steps)
    if season is not None:
        size, smooth = season
        kernel += size**2 * np.exp(-2.0 * (np.sin(np.pi * apart / YEAR) / smooth) ** 2)
    return np.asarray(kernel)


def _posterior(
    kernel: np.ndarray, seen: np.ndarray, levels: np.ndarray, noise: np.ndarray, ahead: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """The evidence (logarithm), and mean and variance of the windows ahead."""
    between = ahead @ kernel @ seen.T
    factor = cho_factor(seen @ kernel @ seen.T + np.diag(noise), lower=True)
    evidence = -0.5 * levels @ cho_solve(factor, levels) - np.log(np.diag(factor[0])).sum()
    mean = between @ cho_solve(factor, levels)
    spread = ((ahead @ kernel) * ahead).sum(axis=1)
    spread -= (between * cho_solve(factor, between.T).T).sum(axis=1)
    return float(evidence), mean, np.maximum(spread, 0.0)
