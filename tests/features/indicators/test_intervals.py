"""Intervals against scipy's own and published ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from features.indicators.intervals import Sample


def sample(kind: Any, events: float, chances: float, squares: float = np.nan) -> Sample:
    return Sample(kind, np.array([events]), np.array([chances]), np.array([squares]))


@pytest.mark.parametrize(("events", "chances"), [(0, 10), (3, 4), (10, 10), (81, 263), (1, 100_000)])
def test_a_share_has_wilsons_interval(events: int, chances: int) -> None:
    expected = stats.binomtest(events, chances).proportion_ci(method="wilson")
    low, high = sample("share", events, chances).interval(0.95)
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(
    ("events", "low", "high"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.390)]
)
def test_a_rate_has_the_published_interval_of_a_poisson_count(events: int, low: float, high: float) -> None:
    """Ulm (1990), American Journal of Epidemiology 131, table 1."""
    found = sample("rate", events, 1).interval(0.95)
    assert (found[0][0], found[1][0]) == pytest.approx((low, high), abs=5e-4)


def test_a_mean_has_students_interval() -> None:
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0])
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    low, high = sample("mean", values.sum(), len(values), (values**2).sum()).interval(0.9)
    assert (low[0], high[0]) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("kind", ["share", "mean", "geometric", "rate", "ratio"])
def test_without_a_chance_nothing_is_known(kind: str) -> None:
    nothing = sample(kind, 0, 0, 0)
    assert np.isnan([nothing.value, nothing.variance, *nothing.interval(0.95)]).all()


def test_one_case_has_a_mean_and_no_interval() -> None:
    one = sample("mean", 7, 1, 49)
    assert one.value == 7
    assert np.isnan([one.variance, *one.interval(0.95)]).all()


@pytest.mark.parametrize("kind", ["ratio", "total"])
def test_what_is_no_sample_has_no_interval(kind: str) -> None:
    assert np.isnan(sample(kind, 6, 3).interval(0.95)).all()


def test_months_are_summed_where_enough_is_known() -> None:
    months = Sample(
        "share", np.array([[1, np.nan, 3], [1, 2, 3]]), np.full((2, 3), 10.0), np.full((2, 3), np.nan)
    )
    summed = months.summed(np.array([True, False]))
    assert summed.events.tolist()[0] == 4
    assert summed.chances.tolist()[0] == 20
    assert np.isnan(summed.value[1])


def test_a_geometric_mean_is_that_of_the_logarithms() -> None:
    values = np.array([0.5, 1.0, 8.0, 3.0, 40.0])
    logs = np.log(values)
    found = sample("geometric", logs.sum(), len(logs), (logs**2).sum())
    assert found.value[0] == pytest.approx(stats.gmean(values))
    expected = stats.ttest_1samp(logs, 0).confidence_interval(0.95)
    assert np.concatenate(found.interval(0.95)) == pytest.approx(np.exp([expected.low, expected.high]))
    assert found.variance[0] == pytest.approx(stats.gmean(values) ** 2 * stats.sem(logs) ** 2)
