"""The prior by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from configs.settings import Offer, Winback
from features.errors import ModelError
from models.uplift.prior import Prior

OFFERS = (
    Offer(name="hello", channel="email", coupon_value=0, contact_cost=0),
    Offer(name="ten", channel="email", coupon_value=10, contact_cost=0),
)
PRIOR = Prior(
    Winback(offers=OFFERS, save_rate=0.1, save_half_life_days=30, margin_share=0.5, campaign_days=30)
)
FRAME = pd.DataFrame(
    {"churn_probability": [0.5, 0.5], "clv": [1000.0, 1000.0], "days_since_order": [0.0, 30.0]}
)


def test_effects_by_hand() -> None:
    """A tenth of a half is kept, and half of that after 30 days; a hello keeps half as much as a coupon."""
    found = PRIOR.effects(FRAME, OFFERS)
    np.testing.assert_allclose(found.orders, [[0.025, 0.05], [0.0125, 0.025]])
    np.testing.assert_allclose(found.redeemed, [[0, 0.55], [0, 0.525]])
    np.testing.assert_allclose(found.revenue, [[25, 50 - 5.5], [12.5, 25 - 5.25]])
    np.testing.assert_allclose(found.profit, [[12.5, 25 - 5.5], [6.25, 12.5 - 5.25]])
    assert found.grade == "prior"


def test_what_is_usual_by_hand() -> None:
    usual = PRIOR.usual(FRAME, clv_horizon_days=300)
    assert usual["revenue"].tolist() == [100, 100]
    assert usual["profit"].tolist() == [50, 50]


def test_scores_are_needed() -> None:
    with pytest.raises(ModelError, match="clv"):
        PRIOR.effects(FRAME.drop(columns="clv"), OFFERS)
