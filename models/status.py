"""Status from the customer's own rhythm: how long since the last order against their own usual gap."""

from __future__ import annotations

import numpy as np
import pandas as pd

from configs.settings import Definitions

STATUSES = ("new", "active", "slowing", "lapsed", "lost")


def status(frame: pd.DataFrame, definitions: Definitions) -> np.ndarray:
    """One of `STATUSES` per row of `overdue` and `order_days`; new: one order day and not yet slowing."""
    overdue = frame["overdue"].to_numpy(dtype=float)
    slowing = overdue >= definitions.slowing_from
    return np.select(
        [
            ~slowing & (frame["order_days"].to_numpy(dtype=float) == 1),
            ~slowing,
            overdue < definitions.lapsed_from,
            overdue < definitions.lost_from,
        ],
        ["new", "active", "slowing", "lapsed"],
        "lost",
    )
