"""Which filters and cursors may be asked."""

from __future__ import annotations

import math

import pytest

from features.errors import RequestError
from serving.filters import NAMEABLE, Cursor, Filter


def test_every_dimension_but_profile_may_be_a_weak_point() -> None:
    assert NAMEABLE == ("rhythm", "spend", "product", "service", "satisfaction", "engagement")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"weak_point": "profile"}, "weak_point is 'profile'; use one of rhythm, spend"),
        ({"status": "gone"}, "status is 'gone'; use one of new, active, slowing, lapsed, lost"),
        ({"min_clv": -1.0}, "min_clv is -1.0; use a number of 0 or more"),
        ({"min_clv": math.nan}, "min_clv is nan; use a number of 0 or more"),
        ({"min_clv": math.inf}, "min_clv is inf; use a number of 0 or more"),
        ({"min_churn_probability": 1.01}, "min_churn_probability is 1.01; use a number from 0 to 1"),
    ],
)
def test_a_filter_outside_its_words_or_bounds_is_refused(asked: dict[str, object], says: str) -> None:
    with pytest.raises(RequestError, match=says):
        Filter(**asked)  # type: ignore[arg-type]


def test_a_cursor_reads_as_it_is_written() -> None:
    assert Cursor.parse(str(Cursor(12, 345))) == Cursor(12, 345)


@pytest.mark.parametrize(
    "text",
    ["", "1", "1-", "0-1", "1-0", "-1-1", "1-1\n", " 1-1", "1-x", "1-99999999999", "9999999999-1", "١-١"],
)
def test_any_other_text_is_no_cursor(text: str) -> None:
    with pytest.raises(RequestError, match="is none that a list has given; pass on next_cursor"):
        Cursor.parse(text)
