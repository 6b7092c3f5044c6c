"""A small model of effects, put together by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.uplift.fits import Linear
from models.uplift.foretold import NAMES, Foretold
from models.uplift.inputs import Inputs
from models.uplift.learners import Effect, Part
from models.uplift.model import EffectModel, Worth


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
    """Half of the coupons are redeemed, four in ten of these for an order more; gold a tenth of an order more
    again. An order is worth 30 of profit."""
    size = len(inputs.names)
    foretold = Foretold(Linear(1.0, np.zeros(3)), Linear(0.5, np.zeros(size)))
    gold, redeemed = np.eye(size + len(NAMES))[[1, size + NAMES.index("redeemed")]]
    orders = Effect((Part(0.5, Linear(0.0, 0.2 * gold)), Part(1.0, Linear(0.0, 0.4 * redeemed))))
    worth = Worth(Linear(60.0, np.zeros(size)), Linear(30.0, np.zeros(size)))
    usual = {name: Linear(-1.0, np.array([2.0, 0, 0])) for name in ("orders", "revenue", "profit")}
    return EffectModel("experiment", "R linear", inputs, foretold, orders, worth, usual)
