"""The matrix that effects are learnt from, by hand."""

from __future__ import annotations

import json
from math import log

import numpy as np
import pandas as pd
import pytest

from features.catalog import Feature
from features.errors import ModelError
from models.uplift.inputs import Inputs


def test_numbers_are_logarithms_clipped_and_standardised(inputs: Inputs, people: pd.DataFrame) -> None:
    """Missing reads as the median, 1; log1p(1) = 0.693."""
    told = inputs.customers(people)
    middle = (log(2) - 0.5) / 0.5
    np.testing.assert_allclose(told[:, 0], [-1, middle, middle])
    assert told[:, 1:].tolist() == [[1, 0], [0, 1], [0, 0]]


def test_a_coupon_beyond_those_tried_reads_as_the_nearest(inputs: Inputs) -> None:
    told = inputs.offers(np.array([0.0, 4, 9, 16, 100]), pd.Series(["email", "post", "sms", None, "email"]))
    assert told[:, 0].tolist() == [-1, -1, 0, 1, 1]
    assert told[:, 1:].tolist() == [[1, 0], [0, 1], [0, 0], [0, 0], [1, 0]]


def test_what_is_learnt_of_a_frame() -> None:
    frame = pd.DataFrame(
        {
            "orders_90d": [0.0, 1, 2, 3],
            "amount_90d": 5.0,
            "not_wanted": [1.0, 2, 3, 4],
            "segment": ["a", "b", "a", None],
            "coupon_value": [np.nan, 9, 9, 9],
            "channel": "email",
        }
    )
    names = {"orders_90d": "number", "amount_90d": "number", "not_wanted": "number", "segment": "category"}
    features = [Feature(n, "spend", "", "", kind=k) for n, k in names.items()]  # type: ignore[arg-type]
    found = Inputs.of(features, frame)
    assert found.names == ("orders_90d", "segment a", "segment b", "coupon_value")
    assert found.values == (0.0, 9.0)
    matrix = found.matrix(frame)
    assert matrix[:, 0].mean() == pytest.approx(0, abs=1e-9)
    assert matrix[:, 0].std() == pytest.approx(1)
    again = Inputs.from_dict(json.loads(json.dumps(found.to_dict())))
    np.testing.assert_array_equal(again.matrix(frame), matrix)


def test_a_missing_feature_is_named(inputs: Inputs) -> None:
    with pytest.raises(ModelError, match="don't give: segment"):
        inputs.customers(pd.DataFrame({"orders_90d": [1.0]}))
