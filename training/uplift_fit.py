"""Past contacts → the effect of offers: the candidates compete, and what is not borne out is drawn to the
mean.

How much of what sets customers apart is borne out: the best linear predictor of Chernozhukov, Demirer, Duflo,
Fernández-Val (2025), Econometrica 93(4), of effects predicted for rows that the candidate has not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from models.uplift.balance import Balance, Overlap, balance, overlap
from models.uplift.effects import MEANING, Grade
from models.uplift.fits import Linear, ridge
from models.uplift.inputs import Inputs
from models.uplift.learners import LEARNERS, TREES, Arms, Effect, Learner, adjusted_difference
from models.uplift.model import OUTCOMES, EffectModel, Learnt, Offered, Shrinkage
from models.uplift.qini import Qini, chosen, compare, scores
from training.uplift_rows import Past

FOLDS = 5
FEWEST_FOR_TREES = 2_000
COMPARABLE = 0.5
"""Below this share of rows that could have been either, an adjusted estimate says nothing."""


@dataclass(frozen=True)
class Evidence:
    """What the past campaigns show. `effect`: of the mean contact on each outcome, with the ends of its 95 %
    interval, before the cost of contact. `qini`: candidate → how well it ranks, money per customer. `share`:
    of the differences between customers that is borne out."""

    grade: Grade
    contacts: int
    campaigns: int
    balance: Balance
    overlap: Overlap | None
    effect: Mapping[str, tuple[float, float, float]]
    raw_difference: Mapping[str, float]
    qini: Mapping[str, Qini]
    chosen: str
    share: float

    def to_dict(self) -> dict[str, Any]:
        adjusted = self.overlap
        return {
            "grade": self.grade,
            "contacts": self.contacts,
            "campaigns": self.campaigns,
            "balance": self.balance.differences,
            "balance_probability": self.balance.probability,
            "comparable": adjusted.comparable if adjusted else None,
            "effective": adjusted.effective if adjusted else None,
            "effect": {name: list(told) for name, told in self.effect.items()},
            "raw_difference": dict(self.raw_difference),
            "qini": {name: asdict(each) for name, each in self.qini.items()},
            "chosen": self.chosen,
            "share": self.share,
        }


@dataclass(frozen=True)
class _Rows:
    """`value`: of the coupon offered; `outcome`: by name; `redeemed`: 1 or 0, of the treated."""

    arms: Arms
    value: np.ndarray
    outcome: Mapping[str, np.ndarray]
    redeemed: np.ndarray

    def of(self, rows: np.ndarray) -> _Rows:
        outcome = {name: values[rows] for name, values in self.outcome.items()}
        return _Rows(self.arms.of(rows), self.value[rows], outcome, self.redeemed[rows])

    def steadied(self, offered: Offered) -> _Rows:
        """Money as each customer's orders at their own usual worth: the noise of baskets is left out."""
        given = self.redeemed * self.value
        orders = self.outcome["orders"]
        money = {
            name: orders * offered.each(name, self.arms.matrix) - given for name in ("revenue", "profit")
        }
        return replace(self, outcome={"orders": orders, **money})


def learn(found: Past) -> tuple[EffectModel | None, Evidence]:
    """The effect as the best candidate tells it, and the evidence; no model where the grade is a prior."""
    inputs = Inputs.of(found.features, found.rows)
    matrix = inputs.matrix(found.rows)
    treated = found.rows["treated"].to_numpy(dtype=float)
    told = balance(matrix, inputs.names, treated, found.rows["campaign_id"].to_numpy())
    grade, adjusted, propensity = _grade(found, matrix, treated, told)
    rows = _rows(found.rows, Arms(matrix, treated, propensity))
    names = _candidates(len(treated))
    customer = found.rows["customer_id"]
    apart, score, plain = _unseen(rows, names, customer)
    qini = compare({name: effect["profit"] for name, effect in apart.items()}, score["profit"])
    best = chosen(qini)
    shrinkage = _shrinkage(apart[best], score)
    evidence = Evidence(
        grade,
        len(treated),
        found.rows["campaign_id"].nunique(),
        told,
        adjusted,
        {name: _interval(plain[name], customer) for name in OUTCOMES},
        {name: _raw(rows, name) for name in OUTCOMES},
        qini,
        best,
        shrinkage["profit"].share,
    )
    if grade == "prior":
        return None, evidence
    usual = {name: _usual(rows, name, matrix.shape[1] - _of_offers(inputs)) for name in OUTCOMES}
    learnt = Learnt(_effect(rows, names[best]), _offered(rows))
    return EffectModel(grade, best, inputs, learnt, shrinkage, usual), evidence


def sentences(evidence: Evidence, currency: str) -> tuple[str, ...]:
    """The evidence in words."""
    profit = evidence.effect["profit"]
    experiment = evidence.grade == "experiment"
    what = "Effect" if experiment else "Difference after adjustment, not a proven effect"
    lines = [
        f"Evidence: {evidence.grade}; {MEANING[evidence.grade]}. {evidence.contacts:,} past contacts and "
        f"comparisons in {evidence.campaigns} campaigns.",
        evidence.balance.says,
    ]
    if evidence.overlap is not None:
        lines.append(
            f"{evidence.overlap.comparable:.0%} of them could have been contacted or not; weighted, they are "
            f"worth {evidence.overlap.effective:,.0f} customers."
        )
        lines.append(
            f"The plain difference of {evidence.raw_difference['profit']:+.2f} {currency} per contact is not "
            "called an effect: whoever was contacted had been chosen."
        )
    lines.append(
        f"{what} of a contact on profit, before its cost: {profit[0]:+.2f} {currency} "
        f"({profit[1]:+.2f} to {profit[2]:+.2f}); on orders {evidence.effect['orders'][0]:+.4f}."
    )
    best = evidence.qini[evidence.chosen]
    lines.append(
        f"Ranking: {evidence.chosen}, Qini {best.value:+.3f} {currency} per customer ({best.low:+.3f} to "
        f"{best.high:+.3f}); {evidence.share:.0%} of the differences between customers is borne out."
    )
    return tuple(lines)


def _grade(
    found: Past, matrix: np.ndarray, treated: np.ndarray, told: Balance
) -> tuple[Grade, Overlap | None, np.ndarray]:
    """The grade, the adjustment where one is needed, and the chance of being treated."""
    by_campaign = found.rows.groupby("campaign_id")["treated"].transform("mean").to_numpy(dtype=float)
    if found.held_back and told.by_lot:
        return "experiment", None, by_campaign
    adjusted = overlap(matrix, treated)
    grade: Grade = "adjusted observation" if adjusted.comparable >= COMPARABLE else "prior"
    return grade, adjusted, adjusted.propensity


def _rows(frame: pd.DataFrame, arms: Arms) -> _Rows:
    outcome = {name: frame[name].to_numpy(dtype=float) for name in OUTCOMES}
    value = frame["coupon_value"].fillna(0.0).to_numpy(dtype=float)
    return _Rows(arms, value, outcome, frame["redeemed"].to_numpy(dtype=float))


def _candidates(rows: int) -> dict[str, Learner]:
    """By name, the simplest first; trees only where there are enough rows."""
    return {
        name: learner for name, learner in LEARNERS.items() if name not in TREES or rows >= FEWEST_FOR_TREES
    }


def _unseen(
    rows: _Rows, names: Mapping[str, Learner], customer: pd.Series
) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Of each row, by what has not seen its customer: candidate → outcome → effects, and outcome → scores of
    steadied money, and of money as it was.
    """
    codes, _ = pd.factorize(customer, sort=True)
    fold = np.random.default_rng(0).permutation(codes.max() + 1)[codes] % FOLDS
    size = len(fold)
    apart = {name: {outcome: np.empty(size) for outcome in OUTCOMES} for name in names}
    score, plain = ({outcome: np.empty(size) for outcome in OUTCOMES} for _ in range(2))
    for held in range(FOLDS):
        seen, new = rows.of(fold != held), rows.of(fold == held)
        offered = _offered(seen)
        for name, learner in names.items():
            told = Learnt(_effect(seen, learner), offered).raw(new.arms.matrix, new.value)
            for outcome in OUTCOMES:
                apart[name][outcome][fold == held] = told[outcome]
        for outcome in OUTCOMES:
            plain[outcome][fold == held] = _scores(seen, new, outcome)
            score[outcome][fold == held] = _scores(seen.steadied(offered), new.steadied(offered), outcome)
    return apart, score, plain


def _scores(seen: _Rows, new: _Rows, outcome: str) -> np.ndarray:
    """The level of the outcome comes from a regression on inputs and the mean effect: less noise."""
    values = seen.outcome[outcome]
    middle = adjusted_difference(seen.arms, values)
    base = ridge(seen.arms.matrix, values - middle * seen.arms.treated, np.ones(len(values)))
    without = base.predict(new.arms.matrix)
    return scores(new.outcome[outcome], new.arms.treated, new.arms.propensity, (without + middle, without))


def _effect(rows: _Rows, learner: Learner) -> Effect:
    return learner(rows.arms, rows.outcome["orders"])


def _offered(rows: _Rows) -> Offered:
    """Money per order before coupons, of those who ordered; chance of redeeming, of the treated."""
    matrix, treated = rows.arms.matrix, rows.arms.treated == 1
    orders = rows.outcome["orders"]
    bought = orders > 0
    given = rows.redeemed * rows.value
    revenue, profit = (
        ridge(matrix[bought], (rows.outcome[name] + given)[bought] / orders[bought], orders[bought])
        for name in ("revenue", "profit")
    )
    redeemed = ridge(matrix[treated], rows.redeemed[treated], np.ones(int(treated.sum())))
    return Offered(revenue, profit, redeemed)


def _usual(rows: _Rows, outcome: str, columns: int) -> Linear:
    """Without an offer: of the control, on the customer's own inputs."""
    control = rows.arms.treated == 0
    return ridge(
        rows.arms.matrix[control][:, :columns], rows.outcome[outcome][control], rows.arms.weight[control]
    )


def _of_offers(inputs: Inputs) -> int:
    return 1 + len(inputs.channels)


def _shrinkage(apart: Mapping[str, np.ndarray], score: Mapping[str, np.ndarray]) -> dict[str, Shrinkage]:
    """Toward the same for all, by what is borne out on profit; a mean gain by its own uncertainty too."""
    share = borne_out(apart["profit"], score["profit"])
    found = {}
    for name in OUTCOMES:
        centre = float(np.mean(apart[name]))
        found[name] = Shrinkage(
            cautious(centre, _error(score[name]), float(np.mean(score[name]))), centre, share
        )
    return found


def borne_out(apart: np.ndarray, score: np.ndarray) -> float:
    """The share, 0 to 1, of predicted differences that the scores show; less where that is uncertain.

    The slope of the scores on the predictions, times 1 − (error ÷ slope)², as James, Stein (1961) draw a
    mean.
    """
    centred = apart - apart.mean()
    power = float((centred**2).sum())
    if power <= 1e-12 * max(len(apart), 1):
        return 0.0
    slope = float((centred * score).sum()) / power
    left = score - score.mean() - slope * centred
    error = float(np.sqrt((centred**2 * left**2).sum())) / power
    if slope <= error:
        return 0.0
    return float(min(slope * (1 - (error / slope) ** 2), 1.0))


def cautious(mean: float, error: float, seen: float) -> float:
    """The mean effect to reckon with: as predicted where the scores' mean `seen` doesn't contradict it, else
    seen.

    A gain is drawn toward 0 by its uncertainty; a loss is taken as it is.
    """
    middle = mean if abs(mean - seen) <= 1.96 * error else seen
    if middle <= 0:
        return middle
    return middle * max(0.0, 1 - (error / middle) ** 2)


def _error(score: np.ndarray) -> float:
    return float(score.std(ddof=1) / np.sqrt(len(score)))


def _interval(score: np.ndarray, customer: pd.Series) -> tuple[float, float, float]:
    """The mean and its 95 % interval; contacts of one customer count as one draw."""
    mean = float(score.mean())
    sums = pd.Series(score - mean).groupby(customer.to_numpy()).sum().to_numpy()
    error = float(np.sqrt((sums**2).sum())) / len(score)
    return mean, mean - 1.96 * error, mean + 1.96 * error


def _raw(rows: _Rows, outcome: str) -> float:
    treated = rows.arms.treated == 1
    values = rows.outcome[outcome]
    return float(values[treated].mean() - values[~treated].mean())
