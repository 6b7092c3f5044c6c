"""Customers like this one: means of a segment that is large enough, else of all."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from models.peers import SMALLEST_SEGMENT, Peers, peers


@pytest.fixture
def frame() -> pd.DataFrame:
    """50 in gold (49 with 2 orders, one unknown), 49 in silver with 5, one without a segment with 100."""
    segments = ["gold"] * SMALLEST_SEGMENT + ["silver"] * (SMALLEST_SEGMENT - 1) + [None]
    return pd.DataFrame(
        {
            "segment": pd.array(segments, dtype="str"),
            "orders": [np.nan] + [2.0] * 49 + [5.0] * 49 + [100.0],
            "waited": np.nan,
            "name": "text",
        }
    )


def test_a_segment_of_fifty_speaks_for_its_own(frame: pd.DataFrame) -> None:
    found = peers(frame, ["orders"])
    assert found.of("gold") == {"orders": 2.0}
    assert found.of("silver") == found.everyone
    assert found.everyone["orders"] == 5.0  # the median of 49 twos, 49 fives and 100


def test_what_most_have_none_of_is_told_by_its_mean() -> None:
    found = peers(pd.DataFrame({"complaints": [0.0, 0.0, 0.0, 1.0]}), ["complaints"])
    assert found.everyone == {"complaints": 0.25}


def test_who_has_no_segment_or_a_new_one_is_compared_with_all(frame: pd.DataFrame) -> None:
    found = peers(frame, ["orders"])
    assert found.of(None) == found.of("platinum") == found.everyone


def test_a_feature_that_nobody_has_has_no_typical_value(frame: pd.DataFrame) -> None:
    assert "waited" not in peers(frame, ["orders", "waited"]).everyone


def test_without_segments_all_are_peers(frame: pd.DataFrame) -> None:
    found = peers(frame.drop(columns="segment"), ["orders"])
    assert found.segments == {}
    assert found.of("gold") == found.everyone


def test_json_gives_the_equal_peers_back(frame: pd.DataFrame) -> None:
    found = peers(frame, ["orders"])
    assert Peers.from_dict(json.loads(json.dumps(found.to_dict()))) == found
