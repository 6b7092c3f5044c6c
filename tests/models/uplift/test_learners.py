"""Each learner finds an effect that is known, and none where there is none."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models.uplift.foretold import modifiers
from models.uplift.learners import LEARNERS, Arms, Effect, adjusted_difference, mean_difference


def _arms(rows: int, size: float, seed: int = 0) -> tuple[Arms, np.ndarray, np.ndarray]:
    """The effect is `size` · (1 + first input), which is foretold to redeem more; the chance of treatment
    differs by the third input, as does the outcome."""
    dice = np.random.default_rng(seed)
    inputs = dice.normal(size=(rows, 4))
    told = modifiers(np.ones(rows), 0.5 + 0.1 * inputs[:, 0])
    chance = np.where(inputs[:, 2] > 0, 0.7, 0.4)
    treated = (dice.random(rows) < chance).astype(float)
    effect = size * (1 + inputs[:, 0])
    outcome = inputs[:, 1] + inputs[:, 2] + effect * treated + dice.normal(size=rows)
    return Arms.equal(np.hstack([inputs, told]), treated, chance), outcome, effect


@pytest.mark.parametrize("name", LEARNERS)
def test_it_finds_the_effect(name: str) -> None:
    """Given what lies beyond the outcome foretold."""
    arms, outcome, effect = _arms(8_000, 0.8)
    found = LEARNERS[name](arms, outcome - arms.matrix[:, 1] - arms.matrix[:, 2]).predict(arms.matrix)
    drawn_to_nothing = name == "S trees"
    assert found.mean() == pytest.approx(0.8, abs=0.3 if drawn_to_nothing else 0.12)
    if name != "constant":
        assert np.corrcoef(found, effect)[0, 1] > 0.8


def test_a_share_of_an_effect() -> None:
    arms, outcome, _ = _arms(400, 0.5)
    found = LEARNERS["T linear"](arms, outcome)
    np.testing.assert_allclose(found.times(0.3).predict(arms.matrix), 0.3 * found.predict(arms.matrix))


@pytest.mark.parametrize("name", LEARNERS)
def test_it_comes_back_from_json(name: str) -> None:
    arms, outcome, _ = _arms(400, 0.5)
    found = LEARNERS[name](arms, outcome)
    again = Effect.from_dict(json.loads(json.dumps(found.to_dict())))
    np.testing.assert_array_equal(again.predict(arms.matrix), found.predict(arms.matrix))


def test_the_plain_mean_of_unequal_chances_would_be_wrong() -> None:
    arms, outcome, _ = _arms(20_000, 0.0)
    treated = arms.treated == 1
    assert outcome[treated].mean() - outcome[~treated].mean() > 0.3
    assert mean_difference(arms, outcome) == pytest.approx(0, abs=0.06)
    assert adjusted_difference(arms, outcome) == pytest.approx(0, abs=0.05)


def test_the_mean_difference_by_hand() -> None:
    """Weights 1 ÷ ½ and 1 ÷ ¼ of the treated: (2 · 1 + 4 · 4) ÷ 6 = 3; of the control 2 and 4 ÷ 3: (2 · 0 +
    4 ÷ 3 · 5) ÷ (10 ÷ 3) = 2."""
    arms = Arms.equal(np.zeros((4, 0)), np.array([1.0, 1, 0, 0]), np.array([0.5, 0.25, 0.5, 0.25]))
    assert mean_difference(arms, np.array([1.0, 4, 0, 5])) == pytest.approx(1)
