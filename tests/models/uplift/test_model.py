"""Effects per customer and offer, worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from configs.settings import Offer
from models.uplift.fits import Linear
from models.uplift.foretold import NAMES
from models.uplift.learners import Effect, Part
from models.uplift.model import AT_ONCE, EffectModel, Stakes
from models.uplift.season import Season


def _offer(value: float, channel: str = "email") -> Offer:
    return Offer(name=f"{value} {channel}", channel=channel, coupon_value=value, contact_cost=1)


def test_effects_by_hand(model: EffectModel, people: pd.DataFrame) -> None:
    """Gold: 0.3 orders · 30 − 10 · 0.5 = 4, the others 0.2 · 30 − 5 = 1."""
    found = model.effects(people, [_offer(10)])
    assert found.grade == "experiment"
    np.testing.assert_allclose(found.orders[:, 0], [0.3, 0.2, 0.2])
    np.testing.assert_allclose(found.revenue[:, 0], [13, 7, 7])
    np.testing.assert_allclose(found.profit[:, 0], [4, 1, 1])
    np.testing.assert_allclose(found.redeemed[:, 0], 0.5)


def test_whoever_orders_because_of_a_coupon_redeems_it() -> None:
    """The second one's effect is beyond the chance of redeeming; the third one is offered no coupon."""
    orders, each = np.array([0.1, 0.4, 0.4, -0.2]), {"profit": np.full(4, 30.0)}
    found = Stakes(np.full(4, 0.3), np.array([10.0, 10.0, 0.0, 10.0]), each).outcomes(orders)
    assert found["redeemed"].tolist() == [0.3, 0.4, 0, 0.3]
    np.testing.assert_allclose(found["profit"], [0, 8, 12, -9])


def test_only_an_order_more_is_worth_less() -> None:
    """Half an order more at 0.8 · 30, and half an order less at 30; no coupon."""
    stakes = Stakes(np.zeros(2), np.zeros(2), {"profit": np.full(2, 30.0)}, brought=0.8)
    np.testing.assert_allclose(stakes.outcomes(np.array([0.5, -0.5]))["profit"], [12, -15])


def test_busier_days_move_what_is_usual_and_what_hangs_on_it(
    model: EffectModel, people: pd.DataFrame
) -> None:
    """Each usual order less a tenth of one: one order of old, two in days twice as busy."""
    day = pd.Timestamp(2024, 12, 1)
    less = np.zeros(len(model.inputs.names) + len(NAMES))
    less[-len(NAMES) + NAMES.index("usual orders")] = -0.1
    busy = replace(
        model,
        orders=Effect((Part(1.0, Linear(0.0, less)),)),
        usual_fits={name: Linear(3.0, np.zeros(3)) for name in model.usual_fits},
        season=Season((day,), (float(np.log(2)),)),
    )
    np.testing.assert_allclose(busy.effects(people, [_offer(10)]).orders, -0.1)
    np.testing.assert_allclose(busy.effects(people, [_offer(10)], day.to_pydatetime()).orders, -0.2)
    np.testing.assert_allclose(busy.usual(people, day.to_pydatetime())["orders"], 6)


def test_a_coupon_above_all_that_were_tried_has_its_own_cost(
    model: EffectModel, people: pd.DataFrame
) -> None:
    found = model.effects(people, [_offer(16), _offer(36)])
    np.testing.assert_allclose(found.revenue[:, 0] - found.revenue[:, 1], 20 * 0.5)


@pytest.mark.parametrize("offer", [_offer(0), _offer(3), _offer(10, "sms")])
def test_nothing_is_expected_of_what_was_never_tried(
    model: EffectModel, people: pd.DataFrame, offer: Offer
) -> None:
    found = model.effects(people, [_offer(10), offer])
    assert not found.profit[:, 1].any()
    assert found.profit[:, 0].all()
    assert model.never_tried([_offer(10), offer]) == [offer.name]


def test_usual_outcomes_are_never_below_nothing(model: EffectModel, people: pd.DataFrame) -> None:
    """−1 − 2 for the first, who has the lowest number; −1 + 2 · 0.386 for the others."""
    assert model.usual(people)["profit"].tolist() == [0, 0, 0]


def test_it_comes_back_from_json(model: EffectModel, people: pd.DataFrame) -> None:
    again = EffectModel.from_dict(json.loads(json.dumps(model.to_dict())))
    offers = [_offer(5), _offer(10, "post")]
    np.testing.assert_array_equal(again.effects(people, offers).profit, model.effects(people, offers).profit)


def test_many_customers_are_taken_in_parts(
    model: EffectModel, people: pd.DataFrame, monkeypatch: Any
) -> None:
    whole = model.effects(people, [_offer(10), _offer(5)])
    monkeypatch.setattr("models.uplift.model.AT_ONCE", 2)
    assert AT_ONCE > 2
    np.testing.assert_array_equal(model.effects(people, [_offer(10), _offer(5)]).profit, whole.profit)
