"""The plan: who gets which offer, who is held back, who is left out and why. Nothing is sent here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd

from configs.settings import Winback
from features.errors import RequestError
from models.uplift.effects import Effects, Grade
from serving.winback.control import Design, design, detectable, hold_back, strata
from serving.winback.left_out import REASONS
from serving.winback.solve import NONE, Problem, Solution, solve

COLUMNS = (
    *("customer_id", "segment", "offer", "arm", "stratum", "treated_chance"),
    *("expected_orders", "expected_revenue", "expected_profit", "expected_cost"),
    *("usual_orders", "usual_revenue", "usual_profit"),
)
LARGEST_BUDGET = 1e12
TRIES = 10
"""At narrowing the choice until those contacted keep the limits; the last one counts all who are chosen."""
TO_LEARN = 1e-6
"""What a customer to explore counts as gaining, in money: less than any who pays."""


@dataclass(frozen=True)
class Situation:
    """All customers that could be contacted, in one order.

    `people`: customer_id, segment (null: none). `effects`: of the settings' offers. `usual`: orders, revenue,
    profit expected without an offer. `recent`: profit of the last campaign's days, in money. `barred`: why
    somebody mustn't be contacted, null where they may. `reach`: whether each offer's channel reaches them.
    """

    as_of: datetime
    people: pd.DataFrame
    effects: Effects
    usual: pd.DataFrame
    recent: np.ndarray
    barred: pd.Series
    reach: np.ndarray


@dataclass(frozen=True)
class Plan:
    """`rows`: one a chosen customer, `COLUMNS`; expected figures are those of a contact, profit after its
    cost.

    `left_out`: reason → how many. `for_service`: those with an open complaint whom an offer would pay, most
    valuable first. `gap`: the best choice may gain more by at most this share. `seed`: of the draw.
    """

    as_of: datetime
    budget: float
    grade: Grade
    rows: pd.DataFrame
    left_out: Mapping[str, int]
    for_service: tuple[str, ...]
    design: Design
    gap: float
    seed: int

    @property
    def treated(self) -> pd.DataFrame:
        return self.rows[self.rows["arm"] == "treatment"]

    @property
    def profit(self) -> float:
        """Expected of those contacted, after all costs."""
        return float(self.treated["expected_profit"].sum())

    @property
    def profit_each(self) -> float:
        """Expected per customer contacted; 0 where nobody is."""
        return self.profit / max(len(self.treated), 1)

    @property
    def cost(self) -> float:
        """Expected of those contacted: contacts and coupons redeemed."""
        return float(self.treated["expected_cost"].sum())


def make(situation: Situation, settings: Winback, budget: float, seed: int, explore: int = 0) -> Plan:
    """Choose, then hold a control group back by lot. Raises RequestError where the budget is no amount above
    0, or above `LARGEST_BUDGET`.

    The budget is for those who are contacted: expected coupons and contacts together. `explore`: so many
    customers drawn by lot may be chosen too, each with an offer by lot, to learn from, where no gain is
    expected.
    """
    _require_money(budget)
    real, cost = _pairs(situation, settings)
    gain = _paying(real, situation, settings, seed, explore)
    first = solve(_problem(gain, cost, settings, budget, 1.0))
    learning = situation.effects.grade == "prior"
    chosen = np.flatnonzero(first.offer != NONE)
    held = design(len(chosen), _mean(first), _deviation(situation, chosen), settings, learning=learning)
    wider = 1 / (1 - held.share)
    for attempt in range(TRIES):
        found = solve(_problem(gain, cost, settings, budget, wider))
        rows = np.flatnonzero(found.offer != NONE)
        stratum = strata(found.offer[rows], situation.usual["profit"].to_numpy(dtype=float)[rows])
        arms = hold_back(stratum, held.share, seed)
        spent = float(cost[rows, found.offer[rows]][~arms].sum())
        if wider <= 1 or (spent <= budget + 1e-6 and _within(found.offer[rows][~arms], settings)):
            break
        tighter = wider * min(0.999, budget / max(spent, 1e-9))
        wider = max(1.0, tighter) if attempt < TRIES - 2 else 1.0
    return Plan(
        situation.as_of,
        budget,
        situation.effects.grade,
        _rows(situation, settings, found.offer, arms, stratum, (real, cost), held.share),
        _left_out(situation, gain, found.offer),
        _for_service(situation, settings),
        _final(held, situation, rows, real[rows, found.offer[rows]], settings),
        found.gap,
        seed,
    )


def _require_money(budget: float) -> None:
    if not 0 <= budget <= LARGEST_BUDGET:
        raise RequestError(
            f"The budget is {budget:g}; give an amount of money above 0, {LARGEST_BUDGET:,.0f} at most."
        )
    if budget == 0:
        raise RequestError("The budget is 0, so nobody can be contacted; give an amount of money above 0.")


def _pairs(situation: Situation, settings: Winback) -> tuple[np.ndarray, np.ndarray]:
    """Gain after all costs and expected cost of each pair, (customers, offers); −∞ where it may not be."""
    contact, value = _costs(settings)
    gain = situation.effects.profit - contact
    cost = contact + situation.effects.redeemed * value
    free = situation.barred.isna().to_numpy()[:, None] & situation.reach
    return np.where(free, gain, -np.inf), cost


def _paying(real: np.ndarray, situation: Situation, settings: Winback, seed: int, explore: int) -> np.ndarray:
    """The gain that is chosen by. Where nothing is known, each customer has one of the offers that pay, by
    lot, so that offers can be compared; those to explore come after all who pay."""
    dice = np.random.default_rng((seed, 1))
    gain = np.where(real > settings.min_gain, real, -np.inf)
    lot = dice.random(gain.shape)
    if situation.effects.grade == "prior":
        drawn = np.where(gain > 0, lot, -1.0).argmax(axis=1)
        gain = np.where(np.arange(gain.shape[1]) == drawn[:, None], gain, -np.inf)
    open_ = np.flatnonzero(np.isfinite(real).any(axis=1) & ~(gain > 0).any(axis=1))
    some = dice.permutation(open_)[: max(explore, 0)]
    drawn = np.where(np.isfinite(real[some]), lot[some], -1.0).argmax(axis=1)
    gain[some, drawn] = TO_LEARN
    return gain


def _costs(settings: Winback) -> tuple[np.ndarray, np.ndarray]:
    contact = np.array([offer.contact_cost for offer in settings.offers])
    return contact, np.array([offer.coupon_value for offer in settings.offers])


def _problem(gain: np.ndarray, cost: np.ndarray, settings: Winback, budget: float, wider: float) -> Problem:
    """Limits are for those contacted: so many times `wider` for all chosen, of whom some are held back."""
    caps = tuple((about, most * wider) for about, most in _caps(settings))
    return Problem(gain, cost, budget * wider, caps)


def _caps(settings: Winback) -> list[tuple[np.ndarray, int]]:
    names = [offer.name for offer in settings.offers]
    channels = np.array([offer.channel for offer in settings.offers])
    caps = [
        (np.array([name == offer.name for name in names]), offer.most)
        for offer in settings.offers
        if offer.most is not None
    ]
    return caps + [(channels == channel, most) for channel, most in settings.most_per_channel.items()]


def _within(offers: np.ndarray, settings: Winback) -> bool:
    counts = np.bincount(offers, minlength=len(settings.offers))
    return all(counts[about].sum() <= most for about, most in _caps(settings))


def _mean(found: Solution) -> float:
    chosen = int((found.offer != NONE).sum())
    return found.gain / chosen if chosen else 0.0


def _deviation(situation: Situation, rows: np.ndarray) -> float:
    values = situation.recent[rows] if len(rows) > 1 else situation.recent
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _final(
    held: Design, situation: Situation, rows: np.ndarray, expected: np.ndarray, settings: Winback
) -> Design:
    """The design of those chosen in the end."""
    if held.share == 0 or len(rows) < 2:
        return replace(held, detects=None)
    smallest = detectable(len(rows), held.share, _deviation(situation, rows), settings.power)
    return replace(held, detects=smallest, expected=float(expected.mean()))


def _rows(
    situation: Situation,
    settings: Winback,
    offer: np.ndarray,
    held: np.ndarray,
    stratum: np.ndarray,
    pairs: tuple[np.ndarray, np.ndarray],
    share: float,
) -> pd.DataFrame:
    rows = np.flatnonzero(offer != NONE)
    place = offer[rows]
    names = np.array([each.name for each in settings.offers], dtype=object)
    usual = situation.usual.iloc[rows]
    people = situation.people.iloc[rows]
    frame = pd.DataFrame(
        {
            "customer_id": people["customer_id"].to_numpy(),
            "segment": people["segment"].to_numpy(),
            "offer": names[place],
            "arm": np.where(held, "control", "treatment"),
            "stratum": stratum,
            "treated_chance": 1 - share,
            "expected_orders": situation.effects.orders[rows, place],
            "expected_revenue": situation.effects.revenue[rows, place],
            "expected_profit": pairs[0][rows, place],
            "expected_cost": pairs[1][rows, place],
            **{f"usual_{name}": usual[name].to_numpy() for name in ("orders", "revenue", "profit")},
        }
    )
    best_first = frame.sort_values(["expected_profit", "customer_id"], ascending=[False, True])
    return best_first.reset_index(drop=True)[list(COLUMNS)]


def _left_out(situation: Situation, gain: np.ndarray, offer: np.ndarray) -> dict[str, int]:
    reason = situation.barred.to_numpy(dtype=object).copy()
    nobody = np.array([each is None or each != each for each in reason])
    reach = situation.reach.any(axis=1)
    put_off = (np.where(situation.reach, situation.effects.orders, -np.inf) < 0).all(axis=1)
    pays = (gain > 0).any(axis=1)
    steps = (
        ("out_of_reach", ~reach),
        ("sleeping_dog", put_off & ~pays),
        ("no_gain", ~pays),
        ("over_limit", offer == NONE),
    )
    for name, holds in steps:
        reason = np.where(nobody & holds, name, reason)
        nobody = nobody & ~holds
    counts = pd.Series(reason[~nobody]).value_counts()
    return {name: int(counts.get(name, 0)) for name in REASONS}


def _for_service(situation: Situation, settings: Winback) -> tuple[str, ...]:
    """Those whom only their open complaint keeps from an offer that would pay."""
    contact, _ = _costs(settings)
    best = np.where(situation.reach, situation.effects.profit - contact, -np.inf).max(axis=1)
    open_ = (situation.barred == "open_complaint").to_numpy() & (best > settings.min_gain)
    rows = np.flatnonzero(open_)
    return tuple(situation.people["customer_id"].to_numpy()[rows[np.argsort(-best[rows], kind="stable")]])
