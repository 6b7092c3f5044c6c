"""Copies of customers in a table: made on purpose, and found again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.own_table.copies import find_copies, most_that_may_differ

COLUMNS = 12


def people(rows: int, seed: int = 1, values: int = 40) -> pd.DataFrame:
    dice = np.random.default_rng(seed)
    whole = {f"n{place}": dice.integers(0, values, rows) for place in range(COLUMNS - 2)}
    return pd.DataFrame(whole | {"money": dice.gamma(2, 50, rows), "city": dice.choice(list("abcd"), rows)})


def test_different_people_are_no_copies() -> None:
    found = find_copies(people(2000))
    assert (found.exact, found.near) == (0, 0)
    assert found.firsts.all()
    assert found.says == "No customer is in it twice: no two of its 2,000 rows are copies or near-copies."


def test_exact_copies_are_counted_and_kept_together() -> None:
    frame = people(500)
    found = find_copies(pd.concat([frame, frame.head(100), frame.head(40)], ignore_index=True))
    assert (found.exact, found.near, found.surplus) == (140, 0, 140)
    assert (found.group[500:600] == found.group[:100]).all()
    assert found.firsts.sum() == 500
    assert found.says.startswith("140 of its 640 rows are copies of another: 140 exact, and 0 that differ")


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 3))
def test_near_copies_are_found_wherever_they_differ(seed: int, differ: int) -> None:
    frame = people(300, seed)
    near, dice = frame.head(60).copy(), np.random.default_rng(seed)
    for row in range(60):
        for place in dice.choice(COLUMNS - 2, differ, replace=False):
            near.iloc[row, place] += 1
    found = find_copies(pd.concat([frame, near], ignore_index=True))
    assert (found.group[300:] == found.group[:60]).mean() > 0.95
    assert len(np.unique(found.group)) <= 305


def test_numbers_that_differ_by_a_hair_are_the_same() -> None:
    frame = people(300)
    shifted = frame.assign(money=frame["money"] + 1e-9)
    found = find_copies(pd.concat([frame, shifted], ignore_index=True))
    assert found.surplus == 300


def test_the_same_id_twice_is_one_customer() -> None:
    frame = people(100)
    found = find_copies(frame, pd.Series([f"c{number % 90}" for number in range(100)]))
    assert (found.group[90:] == found.group[:10]).all()
    assert (found.exact, found.near) == (0, 10)


def test_coarse_tables_have_no_copies() -> None:
    dice = np.random.default_rng(3)
    coarse = pd.DataFrame({name: dice.choice(list("ab"), 1000) for name in "pqr"})
    found = find_copies(coarse)
    assert (found.surplus, found.may_differ) == (0, None)
    assert "so coarse that different customers look alike by chance" in found.says


@pytest.mark.parametrize(
    ("rows", "columns", "most"), [(100, 4, 1), (1000, 4, 1), (10_000, 4, 0), (10_000, 2, None)]
)
def test_how_many_may_differ_falls_with_the_pairs_that_agree_by_chance(
    rows: int, columns: int, most: int | None
) -> None:
    """Columns of 100 equally frequent values; a quarter may differ, and 1 % of the rows agree by chance.

    Of 4 columns two rows agree on all in 1e-8 of the pairs, on three or more in about 4e-6. 1,000 rows make
    5e5 pairs: 2 agree, of 10 that may. 10,000 rows make 5e7: 198 agree on three, more than 100; none on four.
    Of 2 columns 5e7 · 1e-4 = 5,000 agree.
    """
    codes = np.column_stack([np.arange(rows) % 100] * columns)
    assert most_that_may_differ(codes) == most
