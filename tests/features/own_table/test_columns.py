"""What a column holds, by its content, and which no model may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from features.own_table.columns import Read, as_kind, read_column, tells_all

ROWS = 200
CHURNED = pd.Series([1.0, 0.0, 0.0, 0.0] * (ROWS // 4))


def read(values: Sequence[object], name: str = "column") -> Read:
    return read_column(name, pd.Series(list(values) * (ROWS // len(values))), CHURNED)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3, 4, 5], "number"),
        ([1.5, None], "number"),
        (["1", "2.5", "-3e2", "4"], "number"),
        (["Yes", "no", "NO", "yes", "yes"], "yes or no"),
        ([True, False, True, True, False], "yes or no"),
        (["web", "store", "app", "web", None], "category"),
        (["1", "two", "three", "4", "five"], "category"),
    ],
)
def test_kinds(values: Sequence[object], kind: str) -> None:
    found = read(values)
    assert (found.kind, found.why_not) == (kind, "")
    assert found.values is not None


def test_few_odd_texts_among_numbers_read_as_missing_and_are_told() -> None:
    found = read(["7"] * 39 + ["lots"])
    assert found.values is not None
    assert found.values.isna().sum() == 5
    assert found.says == "5 values are no number and read as missing, such as 'lots'"


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([None], "it is empty"),
        (["x"], "it is the same for everyone (x)"),
        (["2024-01-31", "2024-02-01"], "it is a date"),
        ([datetime(2024, 1, 1), datetime(2024, 1, 2)], "it is a date"),  # noqa: DTZ001
        (range(5000, 5000 + ROWS), "it is an id"),
        ([f"A{number}" for number in range(ROWS)], "it is names or ids: 200 different values in 200 rows"),
        ([f"said word {number}" for number in range(ROWS)], "it is free text"),
    ],
)
def test_what_no_model_may_see(values: Sequence[object], why: str) -> None:
    found = read(values)
    assert found.values is None
    assert found.why_not.startswith(why)


def test_numbers_that_differ_for_everyone_are_an_id_only_by_name_or_where_they_run_on() -> None:
    spread = list(np.random.default_rng(1).choice(10**9, ROWS, replace=False))
    assert read(spread, "income").values is not None
    assert read(spread, "account_id").why_not.startswith("it is an id")


def test_a_column_that_alone_tells_who_churned_is_a_leak() -> None:
    left = CHURNED == 1.0
    leaks = (
        CHURNED * 3 + np.arange(ROWS) % 3,
        pd.Series(np.where(left, "price", "none")),
        pd.Series(np.where(left, "moved away", None)),
        pd.Series(np.where(left, np.arange(ROWS) % 5, np.nan)),
    )
    for values in leaks:
        assert read_column("reason", values, CHURNED).why_not.endswith("(a leak)")


def test_what_only_nearly_tells_it_or_too_few_of_is_no_leak() -> None:
    nearly = CHURNED.copy()
    nearly.iloc[0] = 0.0
    assert not tells_all(nearly, CHURNED)
    assert not tells_all(pd.Series([f"n{number}" for number in range(ROWS)]), CHURNED)
    assert not tells_all(CHURNED.head(20), CHURNED.head(20))


def test_later_rows_are_read_as_the_kind_that_was_found() -> None:
    later = pd.Series(["yes", "No", "1", "perhaps", None])
    assert as_kind(later, "yes or no").fillna(-1).tolist() == [1, 0, 1, -1, -1]
    assert as_kind(pd.Series(["3", "x", None, "inf"]), "number").fillna(-1).tolist() == [3, -1, -1, -1]
    assert as_kind(pd.Series([3, None]), "category").dropna().tolist() == ["3.0"]
