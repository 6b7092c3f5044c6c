"""What is foretold of customers, by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.uplift.fits import Linear
from models.uplift.foretold import NAMES, Foretold, modifiers


@pytest.fixture
def foretold() -> Foretold:
    """Twice the first input of the customer; half of the offer's input."""
    return Foretold(Linear(0.0, np.array([2.0, 0])), Linear(0.0, np.array([0.0, 0, 0.5])))


def test_orders_and_redemptions_stay_within_what_can_be(foretold: Foretold) -> None:
    assert foretold.expected(np.array([[1.5, 9], [-1, 9]])).tolist() == [3, 0]
    matrix = np.array([[0, 0, 1.0], [0, 0, 4], [0, 0, -1], [0, 0, 1]])
    assert foretold.redeeming(matrix, np.array([5, 5, 5, 0])).tolist() == [0.5, 1, 0, 0]


def test_modifiers_by_hand() -> None:
    """Of who orders twice in the mean, e⁻² orders not at all."""
    found = modifiers(np.array([2.0, 0.0]), np.array([0.5, 0.1]))
    np.testing.assert_allclose(found, [[1, 0.5, 0.5 * np.exp(-2), 2], [1, 0.1, 0.1, 0]])
    assert found.shape[1] == len(NAMES)


def test_it_comes_back_from_json(foretold: Foretold) -> None:
    again = Foretold.from_dict(json.loads(json.dumps(foretold.to_dict())))
    people = np.arange(6.0).reshape(3, 2)
    assert again.expected(people).tolist() == foretold.expected(people).tolist()
