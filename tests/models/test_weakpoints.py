"""Points that add up, worked by hand and on random contributions; and the order in which they are named."""

from __future__ import annotations

from math import log

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from features.catalog import DIMENSIONS
from models.weakpoints import Naming, echoes, points, ranked

OF = {f"{name}_{number}": name for name in DIMENSIONS for number in (1, 2)}
NAMING = Naming(from_points=1.0, cause_before_rhythm=0.25)

log_odds = st.floats(-8, 8)


def test_worked_by_hand() -> None:
    # From 50 % to 75 %: log 3 of log-odds. Spend pushes twice that way up, service once back down.
    row = {"spend_1": 1.5 * log(3), "spend_2": 0.5 * log(3), "service_1": -log(3)}
    weights = points(0.0, pd.DataFrame([row]), OF)
    assert weights.base_risk == 0.5
    assert list(weights.by_dimension.columns) == list(DIMENSIONS)
    told = weights.by_dimension.iloc[0]
    assert told["spend"] == pytest.approx(50.0)
    assert told["service"] == pytest.approx(-25.0)
    assert (told.drop(["spend", "service"]) == 0).all()


def test_features_of_one_dimension_cancel_by_their_signs() -> None:
    weights = points(0.3, pd.DataFrame([{"rhythm_1": 2.0, "rhythm_2": -2.0, "spend_1": 0.4}]), OF)
    assert weights.by_dimension.loc[0, "rhythm"] == 0
    assert weights.by_dimension.loc[0, "spend"] == pytest.approx(100 * (expit(0.7) - expit(0.3)))


def test_what_cancels_out_in_all_moves_along_the_tangent() -> None:
    weights = points(0.0, pd.DataFrame([{"rhythm_1": 0.2, "spend_1": -0.2}]), OF)
    # The logistic curve rises by a quarter at one half.
    assert weights.by_dimension.loc[0, "rhythm"] == pytest.approx(5.0)
    assert weights.by_dimension.loc[0, "spend"] == pytest.approx(-5.0)


@settings(deadline=None)
@given(base=log_odds, rows=st.lists(st.lists(log_odds, min_size=14, max_size=14), min_size=1, max_size=5))
def test_points_add_up_and_keep_their_signs(base: float, rows: list[list[float]]) -> None:
    contributions = pd.DataFrame(rows, columns=list(OF))
    weights = points(base, contributions, OF)
    risk = expit(base + contributions.sum(axis=1))
    np.testing.assert_allclose(weights.base_risk + weights.by_dimension.sum(axis=1) / 100, risk, atol=1e-12)
    sums = np.array([[row[2 * place] + row[2 * place + 1] for place in range(7)] for row in rows])
    sign = np.sign(weights.by_dimension.to_numpy())
    assert ((sign == np.sign(sums)) | (np.abs(sums) < 1e-300)).all()


@settings(deadline=None)
@given(base=log_odds, row=st.lists(log_odds, min_size=14, max_size=14))
def test_a_row_alone_gets_the_points_it_gets_in_a_crowd(base: float, row: list[float]) -> None:
    alone = pd.DataFrame([row], columns=list(OF))
    crowd = pd.concat([alone, -alone, 2 * alone], ignore_index=True)
    np.testing.assert_array_equal(
        points(base, alone, OF).by_dimension, points(base, crowd, OF).by_dimension.iloc[[0]]
    )


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"spend": 3.0, "service": 8.0, "product": 2.0}, ["service", "spend", "product"]),
        ({"rhythm": 20.0, "service": 5.0, "spend": 6.0}, ["spend", "service", "rhythm"]),
        ({"rhythm": 20.0, "service": 4.9}, ["rhythm", "service"]),
        (
            {"rhythm": 20.0, "service": 4.9, "spend": 3.0, "product": 9.0},
            ["product", "rhythm", "service", "spend"],
        ),
        ({"rhythm": -20.0, "service": 1.0}, ["service"]),
        ({"spend": 0.99, "profile": 30.0, "engagement": -4.0}, []),
        ({}, []),
    ],
    ids=[
        "by size",
        "causes first",
        "a slight cause after",
        "both",
        "from one point",
        "never profile",
        "none",
    ],
)
def test_which_are_named_and_in_which_order(row: dict[str, float], named: list[str]) -> None:
    assert ranked(dict.fromkeys(DIMENSIONS, 0.0) | row, NAMING) == named


@pytest.mark.parametrize(
    ("since_order", "since_activity", "told"),
    [
        (90.0, 20.0, ("engagement",)),
        (90.0, 120.0, ("engagement",)),
        (90.0, 121.0, ()),
        (30.0, 20.0, ()),
        (90.0, None, ()),
    ],
    ids=["seen since", "silent together", "silent long before", "not overdue", "never active"],
)
def test_silence_together_with_the_orders_is_an_echo(
    since_order: float, since_activity: float | None, told: tuple[str, ...]
) -> None:
    customer = {"days_since_order": since_order, "days_since_activity": since_activity, "usual_gap": 30.0}
    assert echoes(customer) == told
    assert echoes({name: customer[name] for name in ("days_since_order", "usual_gap")}) == ()


def test_an_echo_goes_last() -> None:
    row = {"rhythm": 10.0, "engagement": 30.0, "spend": 1.5, "service": 5.0}
    assert ranked(row, NAMING, ("engagement",)) == ["service", "rhythm", "spend", "engagement"]
