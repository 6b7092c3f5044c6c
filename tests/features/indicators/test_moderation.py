"""What is common to many scatters is learnt, and chances after it are what they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from features.indicators.moderation import moderated

MANY = 4_000


def estimated(freedom: float, common: float, level: float) -> np.ndarray:
    """Scatters that vary as an inverse chi-square of `common` degrees around `level`, each estimated."""
    rng = np.random.default_rng(1)
    true = level * common / rng.chisquare(common, MANY) if np.isfinite(common) else np.full(MANY, level)
    return np.asarray(true * rng.chisquare(freedom, MANY) / freedom)


@pytest.mark.parametrize(("common", "level"), [(4.0, 1.5), (20.0, 1.0)])
def test_the_common_freedom_and_level_are_found(common: float, level: float) -> None:
    scatter = estimated(8.0, common, level)
    found, freedom = moderated(scatter, np.full(MANY, 8.0))
    assert freedom[0] - 8 == pytest.approx(common, rel=0.2)
    slope, intercept = np.polyfit(scatter, found, 1)
    assert slope == pytest.approx(8 / (8 + common), rel=0.1)
    assert intercept == pytest.approx(level * common / (8 + common), rel=0.1)


def test_where_all_scatter_alike_each_is_taken_for_the_common_one() -> None:
    found, freedom = moderated(estimated(8.0, np.inf, 1.3), np.full(MANY, 8.0))
    assert np.ptp(found) < 0.2
    assert found.mean() == pytest.approx(1.3, rel=0.02)
    assert freedom.min() > 200


def test_chances_are_what_they_say() -> None:
    """A normal excess over its moderated scatter follows Student's t with the freedom given."""
    rng = np.random.default_rng(2)
    true = 1.2 * 10 / rng.chisquare(10, MANY)
    scatter = true * rng.chisquare(9, MANY) / 9
    excess = rng.normal(0, np.sqrt(true))
    found, freedom = moderated(scatter, np.full(MANY, 9.0))
    p = stats.t.sf(excess / np.sqrt(found), freedom)
    for level in (0.5, 0.1, 0.01):
        assert (p < level).mean() == pytest.approx(level, abs=3.5 * np.sqrt(level * (1 - level) / MANY))


def test_few_are_left_as_they_are() -> None:
    scatter, freedom = np.array([0.5, 2.0, 9.0]), np.array([8.0, 8.0, 10.0])
    found = moderated(scatter, freedom)
    assert found[0].tolist() == scatter.tolist()
    assert found[1].tolist() == freedom.tolist()


def test_a_series_without_any_scatter_leans_on_the_others() -> None:
    scatter = np.array([0.0, 0.1, 5.0, 0.5, 2.0, 1.0])
    found, _ = moderated(scatter, np.full(6, 8.0))
    assert 0 < found[0] < found[1]
