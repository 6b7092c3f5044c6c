"""What is learnt of offers: a true effect, none where there is none, and what kind of evidence it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from configs.settings import Offer
from features.catalog import Feature
from models.uplift.learners import LEARNERS, Arms
from models.uplift.model import Stakes
from training.uplift_fit import TOGETHER, borne_out, errors_of_best, learn, sentences, together, weights
from training.uplift_rows import Past
from training.uplift_unseen import Unseen

FEATURES = (
    Feature("orders_90d", "rhythm", "", ""),
    Feature("usual_basket", "spend", "", ""),
    Feature("segment", "profile", "", "", kind="category"),
)
OFFER = Offer(name="ten", channel="email", coupon_value=10, contact_cost=0)


def _past(
    rows: int, *, gold: float = 0.0, chosen: bool = False, held_back: bool = True, seed: int = 0
) -> Past:
    """Coupons of 10 bring an order of 50 (25 of profit) to so many of the gold customers; `chosen`: busy
    ones are contacted more often."""
    dice = np.random.default_rng(seed)
    busy = dice.integers(0, 6, rows).astype(float)
    segment = dice.choice(["gold", "silver"], rows)
    chance = 0.2 + 0.6 * (busy >= 3) if chosen else np.full(rows, 0.6)
    treated = (dice.random(rows) < chance).astype(int)
    brought = (dice.random(rows) < gold) & (segment == "gold") & (treated == 1)
    orders = dice.poisson(0.1 + 0.1 * busy) + brought
    redeemed = brought.astype(int)
    amounts = 50.0 * orders - 10 * redeemed
    frame = pd.DataFrame(
        {
            "customer_id": [f"C{number}" for number in range(rows)],
            "campaign_id": np.where(np.arange(rows) % 2, "one", "two"),
            "as_of": pd.Timestamp(2024, 1, 1),
            "treated": treated,
            "coupon_value": 10.0,
            "channel": "email",
            "redeemed": redeemed,
            "orders": orders,
            "revenue": amounts,
            "profit": amounts - 25.0 * orders,
            "orders_90d": busy,
            "usual_basket": 50 + dice.normal(0, 5, rows),
            "segment": segment,
        }
    )
    return Past(frame, FEATURES, held_back)


def test_an_effect_is_found_where_it_is() -> None:
    """0.4 orders of 25 less 0.4 coupons of 10 for gold: 6, and nothing for silver. Whatever the draw."""
    clear = 0
    for seed in range(6):
        found = _past(1_900, gold=0.4, seed=seed)
        model, evidence = learn(found)
        assert model is not None
        assert evidence.grade == "experiment"
        assert evidence.share > 0.5
        assert evidence.qini[TOGETHER].value > 0
        clear += evidence.qini[TOGETHER].low > 0
        effects = model.effects(found.rows, [OFFER])
        gold = (found.rows["segment"] == "gold").to_numpy()
        assert effects.profit[gold].mean() == pytest.approx(6, abs=2.5)
        assert effects.profit[~gold].mean() == pytest.approx(0, abs=1.5)
        assert effects.redeemed[gold].mean() == pytest.approx(0.4, abs=0.06)
    assert clear >= 4


def test_what_is_told_of_past_campaigns() -> None:
    """The mean of gold's 6 and silver's 0 lies in the interval; the busy usually order more."""
    found = _past(2_100, gold=0.4)
    model, evidence = learn(found)
    assert model is not None
    low, high = evidence.effect["profit"][1:]
    assert low < 3 < high
    usual = model.usual(found.rows)["orders"]
    assert np.corrcoef(usual, found.rows["orders_90d"])[0, 1] > 0.95
    assert set(evidence.weights) <= set(LEARNERS)
    told = " ".join(sentences(evidence, "EUR"))
    assert "learnt from past campaigns with a control group drawn by lot" in told
    assert evidence.learner in told


def test_no_effect_is_not_made_up() -> None:
    """Nobody is moved: what is said of 200 customers is next to nothing, and mostly nothing at all."""
    said = []
    for seed in range(6):
        model, evidence = learn(_past(1_500, seed=seed))
        assert model is not None
        said.append(float(np.abs(model.effects(_past(200).rows, [OFFER]).profit).mean()))
        assert (evidence.share == 0) == (
            "No effect on orders was borne out" in sentences(evidence, "EUR")[-1]
        )
    assert np.median(said) < 0.3
    assert max(said) < 2.5


def test_who_was_chosen_is_adjusted_for_and_not_called_an_effect() -> None:
    """Busy customers were contacted, and nothing came of it: the plain difference is all selection."""
    model, evidence = learn(_past(1_900, chosen=True, held_back=False))
    assert model is not None
    assert evidence.grade == "adjusted observation"
    assert evidence.raw_difference["profit"] > 2
    low, high = evidence.effect["profit"][1:]
    assert low < 0 < high
    told = " ".join(sentences(evidence, "EUR"))
    assert "is not called an effect" in told
    assert "orders_90d" in told
    assert "not a proven effect" in told


def test_arms_said_to_be_drawn_by_lot_that_were_not() -> None:
    _, evidence = learn(_past(1_500, chosen=True))
    assert evidence.grade == "adjusted observation"


def test_without_overlap_nothing_is_learnt() -> None:
    found = _past(1_500, held_back=False)
    found.rows["treated"] = (found.rows["orders_90d"] >= 3).astype(int)
    found.rows["orders_90d"] = 50.0 * found.rows["treated"]
    model, evidence = learn(found)
    assert model is None
    assert evidence.grade == "prior"


def _seen(left: np.ndarray, worth: np.ndarray) -> Unseen:
    """Each row a customer of their own, half of them treated by lot; each order is worth so much."""
    dice = np.random.default_rng(9)
    size = len(left)
    treated = dice.integers(0, 2, size).astype(float)
    arms = Arms.equal(np.empty((size, 0)), treated, np.full(size, 0.5))
    nothing = np.zeros(size)
    seen = Unseen(np.arange(size), arms, nothing, Stakes(nothing, nothing, {"profit": worth}), {}, {})
    return replace(seen, left=arms.centred * left + dice.normal(0, 0.3, size))


def test_what_is_borne_out() -> None:
    predicted = np.random.default_rng(0).normal(size=20_000)
    seen = _seen(predicted, np.ones(20_000))
    assert borne_out(predicted, seen) == pytest.approx(1, abs=0.03)
    assert borne_out(3 * predicted, seen) == pytest.approx(1 / 3, abs=0.02)
    assert borne_out(-predicted, seen) == 0
    assert borne_out(0 * predicted, seen) == 0


def test_orders_count_by_what_they_are_worth() -> None:
    """The prediction holds for those whose orders are worth much, and not for the others."""
    predicted = np.random.default_rng(0).normal(size=20_000)
    dear = np.arange(20_000) % 2 == 0
    left = np.where(dear, predicted, 0.0)
    assert borne_out(predicted, _seen(left, np.where(dear, 10.0, 1.0))) == pytest.approx(1, abs=0.05)
    assert borne_out(predicted, _seen(left, np.where(dear, 1.0, 10.0))) == pytest.approx(0, abs=0.05)


def test_what_is_not_shown_with_99_percent_certainty_is_not_borne_out() -> None:
    """By the formula of a regression through nothing with errors of unequal size."""
    predicted = np.random.default_rng(0).normal(size=400)
    shown = []
    for strength in (0.0, 0.05, 0.1, 0.2, 0.4):
        seen = _seen(strength * predicted, np.ones(400))
        told = seen.arms.centred * predicted
        slope = float(told @ seen.left / (told @ told))
        error = float(np.sqrt(((told * (seen.left - slope * told)) ** 2).sum()) / (told @ told))
        certain = slope > 2.576 * error
        expected = slope * (1 - (error / slope) ** 2) if certain else 0
        assert borne_out(predicted, seen) == pytest.approx(expected)
        shown.append(certain)
    assert shown == sorted(shown)
    assert len(set(shown)) == 2


def test_noise_is_hardly_ever_borne_out() -> None:
    """Ten candidates of pure noise, the best of them weighed: hardly one such past in a hundred does."""
    found = 0
    for draw in range(200):
        dice = np.random.default_rng(draw)
        seen = replace(_seen(np.zeros(300), np.ones(300)), left=dice.normal(size=300))
        candidates = {f"candidate {number}": dice.normal(size=300) for number in range(10)}
        found += borne_out(together(candidates, seen), seen) > 0
    assert found <= 200 * 0.01 + 2 * np.sqrt(200 * 0.01)


def test_candidates_count_as_they_explain_the_outcomes() -> None:
    """Half of each of two right ones; one that says the contrary doesn't count."""
    dice = np.random.default_rng(1)
    one, two = dice.normal(size=(2, 20_000))
    effects = {"one": one, "two": two, "contrary": -one - two}
    seen = _seen(0.5 * one + 0.5 * two, np.ones(20_000))
    found = weights(effects, seen.arms, seen.left)
    assert found == {"one": pytest.approx(0.5, abs=0.03), "two": pytest.approx(0.5, abs=0.03)}
    np.testing.assert_allclose(together(effects, seen), 0.5 * one + 0.5 * two, atol=0.15)


def test_nobody_is_judged_by_weights_that_have_seen_them() -> None:
    """Another outcome of one customer changes the sums of the others, and not their own."""
    dice = np.random.default_rng(2)
    effects = {"one": dice.normal(size=500), "two": dice.normal(size=500)}
    seen = _seen(effects["one"], np.ones(500))
    other = seen.left.copy()
    other[7] += 100
    before, after = together(effects, seen), together(effects, replace(seen, left=other))
    assert before[7] == after[7]
    assert (before != after).mean() > 0.7


def test_how_uncertain_those_are_who_promise_most() -> None:
    """The deviation over the root of the number; two rows of one customer are one draw."""
    dice = np.random.default_rng(4)
    promised, score, alone = dice.normal(size=1_000), dice.normal(0, 30, 1_000), np.arange(1_000)
    found = errors_of_best(promised, score, alone)
    ranked = score[np.argsort(-promised)]
    expected = [ranked[:size].std() / np.sqrt(size) for size in range(100, 1_100, 100)]
    np.testing.assert_allclose(found, expected)
    twice = errors_of_best(*(np.repeat(each, 2) for each in (promised, score, alone)))
    np.testing.assert_allclose(twice, expected)
