"""Churn: trees and simple models over the features, blended, at the level of the horizon to come.

    log-odds = the sum of weight · log-odds of each member + level

The members say what sets the customers of one day apart: each is fitted with the level of every training day
taken off. The weights are learnt on days later than those of the fit. The level is a matter of the season,
and comes from `models.level` where there is a history of orders.

trees      gradient-boosted trees over all features
curves     an additive model over what the buy-till-you-die models and a few windows say
rfm        a logistic regression on recency, frequency, money and age
silence    the Pareto/NBD's own log-odds of no order
linear     a logistic regression on all numbers, where there is no history of orders
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from features.catalog import Feature
from features.errors import HistoryError
from models import buying as btyd
from models import losses
from models.additive import Additive, Shape, fit_additive
from models.blend import blended, earlier_and_later, leant, shares, weights
from models.buying import Buying
from models.columns import Columns, require
from models.level import Level, churn_level, moved, of_each_day, shift
from models.trees import FEWEST_CUSTOMERS, Ensemble, Trees, grow

RFM = ("days_since_order", "order_days", "amount_total", "days_since_first_order")
CURVES = (
    *RFM,
    "usual_gap",
    "recency_days",
    "orders_90d",
    "orders_365d",
    *(feature.name for feature in btyd.FEATURES),
)
WITH_HISTORY = {"trees": 0.4, "curves": 0.2, "rfm": 0.2, "silence": 0.2}
WITHOUT_HISTORY = {"trees": 0.7, "linear": 0.3}
"""How much each member counts where no later days can tell."""

LEANING = {"trees": 0.76, "curves": 0.08, "rfm": 0.08, "silence": 0.08, "linear": 0.24}
"""What the weights lean on where later days tell: trees gain most from the days they are weighed on."""

CURVED = Shape(losses.churn, bends=3, ridge=1.0)
STRAIGHT = Shape(losses.churn, bends=0, ridge=1.0)
FOLDS = 4


@dataclass(frozen=True)
class History:
    """What the fitted `buying` says of each customer, asked for `horizon_days` ahead."""

    buying: Buying
    horizon_days: int

    def told(self, frame: pd.DataFrame) -> pd.DataFrame:
        return self.buying.told(frame, self.horizon_days)


@dataclass(frozen=True)
class Members:
    """The models of a blend; those left out are null or without curves.

    `additive`: name → curves, of `curves`, `rfm` and `linear`. `history`: null where there are no orders.
    """

    trees: Ensemble | None
    additive: Mapping[str, Additive]
    history: History | None

    @property
    def names(self) -> tuple[str, ...]:
        of_history = ("silence",) if self.history else ()
        return (*self.additive, *(("trees",) if self.trees else ()), *of_history)

    def told(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with what `history` says."""
        return self.history.told(frame) if self.history else frame

    def log_odds(self, told: pd.DataFrame) -> dict[str, np.ndarray]:
        """Member → (rows,)."""
        found = {name: additive.predict(told) for name, additive in self.additive.items()}
        if self.trees:
            found["trees"] = self.trees.predict(told)
        if self.history:
            found["silence"] = told["btyd_silence"].to_numpy(dtype=float)
        return found

    def contributions(self, told: pd.DataFrame) -> dict[str, tuple[float, Sequence[str], np.ndarray]]:
        """Member → base, inputs, and what each adds, shape (rows, inputs)."""
        found: dict[str, tuple[float, Sequence[str], np.ndarray]] = {
            name: (0.0, additive.names, additive.contributions(told))
            for name, additive in self.additive.items()
        }
        if self.trees:
            base, shap = self.trees.contributions(told)
            found["trees"] = (base, self.trees.columns.names, shap)
        if self.history:
            silence = told[["btyd_silence"]].to_numpy(dtype=float)
            found["silence"] = (0.0, ("btyd_silence",), silence)
        return found


@dataclass(frozen=True)
class ChurnModel:
    """The blend of `members` by `weights`, plus the level.

    `intercept`: the level of training. `level`: of the horizons to come, null where nothing is known of it.
    `usual`: the mean contribution of each input over the customers that contributions are measured from.
    """

    members: Members
    weights: Mapping[str, float]
    intercept: float
    level: Level | None = None
    usual: Mapping[str, float] = field(default_factory=dict)

    @property
    def inputs(self) -> tuple[str, ...]:
        """All that contributions are told of, the features and what the models of buying say."""
        names = [*(self.members.trees.columns.names if self.members.trees else ())]
        for additive in self.members.additive.values():
            names += additive.names
        if self.members.history:
            names.append("btyd_silence")
        return tuple(dict.fromkeys(names))

    @property
    def columns(self) -> Columns:
        """The features that a frame must hold: numbers, and categories with their known names."""
        told = {feature.name for feature in btyd.FEATURES} if self.members.history else set()
        categories = self.members.trees.columns.categories if self.members.trees else {}
        numbers = [name for name in self.inputs if name not in told and name not in categories]
        asked = [name for name in btyd.REQUIRED if name not in numbers] if self.members.history else []
        return Columns((*numbers, *asked), categories)

    @property
    def trees(self) -> str:
        """LightGBM's own text; empty where there were too few customers for trees."""
        return self.members.trees.text if self.members.trees else ""

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """Churn probability of each row, shape (rows,), at the level of its `as_of`, where it has one."""
        return np.asarray(expit(self.log_odds(frame)))

    def log_odds(self, frame: pd.DataFrame) -> np.ndarray:
        """Shape (rows,); raises ModelError where the frame lacks a feature."""
        if frame.empty:
            return np.empty(0)
        return np.asarray(self.blended(self._told(frame)) + self._level(frame))

    def values(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The inputs of `contributions` as numbers (a category by its place), shape (rows, inputs)."""
        told = self._told(frame)
        trees = self.members.trees
        coded = {}
        if trees:
            matrix = trees.columns.matrix(told)
            coded = {name: matrix[:, place] for place, name in enumerate(trees.columns.names)}
        return pd.DataFrame({name: coded.get(name, told[name]) for name in self.inputs}, index=frame.index)

    def contributions(self, frame: pd.DataFrame) -> tuple[float, pd.DataFrame]:
        """The base log-odds, and what each input adds to it, in log-odds.

        Shape (rows, inputs). Base plus a row's contributions is that row's log-odds. Both are measured from
        the `usual` contributions, where there are any. All rows are of one `as_of`.
        """
        names = list(self.inputs)
        if frame.empty:
            return self.intercept, pd.DataFrame(columns=names, dtype=float)
        places = {name: place for place, name in enumerate(names)}
        usual = np.array([self.usual.get(name, 0.0) for name in names])
        base = float(self._level(frame.iloc[:1])[0]) + float(usual.sum())
        table = np.tile(-usual, (len(frame), 1))
        for member, (own, inputs, added) in self.members.contributions(self._told(frame)).items():
            weight = self.weights[member]
            base += weight * own
            table[:, [places[name] for name in inputs]] += weight * added
        return base, pd.DataFrame(table, columns=names, index=frame.index)

    def measured_from(self, customers: pd.DataFrame) -> ChurnModel:
        """The same model, its base the average of these customers instead of the average of training."""
        if customers.empty:
            return self
        _, contributions = replace(self, usual={}).contributions(customers)
        return replace(self, usual={str(k): float(v) for k, v in contributions.mean().items()})

    def at(self, level: Level, customers: pd.DataFrame) -> ChurnModel:
        """The same model at the level of the horizons to come; `customers`: those active at its `as_of`.

        `level` is of the models of buying, or of the share that churns where there are none: it gives the
        share of `customers` that will churn. Where it knows of the season, that is their share. Else it is
        one of two forecasts, the other being this model's own, and the mean of both counts (in log-odds).
        """
        if customers.empty:
            return self
        told = self.members.told(customers)
        silence = told["btyd_silence"].to_numpy(dtype=float) if self.members.history else np.zeros(len(told))
        expected = expit(silence + level.levels[0]).mean()
        intercept = shift(self.blended(told), float(expected))
        if not level.seasonal:
            intercept = (intercept + self.intercept) / 2
        return replace(self, intercept=intercept, level=level)

    def _told(self, frame: pd.DataFrame) -> pd.DataFrame:
        require(self.columns.names, frame)
        return self.members.told(frame)

    def blended(self, told: pd.DataFrame) -> np.ndarray:
        """The log-odds but for the level, of what `members.told` gives; shape (rows,)."""
        return blended(self.members.log_odds(told), self.weights)

    def _level(self, frame: pd.DataFrame) -> np.ndarray:
        return self.intercept + moved(self.level, frame)

    def to_dict(self) -> dict[str, Any]:
        """All but the trees' text and the models of buying, which the bundle keeps by themselves."""
        trees, history = self.members.trees, self.members.history
        return {
            "columns": trees.columns.to_dict() if trees else None,
            "additive": {name: additive.to_dict() for name, additive in self.members.additive.items()},
            "horizon_days": history.horizon_days if history else None,
            "weights": dict(self.weights),
            "intercept": self.intercept,
            "level": self.level.to_dict() if self.level else None,
            "usual": dict(self.usual),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], trees: str, buying: Buying | None = None) -> ChurnModel:
        columns, horizon, level = values["columns"], values["horizon_days"], values["level"]
        members = Members(
            Ensemble(Columns.from_dict(columns), trees) if columns else None,
            {name: Additive.from_dict(told) for name, told in values["additive"].items()},
            History(buying, int(horizon)) if buying and horizon else None,
        )
        return cls(
            members,
            {str(name): float(weight) for name, weight in values["weights"].items()},
            float(values["intercept"]),
            Level.from_dict(level) if level else None,
            {str(name): float(value) for name, value in values["usual"].items()},
        )


@dataclass(frozen=True)
class _Recipe:
    """What the members are fitted with."""

    features: tuple[Feature, ...]
    trees: Trees
    history: History | None
    horizon_days: int


def fit_churn(
    frame: pd.DataFrame,
    features: Sequence[Feature],
    trees: Trees,
    history: History | None = None,
    horizon_days: int = 0,
) -> ChurnModel:
    """Fit the members on all of `frame`, and their weights on its last days.

    `frame`: customer_id, as_of, the features, and `churned`. `history`: what the models of buying say, where
    there are orders. `horizon_days`: of the label, where there is no history. With a single snapshot date the
    customers are split for the weights; where the horizons of no earlier day are over by the last ones, the
    weights are preset. Fewer than 100 customers of either outcome are too few for trees. Raises HistoryError
    where nobody or everybody churned.
    """
    frame = frame.sort_values(["as_of", "customer_id"], ignore_index=True)
    _require_both_outcomes(frame["churned"])
    told = history.told(frame) if history else frame
    own = tuple(btyd.FEATURES) if history else ()
    recipe = _Recipe((*features, *own), trees, history, history.horizon_days if history else horizon_days)
    members = _fit_members(recipe, told)
    return _at_own_level(members, _weights(recipe, members, told), told)


def _at_own_level(members: Members, blend: Mapping[str, float], told: pd.DataFrame) -> ChurnModel:
    """The blend at the mean level of the training days."""
    draft = ChurnModel(members, blend, 0.0)
    levels = _levels(draft.blended(told), told)
    return replace(draft, intercept=float(levels.groupby(told["as_of"].to_numpy()).first().mean()))


def _fit_members(recipe: _Recipe, told: pd.DataFrame) -> Members:
    churned = told["churned"].to_numpy(dtype=float)
    base = told["btyd_silence"].to_numpy(dtype=float) if recipe.history else np.zeros(len(told))
    offset = _levels(base, told).to_numpy()
    columns = Columns.of(recipe.features, told)
    trees = None
    if _enough_for_trees(told):
        trees = grow(columns, told, churned, offset, recipe.trees, {"objective": "binary"})
    if recipe.history:
        curves = [name for name in CURVES if name in told]
        additive = {
            "curves": fit_additive(curves, told, churned, offset, CURVED),
            "rfm": fit_additive(RFM, told, churned, offset, STRAIGHT),
        }
    else:
        additive = {"linear": fit_additive(columns.numbers, told, churned, offset, STRAIGHT)}
    return Members(trees, additive, recipe.history)


def _enough_for_trees(told: pd.DataFrame) -> bool:
    customers = told.groupby("churned")["customer_id"].nunique()
    return bool((customers >= FEWEST_CUSTOMERS).all())


def _weights(recipe: _Recipe, members: Members, told: pd.DataFrame) -> dict[str, float]:
    """A part of it learnt on rows that the members of other rows predict, the rest what the weights lean on.

    The members of fewer and older rows stand for those of all, of which the trees make more than the others.
    """
    names = members.names
    if len(names) == 1:
        return dict.fromkeys(names, 1.0)
    found = []
    for earlier, later in _splits(recipe, told):
        there = _fit_members(recipe, told[earlier].reset_index(drop=True))
        if there.names == names:
            found.append((there.log_odds(told[later]), told[later]))
    if not found:
        return shares(WITH_HISTORY if members.history else WITHOUT_HISTORY, names)
    rows = pd.concat([part for _, part in found])
    z = {name: np.concatenate([odds[name] for odds, _ in found]) for name in names}
    leaning = shares(LEANING, names)
    learnt = weights(z, rows["churned"].to_numpy(dtype=float), rows["as_of"], leaning, losses.churn)
    return leant(learnt, leaning)


def _splits(recipe: _Recipe, told: pd.DataFrame) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit on, and later rows to weigh on; of a single day, four parts of the customers in turn."""
    days = told["as_of"]
    if days.nunique() == 1:
        fold = np.arange(len(told)) % FOLDS
        return [(fold != held, fold == held) for held in range(FOLDS)]
    earlier, later = earlier_and_later(days, recipe.horizon_days)
    if told.loc[earlier, "churned"].nunique() < 2 or told.loc[later, "churned"].nunique() < 2:
        return []
    return [(earlier, later)]


def _levels(log_odds: np.ndarray, told: pd.DataFrame) -> pd.Series:
    """By how much the churn of each row's day lay beyond `log_odds` (rows,)."""
    churned = told["churned"].to_numpy(dtype=float)
    return pd.Series(of_each_day(churn_level, log_odds, churned, told["as_of"]), index=told.index)


def _require_both_outcomes(churned: pd.Series) -> None:
    if churned.all() or not churned.any():
        what = "Every customer" if churned.all() else "No customer"
        raise HistoryError(
            f"{what} churned in all {len(churned):,} training snapshots, so there is nothing to tell apart. "
            "Change horizon_days or lookback_days."
        )
