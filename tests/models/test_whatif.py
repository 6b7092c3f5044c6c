"""What repairs bring, worked by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit

from features.catalog import DIMENSIONS
from models.causes import CAUSES
from models.whatif import gains, risk_repaired, smallest_repair

AT = {name: place for place, name in enumerate(DIMENSIONS)}


def rows(*told: dict[str, float], names: tuple[str, ...] = DIMENSIONS) -> np.ndarray:
    return np.array([[row.get(name, 0.0) for name in names] for row in told])


def test_a_repair_takes_away_what_is_beyond_normal() -> None:
    log_odds = rows({"service": 1.5, "spend": 0.2, "product": -0.4, "rhythm": 2.0, "profile": 0.7})
    normal = rows({"service": -0.1, "spend": 0.3, "product": -0.4}, names=CAUSES)
    expected = rows({"service": 1.6, "rhythm": 2.0})
    np.testing.assert_allclose(gains(log_odds, normal), expected)
    assert (gains(rows({"rhythm": -1.0}), normal * 0)[0] == 0).all()


def test_the_risk_after_one_repair_leaves_all_else_as_it_is() -> None:
    # from a base of 20 % to 80 %; without the service 60 %
    base, way = logit(0.2), logit(0.8) - logit(0.2)
    service = logit(0.8) - logit(0.6)
    log_odds = rows({"service": service, "rhythm": way - service})
    risk = risk_repaired(base, log_odds, gains(log_odds, rows({}, names=CAUSES)))[0]
    assert risk[AT["service"]] == pytest.approx(0.6)
    # odds of 1/4 times those that the service adds, 4 over 1.5: 2 to 3
    assert risk[AT["rhythm"]] == pytest.approx(0.4)
    assert risk[AT["spend"]] == risk[AT["profile"]] == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("log_odds", "repair"),
    [
        ({"service": 1.0, "spend": 0.6, "rhythm": -0.7}, "service"),
        ({"service": 1.0, "spend": 0.6, "engagement": 0.1, "rhythm": -0.1}, "service, spend"),
        ({"service": 0.5, "rhythm": 3.0, "profile": -1.0}, "rhythm"),
        ({"service": 0.5, "spend": 0.2, "rhythm": 3.0, "product": -0.3}, "rhythm, service"),
        ({"service": 0.5, "rhythm": 3.0, "profile": 0.1}, "none"),
        ({"profile": 0.4}, "none"),
        ({"service": 0.5, "rhythm": -0.6}, None),
    ],
)
def test_the_smallest_repair_that_takes_the_risk_down_to_the_base(
    log_odds: dict[str, float], repair: str | None
) -> None:
    told = rows(log_odds, {"service": 0.1})
    found = smallest_repair(told, gains(told, np.zeros((2, len(CAUSES)))))
    assert (None if pd.isna(found[0]) else found[0]) == repair
    assert found[1] == "service"


@settings(deadline=None)
@given(row=st.lists(st.floats(-3, 3), min_size=7, max_size=7))
def test_a_repair_is_enough_and_none_smaller_is(row: list[float]) -> None:
    log_odds = np.array([row])
    gained = gains(log_odds, np.zeros((1, len(CAUSES))))
    told = smallest_repair(log_odds, gained)[0]
    if sum(row) <= 0:
        assert pd.isna(told)
        return
    gain = dict(zip(DIMENSIONS, gained[0], strict=True))
    enough = [
        {*names}
        for size in (1, 2)
        for names in combinations(("rhythm", *CAUSES), size)
        if sum(gain[name] for name in names) >= sum(row)
    ]
    names = set(told.split(", ")) - {"none"}
    assert (names in enough) if names else not enough
    causes = [way for way in enough if "rhythm" not in way]
    assert not causes or len(names) == min(map(len, causes))
    assert not causes or "rhythm" not in names
