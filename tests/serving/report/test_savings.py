"""What repair would save, by hand; and its interval beside the plain bootstrap.

a is spared 0.5 − 0.4 of 1000 with service repaired, f 0.25 − 0.2 of 400; with rhythm a 0.05 of 1000, b 0.6 of
200.
"""

from __future__ import annotations

import numpy as np
import pytest

from serving.report.savings import bootstrapped, savings
from tests.serving.report.conftest import SCORES


def test_what_is_saved_by_hand() -> None:
    found = savings(SCORES, 0.95).set_index("weak_point")
    assert found.saved.to_dict() == pytest.approx({"rhythm": 50 + 120, "service": 100 + 20})
    assert list(found.index) == ["rhythm", "service"]
    assert found.customers.to_dict() == {"rhythm": 2, "service": 2}


def test_scores_that_tell_no_repair_save_nothing_that_is_known() -> None:
    found = savings(SCORES.drop(columns=[f"weak_point_{at}_repaired" for at in (1, 2, 3)]), 0.95)
    assert found[["saved", "low", "high"]].isna().all(axis=None)
    assert found.customers.sum() == 4


@pytest.mark.parametrize("size", [300, 6000])
def test_the_interval_is_that_of_customers_drawn_anew(size: int) -> None:
    """Beyond the number of bins too. The plain bootstrap of 4,000 resamples, and the normal approximation."""
    values = np.random.default_rng(3).gamma(0.5, 20, size)
    low, high = bootstrapped(values, 0.9)
    drawn = np.random.default_rng(4).choice(values, (1000, size)).sum(axis=1)
    spread = np.sqrt((values**2).sum())
    assert low == pytest.approx(values.sum() - 1.645 * spread, abs=0.25 * spread)
    assert high == pytest.approx(values.sum() + 1.645 * spread, abs=0.25 * spread)
    assert high - low == pytest.approx(np.quantile(drawn, 0.95) - np.quantile(drawn, 0.05), rel=0.35)
