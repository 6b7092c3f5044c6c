"""Past contacts → the effect of offers: the candidates are weighed, and what is not borne out is drawn to
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import nnls

from models.uplift.balance import Balance, Overlap, balance, overlap
from models.uplift.effects import MEANING, REACH, Grade
from models.uplift.fits import Linear, ridge
from models.uplift.inputs import Inputs
from models.uplift.learners import LEARNERS, TREES, Arms, Effect, Learner
from models.uplift.model import OUTCOMES, EffectModel
from models.uplift.qini import Qini, compare
from training.uplift_brought import brought
from training.uplift_rows import Past
from training.uplift_slopes import clustered, drawn
from training.uplift_unseen import FEWEST_FOR_TREES, Rows, Unseen, foretell, unseen, worth_of

TOGETHER = "together"
TENTHS = 10
LEAST_PART = 0.01
"""A candidate that counts for less is left out of the sum."""
CERTAIN = 2.576
"""`REACH` of 99 %: what a plan spends money on has to be surer than what is told, and looked at ten ways."""
COMPARABLE = 0.5
"""Below this share of rows that could have been either, an adjusted estimate says nothing."""


@dataclass(frozen=True)
class Evidence:
    """What the past campaigns show. `effect`: of the mean contact on each outcome, with the ends of its 95 %
    interval, before the cost of contact. `qini`: candidate → how well it ranks, money per customer; that gone
    by is `TOGETHER`. `weights`: of the candidates in it. `share`: of what these say that is borne out.
    `brought`: what an order that an offer brings about is worth beside a usual one. `errors`:
    `errors_of_best`."""

    grade: Grade
    contacts: int
    campaigns: int
    balance: Balance
    overlap: Overlap | None
    effect: Mapping[str, tuple[float, float, float]]
    raw_difference: Mapping[str, float]
    qini: Mapping[str, Qini]
    weights: Mapping[str, float]
    share: float
    brought: float
    errors: tuple[float, ...]

    @property
    def learner(self) -> str:
        """What is gone by: the candidates that count."""
        return " + ".join(f"{part:.2f} {name}" for name, part in self.weights.items()) or "nothing"

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
            "weights": dict(self.weights),
            "share": self.share,
            "brought": self.brought,
            "errors": list(self.errors),
        }


def learn(found: Past) -> tuple[EffectModel | None, Evidence]:
    """The effect as the best candidate tells it, and the evidence; no model where the grade is a prior."""
    inputs = Inputs.of(found.features, found.rows)
    matrix = inputs.matrix(found.rows)
    treated = found.rows["treated"].to_numpy(dtype=float)
    told = balance(matrix, inputs.names, treated, found.rows["campaign_id"].to_numpy())
    grade, adjusted, propensity = _grade(found, matrix, treated, told)
    rows = _rows(found, Arms.equal(matrix, treated, propensity), inputs)
    seen = unseen(rows, found.rows["customer_id"])
    names = _candidates(len(treated))
    apart = {name: seen.effects(learner) for name, learner in names.items()}
    parts = weights(apart, seen.arms, seen.left)
    apart[TOGETHER] = together(apart, seen)
    share = borne_out(apart[TOGETHER], seen)
    worth = replace(worth_of(rows), brought=brought(share * apart[TOGETHER], rows, seen))
    seen = replace(seen, stakes=replace(seen.stakes, brought=worth.brought))
    evidence = Evidence(
        grade,
        len(treated),
        found.rows["campaign_id"].nunique(),
        told,
        adjusted,
        {name: _interval(seen.plain[name], seen.customer) for name in OUTCOMES},
        {name: _raw(rows, name) for name in OUTCOMES},
        compare({name: seen.profit(effects) for name, effects in apart.items()}, seen.score["profit"]),
        parts,
        share,
        worth.brought,
        errors_of_best(seen.profit(apart[TOGETHER]), seen.plain["profit"], seen.customer),
    )
    if grade == "prior":
        return None, evidence
    fitted = (names[name](seen.arms, seen.left).times(share * part) for name, part in parts.items())
    orders = Effect(tuple(part for effect in fitted for part in effect.parts))
    usual = {name: _usual(rows, name) for name in OUTCOMES}
    model = EffectModel(grade, evidence.learner, inputs, foretell(rows), orders, worth, usual, found.season)
    return model, evidence


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
            f"{100 * evidence.overlap.comparable:.0f} % of them could have been contacted or not; weighted, "
            f"they are worth {evidence.overlap.effective:,.0f} customers."
        )
        lines.append(
            f"The plain difference of {currency} {evidence.raw_difference['profit']:+.2f} per contact is not "
            "called an effect: whoever was contacted had been chosen."
        )
    lines.append(
        f"{what} of a contact on profit, before its cost: {currency} {profit[0]:+.2f} "
        f"({profit[1]:+.2f} to {profit[2]:+.2f}); on the number of orders "
        f"{evidence.effect['orders'][0]:+.4f}."
    )
    lines.append(_ranking(evidence, currency))
    return (*lines, *_brought(evidence))


def _ranking(evidence: Evidence, currency: str) -> str:
    if evidence.share == 0:
        return (
            "No effect on orders was borne out with 99 % certainty, so a coupon is expected to cost what is "
            "redeemed and to gain nothing; `amity winback plan --explore N` draws some by lot to learn "
            "from."
        )
    best = evidence.qini[TOGETHER]
    return (
        f"Ranking: {evidence.learner}, Qini {currency} {best.value:+.3f} per customer ({best.low:+.3f} to "
        f"{best.high:+.3f}); {100 * evidence.share:.0f} % of what it says of effects is borne out."
    )


def _brought(evidence: Evidence) -> tuple[str, ...]:
    if evidence.brought == 1:
        return ()
    return (f"An order that an offer brings about is worth {100 * evidence.brought:.0f} % of a usual one.",)


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


def _rows(found: Past, arms: Arms, inputs: Inputs) -> Rows:
    frame = found.rows
    outcome = {name: frame[name].to_numpy(dtype=float) for name in OUTCOMES}
    value = frame["coupon_value"].fillna(0.0).to_numpy(dtype=float)
    own = arms.matrix.shape[1] - 1 - len(inputs.channels)
    busier = found.season.times(frame["as_of"])
    return Rows(arms, own, value, outcome, frame["redeemed"].to_numpy(dtype=float), busier)


def _candidates(rows: int) -> dict[str, Learner]:
    """By name, the simplest first; trees only where there are enough rows."""
    return {
        name: learner for name, learner in LEARNERS.items() if name not in TREES or rows >= FEWEST_FOR_TREES
    }


def _usual(rows: Rows, outcome: str) -> Linear:
    """Without an offer, in days as busy as the mean contact's; of the control, on the customer's inputs."""
    control = rows.arms.treated == 0
    told = rows.outcome[outcome] / rows.busier
    return ridge(rows.people[control], told[control], rows.arms.weight[control])


def weights(effects: Mapping[str, np.ndarray], arms: Arms, left: np.ndarray) -> dict[str, float]:
    """How much each candidate counts in their sum: least squares of how far the arms lie apart, none below 0.

    Stacking: Breiman (1996), Machine Learning 24; for effects, Nie, Wager (2021). `effects`: of each row, by
    what has not seen its customer. `left`: orders beyond those foretold. Candidates that don't count are left
    out.
    """
    root = np.sqrt(arms.precision)
    told = np.column_stack(list(effects.values())) * (root * arms.centred)[:, None]
    found, _ = nnls(told, root * left)
    return {name: float(part) for name, part in zip(effects, found, strict=True) if part > LEAST_PART}


def together(effects: Mapping[str, np.ndarray], seen: Unseen) -> np.ndarray:
    """The candidates' sum, of each row by weights that have not seen its customer either."""
    told = np.empty(len(seen.left))
    for rest, new in seen.folds():
        others = {name: each[rest] for name, each in effects.items()}
        parts = weights(others, seen.arms.of(rest), seen.left[rest])
        told[new] = sum((part * effects[name][new] for name, part in parts.items()), np.zeros(int(new.sum())))
    return told


def borne_out(effects: np.ndarray, seen: Unseen) -> float:
    """The share, 0 to 1, of effects predicted unseen that the outcomes show; 0 where its 99 % interval holds
    0, for then a plan would go by noise.

    The slope of what the arms lie apart on the predictions, counting orders by what they are worth, `drawn`
    to nothing. Contacts of one customer count as one draw.
    """
    told = seen.arms.centred * effects
    weight = seen.arms.precision * seen.stakes.each["profit"] ** 2
    power = float((weight * told**2).sum())
    if power <= 1e-12 * max(float(weight.sum()), 1e-300):
        return 0.0
    slope = float((weight * told * seen.left).sum()) / power
    error = clustered(weight * told * (seen.left - slope * told), seen.customer) / power
    if slope <= CERTAIN * error:
        return 0.0
    return float(np.clip(drawn(slope, error), 0.0, 1.0))


def errors_of_best(promised: np.ndarray, score: np.ndarray, customer: np.ndarray) -> tuple[float, ...]:
    """How uncertain the mean effect on profit is of those who promise most: its standard error, in money, of
    the best tenth, of the best two tenths, and so on to all. Each (rows,), by what has not seen the row."""
    order = np.argsort(-promised, kind="stable")
    parts = (order[: max(len(order) * tenth // TENTHS, 1)] for tenth in range(1, TENTHS + 1))
    return tuple(_error(score[best], customer[best]) for best in parts)


def _error(score: np.ndarray, customer: np.ndarray) -> float:
    return clustered(score - score.mean(), customer) / len(score)


def _interval(score: np.ndarray, customer: np.ndarray) -> tuple[float, float, float]:
    """The mean and its 95 % interval."""
    mean = float(score.mean())
    error = _error(score, customer)
    return mean, mean - REACH * error, mean + REACH * error


def _raw(rows: Rows, outcome: str) -> float:
    treated = rows.arms.treated == 1
    values = rows.outcome[outcome]
    return float(values[treated].mean() - values[~treated].mean())
