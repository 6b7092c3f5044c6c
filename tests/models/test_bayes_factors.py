"""Weights of evidence against SciPy's distributions, and what they must never say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, t

from models.bayes_factors import (
    LESS_OFTEN,
    MORE_OFTEN,
    SHIFTS,
    TAILS,
    Counts,
    less_often,
    more_often,
    shifted,
)

NOBODY = np.zeros(1)


def counts(events: float, chances: float, shape: float, per: float) -> Counts:
    return Counts(*(np.array([value]) for value in (events, chances, shape, per, 0.0, 0.0)))


def likelihood(of: Counts, times: float = 1.0, chances: float | None = None) -> float:
    """Of Poisson events at a Gamma-distributed rate: the negative binomial distribution."""
    expected = (of.chances[0] if chances is None else chances) * times
    return float(nbinom.pmf(of.events[0], of.shape[0], of.per[0] / (of.per[0] + expected)))


def mean_likelihood(of: Counts, sizes: np.ndarray, chances: float | None = None) -> float:
    return float(np.mean([likelihood(of, size, chances) for size in sizes]))


several = st.integers(0, 12).map(float)
positive = st.floats(0.1, 200)


@settings(deadline=None, max_examples=50)
@given(events=several, chances=positive, shape=st.floats(0.5, 40), per=positive)
def test_counts_are_weighed_by_the_negative_binomial(
    events: float, chances: float, shape: float, per: float
) -> None:
    of = counts(events, chances, shape, per)
    usual = likelihood(of)
    assert more_often(of)[0] == pytest.approx(np.log(mean_likelihood(of, MORE_OFTEN) / usual), abs=1e-6)
    fewer = less_often(of, NOBODY, of.chances)[0]
    assert fewer == pytest.approx(np.log(mean_likelihood(of, LESS_OFTEN) / usual), abs=1e-6)


def test_whoever_may_be_gone_may_be_silent_for_that() -> None:
    of = counts(0.0, 90.0, 20.0, 200.0)
    on_time, perhaps, surely = (
        less_often(of, np.array([gone]), np.array([30.0]))[0] for gone in (0.0, 0.4, 1.0)
    )
    assert on_time > perhaps > surely > 0
    usual = 0.6 * likelihood(of) + 0.4 * likelihood(of, chances=30.0)
    declined = 0.6 * mean_likelihood(of, LESS_OFTEN) + 0.4 * mean_likelihood(of, LESS_OFTEN, 30.0)
    assert perhaps == pytest.approx(np.log(declined / usual))


def test_more_events_speak_ever_louder_and_usual_ones_against() -> None:
    rows = Counts.after(0.1, np.arange(8.0), np.full(8, 10.0), (np.full(8, 4.5), np.full(8, 45.0)))
    assert (np.diff(more_often(rows)) > 0).all()
    assert more_often(rows)[1] < 0 < more_often(rows)[3]
    assert (np.diff(less_often(rows, np.zeros(8), rows.chances)) < 0).all()


def test_without_chances_there_is_no_evidence() -> None:
    assert more_often(counts(0.0, 0.0, 0.5, 10.0))[0] == 0


def test_what_is_usual_is_the_customers_own_past() -> None:
    rows = Counts.after(
        0.2, np.zeros(3), np.full(3, 30.0), (np.array([0.0, 8.0, 0.0]), np.array([0.0, 80.0, 60.0]))
    )
    assert rows.usual.tolist() == pytest.approx([0, 3, 0])
    assert rows.expected.tolist() == pytest.approx([6, 30 * 8.5 / 82.5, 30 * 0.5 / 62.5])


def test_rates_that_move_by_themselves_say_less() -> None:
    steady = counts(2.0, 90.0, 60.0, 400.0)
    restless = steady.restless(0.2)
    assert restless.expected[0] == pytest.approx(steady.expected[0])
    assert less_often(restless, NOBODY, restless.chances) < less_often(steady, NOBODY, steady.chances)


def test_own_chances_before_outweigh_all_customers() -> None:
    told = Counts.after(0.1, np.zeros(1), np.full(1, 30.0), (np.full(1, 40.0), np.full(1, 100.0)))
    # half an event on five chances of all, forty on a hundred of their own
    assert told.expected[0] == pytest.approx(30 * 40.5 / 105)


@pytest.mark.parametrize(("deviation", "one"), [(0.0, 1.0), (2.5, 1.4), (-1.0, 0.7), (6.0, 0.3)])
def test_shifts_are_weighed_by_the_t_distribution(deviation: float, one: float) -> None:
    told = shifted(np.array([deviation, np.nan]), np.array([one, np.nan]))
    densities = [t.pdf(deviation - shift * one, TAILS) for shift in SHIFTS]
    assert told[0] == pytest.approx(np.log(np.mean(densities) / t.pdf(deviation, TAILS)))
    assert told[1] == 0
