"""The inputs of a model: which ones are kept, and the matrix they make."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from features.catalog import Feature
from features.errors import ModelError
from models.columns import MAX_LEVELS, Columns, require

X, Y = Feature("x", "rhythm", "days", "x"), Feature("y", "spend", "money", "y")
PLACE = Feature("place", "profile", "name", "place", kind="category")
COLUMNS = Columns(("x", "y"), {"place": ("east", "north")})


def frame(places: object = ("north", "west", None)) -> pd.DataFrame:
    return pd.DataFrame({"y": [1.5, np.nan, -2.0], "x": [1, 2, 3], "place": places, "rest": "r"})


@pytest.mark.parametrize("dtype", ["object", "str", "category"])
def test_the_matrix_by_hand(dtype: str) -> None:
    given = frame(pd.Series(["north", "west", None], dtype=dtype))
    expected = [[1.0, 1.5, 1.0], [2.0, np.nan, np.nan], [3.0, -2.0, np.nan]]
    np.testing.assert_array_equal(COLUMNS.matrix(given), expected)
    assert COLUMNS.names == ("x", "y", "place")
    assert COLUMNS.places_of_categories == [2]


def test_nulls_of_whole_numbers_are_missing() -> None:
    given = frame().assign(
        x=pd.array([1, None, 3], dtype="Int64"), y=pd.array([True, None, False], "boolean")
    )
    np.testing.assert_array_equal(COLUMNS.matrix(given)[:, :2], [[1, 1], [np.nan, np.nan], [3, 0]])


def test_no_input_makes_a_matrix_without_columns() -> None:
    assert Columns((), {}).matrix(frame()).shape == (3, 0)


def test_facts_and_what_never_varies_are_no_inputs() -> None:
    seen = Feature("seen_at", "rhythm", "date", "seen", kind="fact")
    given = frame().assign(seen_at=[1, 2, 3], y=3.0)
    assert Columns.of((X, Y, PLACE, seen), given) == Columns(("x",), {"place": ("north", "west")})
    once = given.assign(y=[3.0, np.nan, np.nan])
    assert Columns.of((X, Y), once).numbers == ("x", "y")


def test_the_most_frequent_names_of_a_category_are_kept() -> None:
    names = [f"p{number:03d}" for number in range(120)]
    rare = np.arange(120) % 6 == 0
    given = pd.DataFrame({"place": np.repeat(names, np.where(rare, 1, 2))})
    expected = tuple(name for name, seldom in zip(names, rare, strict=True) if not seldom)
    assert len(expected) == MAX_LEVELS
    shuffled = given.sample(frac=1, random_state=1)
    assert Columns.of((PLACE,), shuffled).categories == {"place": expected}


def test_every_missing_input_is_named() -> None:
    with pytest.raises(ModelError, match=r"these tables don't give: x, place\. Add the tables they"):
        COLUMNS.matrix(frame().drop(columns=["x", "place"]))
    require(COLUMNS.names, frame())


def test_json_gives_the_equal_columns_back() -> None:
    assert Columns.from_dict(json.loads(json.dumps(COLUMNS.to_dict()))) == COLUMNS


def test_equal_columns_make_the_same_matrix_in_whatever_order_categories_were_told() -> None:
    given = frame().assign(colour=["red", "blue", None])
    told = Columns(("x",), {"place": ("north", "west"), "colour": ("blue", "red")})
    again = Columns.from_dict(json.loads(json.dumps(told.to_dict(), sort_keys=True)))
    assert again == told
    assert again.names == told.names == ("x", "colour", "place")
    expected = [[1.0, 1.0, 0.0], [2.0, 0.0, 1.0], [3.0, np.nan, np.nan]]
    for columns in (told, again):
        np.testing.assert_array_equal(columns.matrix(given), expected)
