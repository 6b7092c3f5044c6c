"""Counting edges against NumPy's search, for few and for many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.edges import FEW, above

numbers = st.floats(-1e6, 1e6) | st.sampled_from([0.0, -0.0, 1.0, np.inf, -np.inf])


@settings(deadline=None, max_examples=50)
@given(edges=st.lists(numbers, max_size=8), values=st.lists(numbers, max_size=20))
def test_it_is_what_a_search_finds(edges: list[float], values: list[float]) -> None:
    rising = np.sort(np.array(edges, dtype=float))
    found = above(rising, np.array(values, dtype=float))
    assert found.tolist() == np.searchsorted(rising, np.array(values, dtype=float), side="left").tolist()


@pytest.mark.parametrize("number", [0, 1, FEW, FEW + 1, 300])
def test_however_many_edges_there_are(number: int) -> None:
    values = np.array([-1.0, 0.0, 0.5, number - 1, number, number + 1.0])
    assert above(np.arange(number, dtype=float), values).tolist() == [
        sum(edge < value for edge in range(number)) for value in values
    ]
