"""Who churned, in whatever words a column says it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pytest

from features.errors import HistoryError, SourceError
from features.own_table.label import read_label


def column(
    churned: object, stayed: object, name: str = "churned", rest: Sequence[object] = ()
) -> pd.DataFrame:
    return pd.DataFrame({name: [churned] * 30 + [stayed] * 70 + list(rest)})


@pytest.mark.parametrize(
    ("churned", "stayed"),
    [
        (1, 0),
        (1.0, 0.0),
        (True, False),
        ("1", "0"),
        ("Yes", "no"),
        ("TRUE", "FALSE"),
        ("churned", "retained"),
        ("Attrited Customer", "Existing Customer"),
        ("left", "Stayed"),
    ],
)
def test_both_words_are_understood_and_said(churned: object, stayed: object) -> None:
    label = read_label(column(churned, stayed), "churned")
    assert label.churned.tolist() == [1.0] * 30 + [0.0] * 70
    words = f"{str(churned)!r} as churned (30 customers) and {str(stayed)!r} as stayed (70 customers)"
    assert label.says == f"churned: read {words}."


@pytest.mark.parametrize("name", ["retained", "is_active", "Renewed"])
def test_a_yes_under_a_name_that_says_who_stayed_is_stayed(name: str) -> None:
    label = read_label(column("no", "yes", name), name)
    assert label.churned.sum() == 30
    assert "'no' as churned" in label.says


def test_words_that_are_plain_by_themselves_beat_the_name() -> None:
    assert read_label(column("left", "retained", "retained"), "retained").churned.sum() == 30


def test_rows_without_a_word_are_left_out_and_counted() -> None:
    label = read_label(column(1, 0, rest=[None, None]), "churned")
    assert label.churned.isna().sum() == 2
    assert label.says.endswith("Left out: 2 rows in which it is missing.")


def test_other_words_are_refused_with_what_was_found() -> None:
    frame = pd.DataFrame({"churned": ["high"] * 3 + ["low"] * 5})
    with pytest.raises(
        SourceError, match=r"it holds 'low' \(5 rows\), 'high' \(3 rows\). Give one of 1 and 0"
    ):
        read_label(frame, "churned")
    with pytest.raises(SourceError, match=r"it holds '0' .* '5' .* and 2 more"):
        read_label(pd.DataFrame({"churned": [0, 0, 1, 2, 3, 4, 5, 6, 7]}).astype("str"), "churned")
    with pytest.raises(SourceError, match="it holds nothing"):
        read_label(pd.DataFrame({"churned": [None, None]}), "churned")


def test_an_unknown_column_is_refused_with_those_there_are() -> None:
    with pytest.raises(SourceError, match=r"no column 'gone' to say who churned\. There are: churned"):
        read_label(column(1, 0), "gone")


def test_too_few_of_either_are_refused_with_all_counts() -> None:
    frame = pd.DataFrame({"churned": [1] * 3 + [0] * 40})
    told = "by the column 'churned', 3 churned where training needs 20; 43 are there where training needs 50"
    with pytest.raises(HistoryError, match=told):
        read_label(frame, "churned")
