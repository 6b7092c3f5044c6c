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
from models.causes import CAUSES
from models.weakpoints import (
    Naming,
    agreement,
    confidence,
    in_points,
    leading,
    places,
    points,
    ranked,
    with_causes,
)

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


ALL_LEAD = np.ones(len(CAUSES), dtype=bool)


def by_dimension(**values: float) -> np.ndarray:
    """One value per dimension, 0 where none is given."""
    return np.array([values.get(name, 0.0) for name in DIMENSIONS])


def test_rhythm_takes_what_the_causes_leave_worked_by_hand() -> None:
    log_odds = by_dimension(rhythm=2.0, spend=0.5, service=-0.25, profile=0.1)[None]
    read = np.array([[[0.2, 0.0, 1.0, 0.0, -0.1]], [[0.0, 0.0, 0.4, 0.0, 0.0]]])
    told = with_causes(log_odds, read)
    first = by_dimension(rhythm=1.15, spend=0.2, service=1.0, engagement=-0.1, profile=0.1)
    np.testing.assert_allclose(told[0, 0], first)
    np.testing.assert_allclose(told[1, 0], by_dimension(rhythm=1.85, service=0.4, profile=0.1))


@settings(deadline=None)
@given(
    base=log_odds,
    row=st.lists(log_odds, min_size=7, max_size=7),
    read=st.lists(st.lists(st.floats(-3, 3), min_size=5, max_size=5), min_size=1, max_size=3),
)
def test_whoever_reads_the_causes_the_points_add_up(
    base: float, row: list[float], read: list[list[float]]
) -> None:
    told = in_points(base, with_causes(np.array([row]), np.array(read)[:, None, :]))
    np.testing.assert_allclose(expit(base) + told.sum(axis=-1) / 100, expit(base + sum(row)), atol=1e-10)


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"rhythm": 40.0, "service": 2.0, "spend": 6.0}, ["spend", "service", "rhythm"]),
        ({"rhythm": 40.0, "service": 0.9}, ["rhythm"]),
        ({"rhythm": 0.5, "service": -3.0, "profile": 30.0}, []),
        ({"engagement": 1.0}, ["engagement"]),
    ],
    ids=["causes first", "too slight a cause", "nothing", "from one point"],
)
def test_causes_are_named_by_size_and_then_rhythm(row: dict[str, float], named: list[str]) -> None:
    place = places(by_dimension(**row), 1.0, ALL_LEAD)
    assert [DIMENSIONS[d] for d in np.argsort(place) if place[d] < 7] == named
    assert (place[place < 7] < len(named)).all()


def test_a_cause_that_readers_disagree_on_goes_by_its_size() -> None:
    sizes = [
        {"service": service, "spend": spend, "rhythm": 9.0} for service, spend in ((6, 3), (5, 2), (9, 0))
    ]
    readers = np.stack([by_dimension(**row)[None] for row in [*sizes, *sizes[:2]]])
    lead = leading(readers, 1.0)
    assert dict(zip(CAUSES, lead[0].tolist(), strict=True)) == {
        cause: cause in ("service", "spend") for cause in CAUSES
    }
    assert not leading(readers[:3], 1.0)[0, CAUSES.index("spend")]
    mean = by_dimension(service=6.0, spend=2.0, rhythm=9.0, product=12.0)[None]
    place = places(mean, 1.0, leading(readers[:3], 1.0))[0]
    assert [DIMENSIONS[d] for d in np.argsort(place) if place[d] < 7] == [
        "service",
        "product",
        "rhythm",
        "spend",
    ]


def test_readers_agree_who_name_it_at_its_place_or_before() -> None:
    rows = [
        {"service": 5.0, "spend": 3.0},
        {"service": 5.0, "spend": 6.0},
        {"service": 5.0},
        {"spend": 2.0, "rhythm": 9.0},
    ]
    readers = places(np.stack([by_dimension(**row)[None] for row in rows]), 1.0, ALL_LEAD)
    place = places(by_dimension(service=3.75, spend=2.75, rhythm=2.25)[None], 1.0, ALL_LEAD)
    share = agreement(place, readers)[0]
    assert dict(zip(DIMENSIONS, share, strict=True)) == pytest.approx(
        {"service": 0.5, "spend": 0.75, "rhythm": 0.25}
        | dict.fromkeys(("product", "satisfaction"), 1.0)
        | dict.fromkeys(("engagement", "profile"), 1.0)
    )


def test_confidence() -> None:
    assert [confidence(share) for share in (1.0, 0.8, 0.6, 0.0)] == ["sure", "likely", "unsure", "unsure"]
