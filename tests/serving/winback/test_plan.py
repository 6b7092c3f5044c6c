"""A plan keeps its limits, holds back by lot, and says who is left out and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.settings import Offer, Winback
from features.errors import RequestError
from serving.winback import words
from serving.winback.plan import COLUMNS, Situation, make

Made = Callable[..., Situation]


def test_it_keeps_budget_and_caps(situation: Made, policy: Winback) -> None:
    capped = policy.model_copy(update={"most_per_channel": {"post": 11}})
    plan = make(situation(), capped, 400.0, seed=1)
    assert tuple(plan.rows.columns) == COLUMNS
    assert plan.rows["customer_id"].is_unique
    assert 30 < plan.cost <= 400
    assert 0 < (plan.treated["offer"] == "twenty").sum() <= 11
    assert (plan.rows["expected_profit"] > 0).all()
    assert plan.gap < 0.005


def test_expected_figures_are_those_of_the_offer(situation: Made, policy: Winback) -> None:
    given = situation()
    plan = make(given, policy, 40.0, seed=1)
    places = {"five": 0, "twenty": 1}
    for _, row in plan.rows.head(20).iterrows():
        at, offer = int(row["customer_id"][1:]), places[row["offer"]]
        contact, value = (0.1, 5) if offer == 0 else (1, 20)
        assert row["expected_profit"] == pytest.approx(given.effects.profit[at, offer] - contact)
        assert row["expected_cost"] == pytest.approx(contact + value * given.effects.redeemed[at, offer])
        assert row["usual_profit"] == given.usual["profit"].iloc[at]


def test_the_control_is_like_those_contacted(situation: Made, policy: Winback) -> None:
    plan = make(situation(6_000), policy, 5_000.0, seed=3)
    held = plan.rows["arm"] == "control"
    assert held.mean() == pytest.approx(plan.design.share, abs=0.001)
    by_offer = pd.crosstab(plan.rows["offer"], plan.rows["arm"], normalize="columns")
    np.testing.assert_allclose(by_offer["control"], by_offer["treatment"], atol=0.01)
    usual = plan.rows.groupby("arm")["usual_profit"].mean()
    assert usual["control"] == pytest.approx(usual["treatment"], rel=0.1)
    assert make(situation(6_000), policy, 5_000.0, seed=3).rows.equals(plan.rows)


def test_everybody_is_chosen_or_left_out_for_one_reason(situation: Made, policy: Winback) -> None:
    barred = pd.Series(None, index=range(600), dtype=object)
    barred[:10], barred[10:30], barred[30:35] = "opted_out", "open_complaint", "contacted_lately"
    reach = np.ones((600, 2), dtype=bool)
    reach[35:42] = False
    plan = make(situation(barred=barred, reach=reach), policy, 20.0, seed=1)
    assert sum(plan.left_out.values()) + len(plan.rows) == 600
    assert plan.left_out["opted_out"] == 10
    assert plan.left_out["open_complaint"] == 20
    assert plan.left_out["contacted_lately"] == 5
    assert plan.left_out["out_of_reach"] == 7
    assert plan.left_out["sleeping_dog"] > 100
    assert plan.left_out["over_limit"] > 0
    assert 0 < len(plan.for_service) < 20
    chosen = plan.rows["customer_id"].str[1:].astype(int)
    assert chosen.min() >= 42


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        (0.0, "The budget is 0, so nobody can be contacted"),
        (-5.0, "The budget is -5; give an amount"),
        (float("nan"), "The budget is nan; give an amount"),
        (float("inf"), "The budget is inf; give an amount"),
        (1e308, r"The budget is 1e\+308; give an amount of money above 0, 1,000,000,000,000 at most"),
    ],
)
def test_a_budget_is_an_amount_above_nothing(
    situation: Made, policy: Winback, budget: float, says: str
) -> None:
    with pytest.raises(RequestError, match=says):
        make(situation(), policy, budget, seed=1)


def test_an_offer_without_cost_is_told(situation: Made, policy: Winback) -> None:
    free = Offer(name="hello", channel="email", coupon_value=0, contact_cost=0)
    some = policy.model_copy(update={"offers": (free, policy.offers[1])})
    plan = make(situation(), some, 1.0, seed=1)
    assert (plan.rows["offer"] == "hello").sum() > 100
    assert "The budget doesn't limit offers that cost nothing: hello." in words.says(plan, some, "EUR")


def test_a_plan_for_few_says_that_nothing_can_be_claimed(situation: Made, policy: Winback) -> None:
    plan = make(situation(40), policy, 3.0, seed=1)
    assert (plan.rows["arm"] == "treatment").all()
    assert any("There is no control group" in line for line in words.says(plan, policy, "EUR"))


def test_a_plan_too_small_to_learn_from_says_so(situation: Made, policy: Winback) -> None:
    given = situation()
    plan = make(replace(given, recent=100 * given.recent), policy, 40.0, seed=1)
    assert plan.design.share == policy.control_most
    assert any("too few customers to learn" in line for line in words.says(plan, policy, "EUR"))


def test_nobody_where_no_offer_pays_and_why(situation: Made, policy: Winback) -> None:
    given = situation()
    effects = replace(given.effects, profit=given.effects.profit * 0 - 1)
    plan = make(replace(given, effects=effects), policy, 40.0, seed=1)
    assert plan.rows.empty
    assert plan.left_out["no_gain"] + plan.left_out["sleeping_dog"] == 600
    told = " ".join(words.says(plan, policy, "EUR"))
    assert "Nobody is contacted" in told
    assert "--explore" in told


def test_to_learn_some_are_drawn_by_lot_with_offers_by_lot(situation: Made, policy: Winback) -> None:
    given = situation()
    effects = replace(given.effects, profit=given.effects.profit * 0 - 1, grade="prior")
    plan = make(replace(given, effects=effects), policy, 300.0, seed=1, explore=200)
    assert 100 < len(plan.rows) <= 200
    assert plan.design.share == policy.control_most
    assert plan.design.expected < -1
    assert plan.rows["offer"].value_counts().min() > 40
    assert plan.cost <= 300


def test_with_a_prior_offers_that_pay_are_drawn_by_lot(situation: Made, policy: Winback) -> None:
    given = situation()
    cheap = policy.model_copy(
        update={"offers": (policy.offers[0], policy.offers[0].model_copy(update={"name": "b"}))}
    )
    effects = replace(given.effects, grade="prior")
    plan = make(replace(given, effects=effects), cheap, 1e6, seed=2)
    assert plan.rows["offer"].value_counts().min() > 100
    assert any("a prior" in line for line in words.says(plan, cheap, "EUR"))


def test_a_small_gain_is_left_where_the_settings_say_so(situation: Made, policy: Winback) -> None:
    some: Any = policy.model_copy(update={"min_gain": 5.0})
    plan = make(situation(), some, 1e6, seed=1)
    assert plan.rows["expected_profit"].min() > 5
