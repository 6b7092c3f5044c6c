"""What an order that an offer brings about is worth beside a usual one: it is often a small one."""

from __future__ import annotations

import numpy as np

from training.uplift_slopes import clustered, drawn
from training.uplift_unseen import Rows, Unseen


def brought(effects: np.ndarray, rows: Rows, seen: Unseen) -> float:
    """From 0 to 1, where nothing shows that it is less. Never more: large orders have coupons redeemed too.

    Whoever redeemed a coupon may have ordered because of it: the chance is the effect over the chance of
    redeeming. By how much revenue per order lies beyond the usual, in those, is a slope on that chance,
    `drawn` to nothing. The variance of revenue is taken to grow with what is usual.
    """
    placed, usual = rows.outcome["orders"], seen.stakes.each["revenue"]
    some = (placed > 0) & (usual > 0)
    share = (rows.redeemed * _because(effects, seen.stakes.redeeming))[some] / placed[some]
    revenue = (rows.outcome["revenue"] + rows.redeemed * rows.value)[some] / placed[some]
    usual, weight = usual[some], placed[some] / usual[some]
    told = usual * share
    power = float((weight * told**2).sum())
    if power <= 0:
        return 1.0
    slope = float((weight * told * (revenue - usual)).sum()) / power
    error = clustered(weight * told * (revenue - usual - slope * told), seen.customer[some]) / power
    return float(np.clip(1 + drawn(slope, error), 0.0, 1.0))


def _because(effects: np.ndarray, redeeming: np.ndarray) -> np.ndarray:
    """The chance that whoever redeemed ordered because of the coupon, shape (rows,)."""
    more = np.clip(effects, 0.0, 1.0)
    either = np.maximum(redeeming, more)
    return np.asarray(np.divide(more, either, out=np.zeros_like(more), where=either > 0))
