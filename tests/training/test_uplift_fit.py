"""What is learnt of offers: a true effect, none where there is none, and what kind of evidence it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from configs.settings import Offer
from features.catalog import Feature
from training.uplift_fit import borne_out, cautious, learn, sentences
from training.uplift_rows import Past

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
    """0.4 orders of 25 less 0.4 coupons of 10 for gold: 6, and nothing for silver."""
    found = _past(4_000, gold=0.4, seed=2)
    model, evidence = learn(found)
    assert model is not None
    assert evidence.grade == "experiment"
    assert evidence.share > 0.5
    assert evidence.qini[evidence.chosen].low > 0
    low, high = evidence.effect["profit"][1:]
    assert low < 3 < high
    effects = model.effects(found.rows, [OFFER])
    gold = (found.rows["segment"] == "gold").to_numpy()
    assert effects.profit[gold].mean() == pytest.approx(6, abs=2)
    assert effects.profit[~gold].mean() == pytest.approx(0, abs=1.5)
    usual = model.usual(found.rows)["orders"]
    assert np.corrcoef(usual, found.rows["orders_90d"])[0, 1] > 0.95
    told = " ".join(sentences(evidence, "EUR"))
    assert "learnt from past campaigns with a control group drawn by lot" in told


def test_no_effect_is_not_made_up() -> None:
    model, evidence = learn(_past(1_500, seed=3))
    assert model is not None
    assert evidence.effect["profit"][1] < 0 < evidence.effect["profit"][2]
    assert abs(model.effects(_past(200).rows, [OFFER]).profit).max() < 2.5


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


def test_what_is_borne_out() -> None:
    dice = np.random.default_rng(0)
    predicted = dice.normal(size=20_000)
    assert borne_out(predicted, predicted + dice.normal(size=20_000)) == pytest.approx(1, abs=0.03)
    assert borne_out(3 * predicted, predicted + dice.normal(size=20_000)) == pytest.approx(1 / 3, abs=0.02)
    assert borne_out(predicted, -predicted + dice.normal(size=20_000)) == 0
    assert borne_out(np.ones(5), dice.normal(size=5)) == 0


@pytest.mark.parametrize(
    ("mean", "error", "seen", "told"),
    [(2, 1, 2, 1.5), (1, 1, 1, 0), (-3, 1, -2, -3), (5, 1, 1, 0), (5, 1, 2, 1.5), (1, 0, 1, 1)],
)
def test_a_gain_is_drawn_to_nothing_and_a_loss_is_not(
    mean: float, error: float, seen: float, told: float
) -> None:
    assert cautious(mean, error, seen) == pytest.approx(told)
