"""A small model of effects, put together by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.uplift.fits import Linear
from models.uplift.inputs import Inputs
from models.uplift.learners import Effect, Part
from models.uplift.model import EffectModel, Learnt, Offered, Shrinkage


@pytest.fixture
def people() -> pd.DataFrame:
    return pd.DataFrame({"orders_90d": [0.0, 1.0, np.nan], "segment": ["gold", "silver", None]})


@pytest.fixture
def inputs() -> Inputs:
    """Number: log1p, from 0 to 1, mean ½, deviation ½. Coupons of 4 to 16 were tried: roots about 3 ± 1."""
    return Inputs(
        {"orders_90d": (1.0, 0.0, 1.0, 0.5, 0.5)},
        {"segment": ("gold", "silver")},
        (4.0, 16.0),
        (3.0, 1.0),
        ("email", "post"),
    )


@pytest.fixture
def model(inputs: Inputs) -> EffectModel:
    """Effect on orders: 0.2, and 0.1 more by gold; 30 of profit an order, half of the coupons redeemed."""
    size = len(inputs.names)
    gold = np.array([0.0, 0.1, 0, 0, 0, 0])
    offered = Offered(Linear(60.0, np.zeros(size)), Linear(30.0, np.zeros(size)), Linear(0.5, np.zeros(size)))
    keep = Shrinkage(0.0, 0.0, 1.0)
    shrinkage = {"orders": keep, "revenue": keep, "profit": Shrinkage(1.0, 2.0, 0.5)}
    usual = {name: Linear(-1.0, np.array([2.0, 0, 0])) for name in ("orders", "revenue", "profit")}
    learnt = Learnt(Effect((Part(1.0, Linear(0.2, gold)),)), offered)
    return EffectModel("experiment", "S linear", inputs, learnt, shrinkage, usual)
