"""The choice of offers, by hand, against HiGHS, and within its limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.winback.solve import NONE, Problem, Solution, by_multipliers, exact, solve

EITHER = [exact, by_multipliers]


def _drawn(seed: int, customers: int = 400) -> Problem:
    dice = np.random.default_rng(seed)
    gain = dice.normal(0.5, 2, (customers, 1)) * [0.6, 1.0, 1.5] + dice.normal(0, 0.5, (customers, 3))
    cost = dice.uniform(0.05, 1, (customers, 1)) * [1.0, 2.0, 4.0]
    cap = (np.array([False, True, True]), float(customers // 8))
    return Problem(gain, cost, 0.3 * customers, (cap,) if seed % 2 else ())


def _holds(problem: Problem, found: Solution) -> bool:
    rows = np.flatnonzero(found.offer != NONE)
    places = found.offer[rows]
    capped = all(about[places].sum() <= most for about, most in problem.caps)
    paid = (problem.gain[rows, places] > 0).all()
    return bool(capped and paid and problem.cost[rows, places].sum() <= problem.budget + 1e-6)


@pytest.mark.parametrize("solver", EITHER)
def test_by_hand(solver: object) -> None:
    """A budget of 5: the first takes 3 for 5, the second 2 for 3; better than 4 for 8 with nothing left."""
    gain, cost = np.array([[5.0, 8.0], [3.0, 4.0], [-1.0, -2.0]]), np.array([[3.0, 5.5], [2.0, 4], [0, 0]])
    found = solver(Problem(gain, cost, 5.0))  # type: ignore[operator]
    assert found.offer.tolist() == [0, 0, NONE]
    assert (found.gain, found.cost) == (8, 5)
    assert found.bound >= 8


@pytest.mark.parametrize("seed", range(6))
def test_multipliers_come_within_half_a_percent_of_highs(seed: int) -> None:
    problem = _drawn(seed)
    best, found = exact(problem), by_multipliers(problem)
    assert _holds(problem, best)
    assert _holds(problem, found)
    assert found.gain >= 0.995 * best.gain
    assert found.bound >= best.gain - 1e-6
    assert found.gap >= 1 - found.gain / best.gain - 1e-9


def test_the_exact_choice_is_made_where_the_other_may_be_short() -> None:
    """Three that cost 3, 3 and 4 of 6: the best per cost, 4 for 4, leaves no room for both others."""
    problem = Problem(np.array([[3.0], [3.0], [4.1]]), np.array([[3.0], [3.0], [4.0]]), 6.0)
    found = solve(problem)
    assert found.exact
    assert found.offer.tolist() == [0, 0, NONE]


def test_nobody_where_nothing_gains() -> None:
    found = solve(Problem(np.full((3, 2), -1.0), np.ones((3, 2)), 10.0))
    assert found.offer.tolist() == [NONE] * 3
    assert (found.gain, found.bound, found.gap) == (0, 0, 0)


def test_all_alike_are_taken_until_the_budget_is_used() -> None:
    found = by_multipliers(Problem(np.ones((100, 1)), np.ones((100, 1)), 37.5))
    assert (found.offer != NONE).sum() == 37


def test_what_costs_nothing_goes_to_all_who_gain() -> None:
    found = by_multipliers(Problem(np.array([[1.0], [2.0], [-1.0]]), np.zeros((3, 1)), 0.5))
    assert found.offer.tolist() == [0, 0, NONE]


@given(seed=st.integers(0, 10_000), budget=st.floats(0.01, 100), most=st.integers(0, 50))
def test_limits_always_hold(seed: int, budget: float, most: int) -> None:
    dice = np.random.default_rng(seed)
    caps = ((np.array([True, False]), float(most)),)
    problem = Problem(dice.normal(size=(60, 2)), dice.exponential(size=(60, 2)), budget, caps)
    found = by_multipliers(problem)
    assert _holds(problem, found)
    assert found.gain <= found.bound + 1e-9
