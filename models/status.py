"""Status from the customer's own rhythm: how long since the last order against their own usual gap."""

from __future__ import annotations

import numpy as np
import pandas as pd

from configs.settings import Definitions

STATUSES = ("new", "active", "slowing", "lapsed", "lost")


def status(frame: pd.DataFrame, definitions: Definitions) -> np.ndarray:
    """One of `STATUSES` per row of `days_since_order`, `usual_gap`, `gap_spread` and `order_days`.

    Measured in the customer's own usual gap plus its usual variation (one standard deviation; as much as the
    gap itself, as of a Poisson buyer, where too few gaps are known). New: one order day and not yet slowing.
    Contractual: whoever has a subscription running is active, and new in the first horizon of days.
    """
    if definitions.mode == "contractual":
        return np.where(frame["subscription_days"] < definitions.horizon_days, "new", "active")
    late = overdue(frame)
    slowing = late >= definitions.slowing_from
    return np.select(
        [
            ~slowing & (frame["order_days"].to_numpy(dtype=float) == 1),
            ~slowing,
            late < definitions.lapsed_from,
            late < definitions.lost_from,
        ],
        ["new", "active", "slowing", "lapsed"],
        "lost",
    )


def overdue(frame: pd.DataFrame) -> np.ndarray:
    """Days since the last order over the usual gap plus its usual variation, shape (rows,).

    Not a number where the features don't tell.
    """
    if not {"gap_spread", "usual_gap", "days_since_order"} <= set(frame.columns):
        return np.full(len(frame), np.nan)
    spread = np.nan_to_num(frame["gap_spread"].to_numpy(dtype=float), nan=1.0)
    usual = frame["usual_gap"].to_numpy(dtype=float) * (1.0 + spread)
    return np.asarray(frame["days_since_order"].to_numpy(dtype=float) / usual)
