"""When the next order comes: the day by which it is as likely as not, and an 80 % interval.

The Pareto/NBD says of each customer how the chance of silence falls with time: fast at first for a frequent
buyer, and never to nothing, for they may be gone. Its cumulative hazard is stretched so that at the horizon
the chance of silence is the churn probability, which knows more (proportional hazards, Cox 1972).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from configs.settings import Definitions
from models.buying import Buying, history

MIDDLE, HIGH = 0.5, 0.1
LOW, LOW_OF_OPEN = 0.9, 0.8
"""The chances that no order has come yet, in the middle and at the ends of an 80 % interval.

An interval without an end leaves a fifth out before its beginning; else a tenth on either side.
"""

EDGE = 1e-9
PARTS_OF_HORIZON = (1 / 32, 1 / 8, 1 / 2, 1.0)
STEPS_BEYOND = 5
NAMES = ("expected_next_order_at", "expected_next_order_low", "expected_next_order_high")


def next_order(
    buying: Buying | None, frame: pd.DataFrame, churn: np.ndarray, definitions: Definitions
) -> pd.DataFrame:
    """Columns of `NAMES`, the days on which these moments lie, shape (rows, 3); `churn`: of the horizon.

    Of four in five the next order comes from `expected_next_order_low` to `expected_next_order_high`. Null:
    it lies beyond the horizon of the CLV. Where the end is null the interval is open: an order may never
    come. The middle one is null where no next order is expected. All are null where there is no model of
    buying: churn is contractual.
    """
    if buying is None:
        nothing = pd.Series(pd.NaT, index=frame.index, dtype=frame["as_of"].dtype)
        return pd.DataFrame(dict.fromkeys(NAMES, nothing), index=frame.index)
    days, hazards = _curve(buying, frame, churn, definitions)
    today = frame["as_of"].dt.normalize()
    waited = (_reached(days, hazards, -np.log(chance)) for chance in (MIDDLE, HIGH, LOW, LOW_OF_OPEN))
    limit = definitions.clv_horizon_days
    middle, high, low, low_of_open = (np.where(day <= limit, day, np.inf) for day in waited)
    low = np.where(np.isfinite(high), low, low_of_open)
    return pd.DataFrame(
        {name: _day(today, waited) for name, waited in zip(NAMES, (middle, low, high), strict=True)}
    )


def _day(today: pd.Series, waited: np.ndarray) -> pd.Series:
    """The day after so many days, null for infinitely many."""
    known = np.isfinite(waited)
    day: pd.Series = today + pd.to_timedelta(np.floor(np.where(known, waited, 0.0)), unit="D")
    return day.where(known)


def _curve(
    buying: Buying, frame: pd.DataFrame, churn: np.ndarray, definitions: Definitions
) -> tuple[np.ndarray, np.ndarray]:
    """Rising days from `as_of` (knots,), and the cumulative hazard of an order by each, (rows, knots)."""
    horizon = float(definitions.horizon_days)
    farthest = max(horizon, float(definitions.clv_horizon_days))
    days = np.array([part * horizon for part in PARTS_OF_HORIZON])
    if farthest > horizon:
        days = np.append(days, np.geomspace(horizon, farthest, STEPS_BEYOND + 1)[1:])
    silence = buying.purchases.no_order_by(*history(frame), days)
    hazards = -np.log(np.clip(silence, EDGE, 1 - EDGE))
    wanted = -np.log(np.clip(churn, EDGE, 1 - EDGE))
    at_horizon = hazards[:, len(PARTS_OF_HORIZON) - 1]
    return days, hazards * (wanted / at_horizon)[:, None]


def _reached(days: np.ndarray, hazards: np.ndarray, wanted: float) -> np.ndarray:
    """The days after which the hazard is as large as wanted, (rows,); infinite beyond the last knot.

    Before the first knot it grows evenly, between knots as a power of time.
    """
    after = (hazards < wanted).sum(axis=1)
    rows = np.arange(len(hazards))
    right = np.minimum(after, len(days) - 1)
    left = np.maximum(right - 1, 0)
    first, last = np.log(hazards[rows, left]), np.log(hazards[rows, right])
    part = np.clip((np.log(wanted) - first) / np.maximum(last - first, EDGE), 0.0, 1.0)
    between = days[left] * (days[right] / days[left]) ** part
    start = days[0] * wanted / hazards[:, 0]
    return np.where(after == 0, start, np.where(after == len(days), np.inf, between))
