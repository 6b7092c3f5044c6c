"""Which days to learn from: snapshots whose horizon is over, the newest first, in equal steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.settings import Definitions, TrainingSettings
from features.errors import HistoryError

FEWEST_SNAPSHOTS = 3
MOST_ROWS = 1_500_000


@dataclass(frozen=True)
class Plan:
    """`days`: rising training snapshots, each with its horizon over on or before `as_of`."""

    as_of: datetime
    days: tuple[datetime, ...]


def plan(
    first_order: datetime,
    as_of: datetime,
    definitions: Definitions,
    settings: TrainingSettings,
    customers: int,
) -> Plan:
    """The snapshots to train on as of a day; `customers`: how many there are, which bounds the memory.

    Raises HistoryError where no horizon is over since there was enough history before it.
    """
    last = as_of - timedelta(days=definitions.horizon_days)
    earliest = first_order + timedelta(days=settings.first_history_days)
    if last < earliest:
        needed = definitions.horizon_days + settings.first_history_days
        raise HistoryError(
            f"There is less history than one horizon needs: orders start on {first_order:%Y-%m-%d}, and "
            f"training as of {as_of:%Y-%m-%d} needs {needed} days before it ({settings.first_history_days} "
            f"of history and a horizon of {definitions.horizon_days}); there are "
            f"{(as_of - first_order).days}. Choose a later day or a shorter horizon_days."
        )
    most = max(FEWEST_SNAPSHOTS, min(settings.max_snapshots, MOST_ROWS // max(1, customers)))
    days: Sequence[datetime] = [last - timedelta(days=settings.step_days * step) for step in range(most)]
    return Plan(as_of, tuple(sorted(day for day in days if day >= earliest)))
