"""What orders that coupons bring about are worth: found where it is known, and never made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.uplift.learners import Arms
from training.uplift_brought import brought
from training.uplift_unseen import Rows, Unseen, unseen

SIZE = 4_000
USUAL = 40.0


def _campaign(worth: float, seed: int) -> tuple[Rows, Unseen, np.ndarray]:
    """A quarter of those sent a coupon of 5 order because of it, each order worth so much of a usual one;
    half of those who order anyway redeem as well. Also returned: the true effect of each."""
    dice = np.random.default_rng(seed)
    treated = dice.integers(0, 2, SIZE).astype(float)
    anyway = dice.poisson(0.4, SIZE).astype(float)
    more = (treated == 1) & (dice.random(SIZE) < 0.25)
    redeemed = np.where(more, 1.0, treated * (anyway > 0) * (dice.random(SIZE) < 0.5))
    basket = USUAL * dice.lognormal(-0.08, 0.4, (2, SIZE))
    revenue = anyway * basket[0] + more * worth * basket[1] - 5 * redeemed
    outcome = {"orders": anyway + more, "revenue": revenue, "profit": revenue}
    arms = Arms.equal(dice.normal(size=(SIZE, 2)), treated, np.full(SIZE, 0.5))
    rows = Rows(arms, 1, np.full(SIZE, 5.0), outcome, redeemed, np.ones(SIZE))
    return rows, unseen(rows, pd.Series(np.arange(SIZE))), np.full(SIZE, 0.25)


@pytest.mark.parametrize(("worth", "found"), [(0.6, 0.6), (0.8, 0.8), (1.0, 1.0), (1.4, 1.0)])
def test_it_is_found_where_it_is(worth: float, found: float) -> None:
    """Baskets of all orders are some usual ones and some brought about; the usual is what others spend."""
    told = []
    for seed in range(4):
        rows, seen, effects = _campaign(worth, seed)
        each = {name: np.full(SIZE, USUAL) for name in seen.stakes.each}
        told.append(brought(effects, rows, replace(seen, stakes=replace(seen.stakes, each=each))))
    assert np.mean(told) == pytest.approx(found, abs=0.08)


def test_nothing_is_made_up_where_no_coupon_was_redeemed() -> None:
    rows, seen, effects = _campaign(0.5, 0)
    assert brought(effects, replace(rows, redeemed=np.zeros(SIZE)), seen) == 1
    assert brought(np.zeros(SIZE), rows, seen) == 1
