"""What is called a change is one, and chance is called one as seldom as it says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from features.indicators.changes import change, dispersion, significant
from features.indicators.intervals import Sample

SEASON = 1 + 0.5 * np.sin(np.arange(12))
REPEATS = 2_000


def rates(rng: np.random.Generator, level: float, clumps: float = 0.0) -> Sample:
    """Complaints of 500 orders a month with a season, shape (repeats, 12); `clumps`: the variance of luck."""
    expected = np.broadcast_to(level * 500 * SEASON, (REPEATS, 12))
    luck = rng.gamma(1 / clumps, clumps, expected.shape) if clumps else 1.0
    counts = rng.poisson(expected * luck).astype(float)
    return Sample("rate", counts, np.full(counts.shape, 500.0), np.full(counts.shape, np.nan))


def summed(months: Sample) -> Sample:
    return months.summed(np.ones(REPEATS, bool))


def called(now: Sample, before: Sample) -> float:
    """How often a change is called one at five in a hundred."""
    return float((change(summed(now), summed(before), (now, before), 0.95).p < 0.05).mean())


@pytest.mark.parametrize("clumps", [0.0, 0.05, 0.3])
def test_a_season_and_clumps_are_no_change(clumps: float) -> None:
    rng = np.random.default_rng(1)
    assert 0.02 < called(rates(rng, 0.1, clumps), rates(rng, 0.1, clumps)) < 0.10


def test_a_change_is_found() -> None:
    rng = np.random.default_rng(2)
    now, before = rates(rng, 0.12, 0.02), rates(rng, 0.1, 0.02)
    found = change(summed(now), summed(before), (now, before), 0.95)
    assert called(now, before) > 0.6
    assert ((found.low < 0.02) & (found.high > 0.02)).mean() == pytest.approx(0.95, abs=0.03)


def test_the_dispersion_is_that_of_the_clumps() -> None:
    """A Poisson count of mean m times luck of variance c has the variance m + c·m², which is m·(1 + c·m)."""
    rng = np.random.default_rng(3)
    now, before = rates(rng, 0.1, 0.1), rates(rng, 0.1, 0.1)
    found = dispersion(now, before, summed(now).value - summed(before).value)
    assert found.mean() == pytest.approx(1 + 0.1 * 50 * SEASON.mean(), rel=0.1)


def test_shares_are_compared_as_agresti_and_caffo_do() -> None:
    """Their formula by hand: 8 of 20 against 2 of 20, one success and one failure added to each."""
    one, other = (Sample("share", np.array([x]), np.array([20.0]), np.array([np.nan])) for x in (8.0, 2.0))
    found = change(one, other, None, 0.95)
    error = np.sqrt(9 / 22 * 13 / 22 / 22 + 3 / 22 * 19 / 22 / 22)
    assert found.by[0] == pytest.approx(0.3)
    assert found.high[0] - found.low[0] == pytest.approx(2 * 1.959964 * error, rel=1e-6)


def test_sums_that_are_no_sample_are_compared_month_by_month() -> None:
    """Student's t of the twelve differences, which is scipy's of paired months."""
    rng = np.random.default_rng(4)
    now, before = rng.normal(110, 5, (1, 12)) * SEASON, rng.normal(100, 5, (1, 12)) * SEASON
    nothing = np.full((1, 12), np.nan)
    months = tuple(Sample("total", sums, nothing, nothing) for sums in (now, before))
    found = change(*(one.summed(np.array([True])) for one in months), months, 0.95)  # type: ignore[arg-type]
    expected = stats.ttest_rel(now[0], before[0])
    ends = expected.confidence_interval(0.95)
    assert found.p[0] == pytest.approx(expected.pvalue)
    assert (found.low[0], found.high[0]) == pytest.approx((12 * ends.low, 12 * ends.high))


def test_without_the_year_before_no_change_is_told() -> None:
    now = Sample("total", np.arange(12.0)[None], np.full((1, 12), np.nan), np.full((1, 12), np.nan))
    before = Sample("total", np.full((1, 12), np.nan), now.chances, now.squares)
    found = change(now.summed(np.array([True])), before.summed(np.array([False])), (now, before), 0.95)
    assert np.isnan([found.by, found.low, found.high, found.p]).all()


def test_false_discoveries_are_held_down_together() -> None:
    """The fifteen p-values of Benjamini & Hochberg (1995), section 4.1; Bonferroni would call three."""
    small = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p = np.array([*small, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0])
    assert significant(p, 0.05).sum() == 4
    assert significant(np.array([np.nan, 0.0001, np.nan]), 0.05).tolist() == [False, True, False]
    assert not significant(np.array([np.nan]), 0.05).any()
