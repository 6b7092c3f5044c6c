"""A period against the one before, and whether the difference is more than chance.

A sample (share, mean, rate) is compared by its sampling variances, widened where the months scatter more than
sampling explains: each month less the same month a year before has no season left, and the scatter of these
twelve differences over their sampling variance is the dispersion (quasi-likelihood: Wedderburn 1974,
Biometrika 61; McCullagh & Nelder 1989). Sums that are no sample are compared by the same twelve differences,
with Student's t. Which of many changes are called significant is settled together: Benjamini & Hochberg
(1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from features.indicators.intervals import Sample

Floats = NDArray[np.float64]
_FEWEST_PAIRS = 6


@dataclass(frozen=True)
class Change:
    """Shape (values,) each, null where it can't be told. `p`: of a difference as large by chance alone."""

    by: Floats
    low: Floats
    high: Floats
    p: Floats


def change(now: Sample, before: Sample, months: tuple[Sample, Sample] | None, confidence: float) -> Change:
    """Of the period, shape (values,), against the one before.

    `months`: shape (values, 12), the months of both in the same order; none where they overlap.
    """
    by = now.value - before.value
    if now.sampled:
        widened = dispersion(*months, by) if months else np.ones_like(by)
        error = np.sqrt(widened * (now.variance + before.variance))
        z = _ratio(by, error)
        half = stats.norm.isf((1 - confidence) / 2) * error
        return Change(by, by - half, by + half, 2 * stats.norm.sf(np.abs(z)))
    nothing = np.full_like(by, np.nan)
    return _paired(by, *months, confidence) if months else Change(by, nothing, nothing, nothing)


def dispersion(now: Sample, before: Sample, by: Floats) -> Floats:
    """How much more the months scatter than sampling explains; at least 1, and 1 where too few are known."""
    variance = now.variance + before.variance
    squares = _ratio((now.value - before.value - by[:, None]) ** 2, variance)
    known = np.isfinite(squares)
    pairs = known.sum(axis=1)
    scatter = np.where(known, squares, 0.0).sum(axis=1) / np.maximum(pairs - 1, 1)
    return np.where(pairs >= _FEWEST_PAIRS, np.maximum(scatter, 1.0), 1.0)


def _paired(by: Floats, now: Sample, before: Sample, confidence: float) -> Change:
    """Student's t of the twelve differences, whose interval is laid around the change itself."""
    pairs = now.value - before.value
    count = np.isfinite(pairs).sum(axis=1)
    enough = (count >= _FEWEST_PAIRS) & np.isfinite(by)
    pairs = np.where(enough[:, None], pairs, 0.0)
    total = now.kind == "total"
    middle = np.nanmean(pairs, axis=1)
    error = np.nanstd(pairs, axis=1, ddof=1) / np.sqrt(np.maximum(count, 1))
    df = np.maximum(count - 1, 1)
    p = np.where(enough, 2 * stats.t.sf(np.abs(_ratio(middle, error)), df), np.nan)
    half = stats.t.isf((1 - confidence) / 2, df) * error * np.where(total, count, 1.0)
    half = np.where(enough, half, np.nan)
    return Change(by, by - half, by + half, p)


def significant(p: Floats, false_discoveries: float) -> NDArray[np.bool_]:
    """Shape (changes,): which can be called more than chance, so that at most that share of them isn't."""
    known = np.isfinite(p)
    called = np.zeros(len(p), bool)
    if known.any():
        called[known] = stats.false_discovery_control(p[known]) <= false_discoveries
    return called


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Null where the whole is null or 0."""
    result = np.full(np.broadcast_shapes(np.shape(part), np.shape(whole)), np.nan)
    np.divide(part, whole, out=result, where=np.asarray(whole) > 0)
    return result
