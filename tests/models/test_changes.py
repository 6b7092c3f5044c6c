"""Which features may be changed by hand, and how far."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import RequestError
from models.changes import Range, changed, ranges
from models.columns import Columns
from models.trees import Trees, grow

SEEN = {"orders_90d": Range(0, 12), "discount_share": Range(0.0, 0.5)}


def test_the_range_is_the_smallest_and_largest_of_training() -> None:
    dice = np.random.default_rng(3)
    frame = pd.DataFrame(
        {"a": dice.integers(2, 40, 500), "b": dice.random(500), "c": dice.choice(["x", "y"], 500)}
    )
    columns = Columns(("a", "b"), {"c": ("x", "y")})
    churned = (frame["b"] > 0.5).to_numpy(dtype=float)
    trees = grow(columns, frame, churned, np.zeros(500), Trees(trees=5), {"objective": "binary"})
    found = ranges(bundle(trees))
    assert set(found) == {"a", "b"}
    assert (found["a"].low, found["a"].high) == (frame["a"].min(), frame["a"].max())
    assert (found["b"].low, found["b"].high) == pytest.approx((frame["b"].min(), frame["b"].max()))


def test_a_model_without_trees_lets_nothing_be_changed() -> None:
    assert ranges(bundle(None)) == {}
    with pytest.raises(
        RequestError, match="The model has no trees, and doesn't say which values it has seen"
    ):
        changed(pd.DataFrame({"a": [1.0]}), {"a": 2.0}, {})


def test_only_what_is_named_changes() -> None:
    frame = pd.DataFrame({"orders_90d": [3], "discount_share": [np.nan], "other": ["x"]})
    found = changed(frame, {"discount_share": 0.5}, SEEN)
    assert found.to_dict("records") == [{"orders_90d": 3, "discount_share": 0.5, "other": "x"}]
    assert np.isnan(frame["discount_share"][0])


def test_every_change_that_cannot_be_is_told_at_once() -> None:
    with pytest.raises(
        RequestError,
        match=r"orders_90d is 13, and the model has seen 0 to 12; stay within; 'weather' is no number that",
    ):
        changed(
            pd.DataFrame({"orders_90d": [3]}), {"orders_90d": 13, "weather": 1, "discount_share": 0}, SEEN
        )


def bundle(trees: Any) -> Any:
    return SimpleNamespace(churn=SimpleNamespace(members=SimpleNamespace(trees=trees)))
