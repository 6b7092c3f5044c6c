"""How much busier days are than those of past contacts, read off a curve by hand."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from models.uplift.season import NONE, Season

DAYS = pd.date_range("2024-11-01", periods=3, freq="10D")
SEASON = Season(tuple(DAYS), (0.0, float(np.log(2)), float(np.log(2))))


def test_between_known_days_the_level_goes_straight() -> None:
    """Half way to twice as much is the root of it."""
    half = pd.Timestamp("2024-11-06")
    assert SEASON.on(half) == pytest.approx(2**0.5)
    np.testing.assert_allclose(SEASON.times(pd.Series([*DAYS, half])), [1, 2, 2, 2**0.5])


def test_days_that_the_curve_does_not_reach_are_as_usual() -> None:
    beyond = pd.Series(pd.to_datetime(["2024-10-31", "2024-11-22"]))
    assert SEASON.times(beyond).tolist() == [1, 1]
    assert NONE.times(beyond).tolist() == [1, 1]


def test_it_comes_back_from_json() -> None:
    assert Season.from_dict(json.loads(json.dumps(SEASON.to_dict()))) == SEASON
    assert Season.from_dict(NONE.to_dict()) == NONE
