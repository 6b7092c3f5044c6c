"""CLV: expected net revenue, as a mean, so that sums over customers add up.

    √revenue = the sum of weight · √revenue of each member, times the level

buying     expected orders × order value × the share kept: Pareto/NBD and Gamma-Gamma
trees      gradient-boosted trees over all features
curves     an additive model over what the models of buying and a few windows say
rfm        a log-linear model of recency, frequency, money and age

All but `buying` are fitted on the revenue of the training horizons by quasi-likelihoods that keep means
(Tweedie, Jørgensen 1987), each day's level taken off. The weights are learnt on later days than those of the
fit. Another horizon than that of training is worth what `buying` says of it, times what the other members add
to `buying`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from features.catalog import Feature
from models import buying as btyd
from models import losses
from models.additive import Additive, Shape, fit_additive
from models.blend import blended, earlier_and_later, leant, roots, shares, weights
from models.btyd_fit import giant_ceiling
from models.buying import Buying
from models.columns import Columns, with_columns
from models.level import Level, churn_level, moved, of_each_day, revenue_level
from models.spread import Outcome, Spread, measure_spread
from models.trees import FEWEST_CUSTOMERS, Ensemble, Trees, grow

WORTH = "btyd_worth"
RFM = ("days_since_order", "order_days", "amount_total", "days_since_first_order")
CURVES = (
    *RFM,
    "usual_gap",
    "recency_days",
    "orders_90d",
    "orders_365d",
    "amount_365d",
    *(feature.name for feature in btyd.FEATURES),
    WORTH,
)
AMOUNTS = ("amount_14d", "amount_30d", "amount_60d", "amount_90d", "amount_180d", "amount_90_to_180d")
"""Facts of the catalogue that say nothing of churn beyond the number of orders, but much of money."""

PRIOR = {"buying": 0.3, "trees": 0.4, "curves": 0.2, "rfm": 0.1}
"""How much each member counts where nothing is known of later days."""

LEANING = {"buying": 0.15, "trees": 0.7, "curves": 0.1, "rfm": 0.05}
"""What the weights lean on where later days tell: trees gain most from the days they are weighed on."""

CURVED = Shape(losses.money, bends=3, ridge=10.0)
STRAIGHT = Shape(losses.money, bends=0, ridge=10.0)
POWER_OF_TREES = 1.2
"""Of the variance by the mean: less than elsewhere, for trees can't run away with a few great amounts."""

LEAN_OF_TREES = 0.5
"""Trees start halfway between nothing and what `buying` says: with all of it they rank worse, with nothing of
it they lose sight of the few greatest customers."""

LEAST_SHARE = 1e-3
"""Of the mean revenue: a customer worth less counts as worth that before logarithms are taken."""


@dataclass(frozen=True)
class Worth:
    """The members. `unit`: mean revenue of a training row, in money, by which all logarithms are taken.

    `ceiling`: what no revenue exceeded in the fit, in money; null where nobody spent anything. Where `buying`
    expects more, the other members, which have never seen it, add what they add at the ceiling, and nothing
    to lift it.
    """

    buying: Buying
    horizon_days: int
    unit: float
    ceiling: float | None
    trees: Ensemble | None
    additive: Mapping[str, Additive]

    @property
    def names(self) -> tuple[str, ...]:
        return ("buying", *self.additive, *(("trees",) if self.trees else ()))

    def told(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with what `buying` says of the training horizon; `btyd_worth` in logarithms of `unit`."""
        return self.told_of(frame, self.of(frame))

    def told_of(self, frame: pd.DataFrame, worth: np.ndarray) -> pd.DataFrame:
        """`told`, where the `worth` of each row is known."""
        known = np.minimum(worth, np.inf if self.ceiling is None else self.ceiling)
        return with_columns(self.buying.told(frame, self.horizon_days), {WORTH: self.logs(known)})

    def of(self, frame: pd.DataFrame) -> np.ndarray:
        """What `buying` expects in the training horizon, in money, shape (rows,)."""
        return self.buying.expected_revenue(frame, self.horizon_days)

    def expected_revenue(self, frame: pd.DataFrame, worth: np.ndarray, horizon_days: float) -> np.ndarray:
        """What `buying` says of another horizon, in money, shape (rows,).

        Beyond the ceiling only as much as the customer's usual (median) order carries: one giant order among
        many small ones doesn't come every time.
        """
        same = horizon_days == self.horizon_days
        revenue = worth if same else self.buying.expected_revenue(frame, horizon_days)
        if self.ceiling is None or "basket_median" not in frame:
            return revenue
        worth = np.maximum(worth, self.ceiling)
        with np.errstate(divide="ignore", invalid="ignore"):
            usual = frame["basket_median"].to_numpy(dtype=float) / frame["basket_mean"].to_numpy(dtype=float)
        return np.asarray(revenue * np.clip(np.nan_to_num(usual, nan=1.0), self.ceiling / worth, 1.0))

    def giants(self, worth: np.ndarray) -> np.ndarray:
        """Of whom `buying` expects more than the ceiling, shape (rows,)."""
        return np.asarray(worth > (np.inf if self.ceiling is None else self.ceiling))

    def logs(self, revenue: np.ndarray) -> np.ndarray:
        return np.asarray(np.log(np.maximum(revenue / self.unit, LEAST_SHARE)))

    def log_revenue(self, told: pd.DataFrame) -> dict[str, np.ndarray]:
        """Member → (rows,), up to a constant."""
        found = {name: additive.predict(told) for name, additive in self.additive.items()}
        if self.trees:
            found["trees"] = self.trees.predict(told) + LEAN_OF_TREES * told[WORTH].to_numpy(dtype=float)
        return {"buying": told[WORTH].to_numpy(dtype=float), **found}


@dataclass(frozen=True)
class ClvModel:
    """The blend of `worth` by `weights`, plus the level.

    `intercept`: the level of all training rows together, so that their sums add up. `level`: of the horizons
    to come, null where nothing is known of it.
    """

    worth: Worth
    weights: Mapping[str, float]
    intercept: float
    level: Level | None = None
    spread: Spread | None = None

    @property
    def buying(self) -> Buying:
        return self.worth.buying

    @property
    def trees(self) -> str:
        """LightGBM's own text; empty where too few customers spent anything for trees."""
        return self.worth.trees.text if self.worth.trees else ""

    def expected_revenue(self, frame: pd.DataFrame, horizon_days: float) -> np.ndarray:
        """Mean net revenue of each row's customer in `horizon_days` from `as_of`, in money, shape (rows,)."""
        if frame.empty:
            return np.empty(0)
        worth = self.worth.of(frame)
        told = self.worth.told_of(frame, worth)
        beyond = self.blended(told) - told[WORTH].to_numpy(dtype=float)
        beyond = np.where(self.worth.giants(worth), np.minimum(beyond, 0.0), beyond) + self._level(frame)
        return np.asarray(self.worth.expected_revenue(frame, worth, horizon_days) * np.exp(beyond))

    def interval(
        self, frame: pd.DataFrame, clv: np.ndarray, churn: np.ndarray, horizon_days: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """The 80 % interval of each row's `clv`; null where no horizon was over to measure it on.

        `churn`: the probability of no order in the training horizon. How it differs from what the models of
        buying say (in log-odds) is taken to hold for `horizon_days` too.
        """
        if self.spread is None:
            unknown = np.full(len(clv), np.nan)
            return unknown, unknown
        beyond = logit(np.clip(churn, btyd.EDGE, 1 - btyd.EDGE))
        beyond -= self.buying.silence(frame, self.worth.horizon_days)
        return self.spread.interval(clv, expit(self.buying.silence(frame, horizon_days) + beyond))

    def at(self, level: Level, customers: pd.DataFrame) -> ClvModel:
        """The same model at the level of the horizons to come; `customers`: those active at its `as_of`.

        `level` is of the models of buying: it gives the revenue of all `customers` together. Where it knows
        of the season, that is their revenue. Else it is one of two forecasts, the other being this model's
        own, and the (geometric) mean of both counts. Giant customers are left out, or they alone would set
        the level of all.
        """
        if customers.empty:
            return self
        told = self.worth.told(customers)
        expected, own = np.exp(told[WORTH].to_numpy(dtype=float)), np.exp(self.blended(told))
        usual = (tamed(expected) == expected) & (tamed(own) == own)
        intercept = float(level.levels[0] + np.log(expected[usual].sum() / own[usual].sum()))
        if not level.seasonal:
            intercept = (intercept + self.intercept) / 2
        return replace(self, intercept=intercept, level=level)

    def blended(self, told: pd.DataFrame) -> np.ndarray:
        """The logarithms of revenue but for the level, of what `worth.told` gives; shape (rows,)."""
        return blended(self.worth.log_revenue(told), self.weights, roots)

    def _level(self, frame: pd.DataFrame) -> np.ndarray:
        return self.intercept + moved(self.level, frame)

    def to_dict(self) -> dict[str, Any]:
        """All but the trees' text and the models of buying, which the bundle keeps by themselves."""
        worth = self.worth
        return {
            "columns": worth.trees.columns.to_dict() if worth.trees else None,
            "additive": {name: additive.to_dict() for name, additive in worth.additive.items()},
            "horizon_days": worth.horizon_days,
            "unit": worth.unit,
            "ceiling": worth.ceiling,
            "weights": dict(self.weights),
            "intercept": self.intercept,
            "level": self.level.to_dict() if self.level else None,
            "spread": self.spread.to_dict() if self.spread else None,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], trees: str, buying: Buying) -> ClvModel:
        columns, level, spread = values["columns"], values["level"], values["spread"]
        worth = Worth(
            buying,
            int(values["horizon_days"]),
            float(values["unit"]),
            values.get("ceiling"),
            Ensemble(Columns.from_dict(columns), trees) if columns else None,
            {name: Additive.from_dict(told) for name, told in values["additive"].items()},
        )
        return cls(
            worth,
            {str(name): float(weight) for name, weight in values["weights"].items()},
            float(values["intercept"]),
            Level.from_dict(level) if level else None,
            Spread.from_dict(spread) if spread else None,
        )


@dataclass(frozen=True)
class _Recipe:
    """What the members are fitted with. `bare`: without any but `buying`."""

    features: tuple[Feature, ...]
    trees: Trees
    bare: Worth


def fit_clv(
    frame: pd.DataFrame,
    features: Sequence[Feature],
    trees: Trees,
    buying: Buying,
    horizon_days: int,
    deviation: float = 0.0,
) -> ClvModel:
    """Fit the members on all of `frame`, and their weights on its last days.

    `frame`: customer_id, as_of, the features, and `revenue` of `horizon_days`. Revenue above 10 times the 99
    % quantile of those who spent counts as just that much, so that one giant customer hardly moves the
    others; below 0 (more returned than ordered) it counts as 0. Without any revenue `buying` speaks alone.
    `deviation`: of the level of the horizon to come, which widens the interval.
    """
    frame = frame.sort_values(["as_of", "customer_id"], ignore_index=True)
    # a giant among few customers is more than a hundredth of the rows, but never of the customers
    greatest = frame.groupby("customer_id")["revenue"].max()
    ceiling = min(_ceiling(of.to_numpy(dtype=float)) for of in (frame["revenue"], greatest))
    frame = frame.assign(revenue=frame["revenue"].clip(0.0, ceiling))
    unit = float(frame["revenue"].mean())
    if unit == 0.0:
        return ClvModel(Worth(buying, horizon_days, 1.0, None, None, {}), {"buying": 1.0}, 0.0)
    chosen = [replace(f, kind="number") if f.name in AMOUNTS else f for f in features]
    recipe = _Recipe(
        (*chosen, *btyd.FEATURES, _WORTH), trees, Worth(buying, horizon_days, unit, ceiling, None, {})
    )
    told = recipe.bare.told(frame)
    worth = _fit_members(recipe, told)
    blend, later = _weights(recipe, worth, told)
    draft = ClvModel(worth, blend, 0.0)
    overall = _levels(draft.blended(told), told.assign(as_of=told["as_of"].max()), unit)
    spread = _spread(later or _last_day(worth, told), blend, horizon_days, deviation)
    return replace(draft, intercept=float(overall.iloc[0]), spread=spread)


_WORTH = Feature(WORTH, "spend", "log", "revenue to expect in the horizon", worse="low", low=-np.inf)


def tamed(revenue: np.ndarray) -> np.ndarray:
    """Revenue between 0 and what no customer may exceed in a fit, shape (rows,)."""
    return np.asarray(np.clip(revenue, 0.0, _ceiling(revenue)))


def _ceiling(revenue: np.ndarray) -> float:
    spent = revenue[revenue > 0]
    return giant_ceiling(spent) if spent.size else 0.0


def _fit_members(recipe: _Recipe, told: pd.DataFrame) -> Worth:
    unit = recipe.bare.unit
    spent = told["revenue"].to_numpy(dtype=float) / unit
    offset = _levels(told[WORTH].to_numpy(dtype=float), told, unit).to_numpy()
    trees = None
    if told.loc[told["revenue"] > 0, "customer_id"].nunique() >= FEWEST_CUSTOMERS:
        objective = {"objective": "tweedie", "tweedie_variance_power": POWER_OF_TREES}
        leaning = offset + LEAN_OF_TREES * told[WORTH].to_numpy(dtype=float)
        # money asks for finer distinctions than churn: one level deeper
        larger = replace(recipe.trees, leaves=2 * recipe.trees.leaves + 1)
        trees = grow(Columns.of(recipe.features, told), told, spent, leaning, larger, objective)
    curves = [name for name in CURVES if name in told]
    additive = {
        "curves": fit_additive(curves, told, spent, offset, CURVED),
        "rfm": fit_additive(RFM, told, spent, offset, STRAIGHT),
    }
    return replace(recipe.bare, trees=trees, additive=additive)


@dataclass(frozen=True)
class _Judged:
    """Rows whose horizon is over, and what the members say of them."""

    logs: Mapping[str, np.ndarray]
    rows: pd.DataFrame
    unit: float


def _weights(recipe: _Recipe, worth: Worth, told: pd.DataFrame) -> tuple[dict[str, float], _Judged | None]:
    prior = shares(PRIOR, worth.names)
    unit = worth.unit
    earlier, later = earlier_and_later(told["as_of"], worth.horizon_days)
    if not (told.loc[earlier, "revenue"] > 0).any() or not (told.loc[later, "revenue"] > 0).any():
        return prior, None
    there = _fit_members(recipe, told[earlier].reset_index(drop=True))
    if there.names != worth.names:
        return prior, None
    rows = told[later].reset_index(drop=True)
    logs = there.log_revenue(rows)
    spent = rows["revenue"].to_numpy(dtype=float) / unit
    leaning = shares(LEANING, worth.names)
    learnt = weights(logs, spent, rows["as_of"], leaning, losses.money, roots)
    return leant(learnt, leaning), _Judged(logs, rows, unit)


def _levels(logs: np.ndarray, told: pd.DataFrame, unit: float) -> pd.Series:
    """By how much the revenue of each row's day lay beyond `logs` (rows,), in logarithms.

    What is expected of a giant customer counts as the greatest (tamed) revenue at most, as what they spent.
    """
    spent = told["revenue"].to_numpy(dtype=float) / unit
    expected = np.minimum(np.exp(logs), spent.max())
    return pd.Series(of_each_day(revenue_level, expected, spent, told["as_of"]), index=told.index)


def _last_day(worth: Worth, told: pd.DataFrame) -> _Judged:
    """The rows of the last day as the members that were fitted on them have it: a little too sure."""
    rows = told[told["as_of"] == told["as_of"].max()].reset_index(drop=True)
    return _Judged(worth.log_revenue(rows), rows, worth.unit)


def _spread(later: _Judged, blend: Mapping[str, float], horizon_days: int, deviation: float) -> Spread | None:
    """How far revenue lay from what the members predicted, each day's level taken off."""
    logs = blended(later.logs, blend, roots)
    predicted = later.unit * np.exp(logs + _levels(logs, later.rows, later.unit).to_numpy())
    revenue = later.rows["revenue"].to_numpy(dtype=float)
    silent = _silent(later.rows, revenue == 0.0)
    return measure_spread(Outcome(predicted, silent, revenue), horizon_days, deviation)


def _silent(rows: pd.DataFrame, spent_nothing: np.ndarray) -> np.ndarray:
    """The probability of spending nothing as the models of buying have it, at the level of each row's day."""
    silence = rows["btyd_silence"].to_numpy(dtype=float)
    nothing = spent_nothing.astype(float)
    return np.asarray(expit(silence + of_each_day(churn_level, silence, nothing, rows["as_of"])))
