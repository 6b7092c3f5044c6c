"""Which days to learn from: snapshots whose horizon is over, the newest first, in equal steps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from configs.settings import Definitions, TrainingSettings
from features.errors import HistoryError

FEWEST_SNAPSHOTS = 3
MOST_ROWS = 300_000


@dataclass(frozen=True)
class Plan:
    """`days`: rising training snapshots, each with its horizon over on or before `as_of`."""

    as_of: datetime
    days: tuple[datetime, ...]


def plan(
    first: datetime,
    as_of: datetime,
    definitions: Definitions,
    settings: TrainingSettings,
    customers: int,
) -> Plan:
    """The snapshots to train on as of a day; of many `customers` fewer, as far apart as the memory needs.

    `first`: the first order; contractual, the first cancellation, of which subscriptions bring all history.
    Raises HistoryError where no horizon is over since there was enough history before it.
    """
    contractual = definitions.mode == "contractual"
    history = 0 if contractual else settings.first_history_days
    last = as_of - timedelta(days=definitions.horizon_days)
    earliest = _midnight(first) if contractual else first + timedelta(days=history)
    if last < earliest:
        what = "cancellations" if contractual else "orders"
        raise HistoryError(
            f"There is less history than one horizon needs: {what} start on {first:%Y-%m-%d}, and training "
            f"as of {as_of:%Y-%m-%d} needs {definitions.horizon_days + history} days before it ({history} of "
            f"history and a horizon of {definitions.horizon_days}); there are {(as_of - first).days}. Choose "
            "a later day or a shorter horizon_days."
        )
    steps = range(settings.max_snapshots)
    days = [last - timedelta(days=settings.step_days * step) for step in steps]
    days = [day for day in days if day >= earliest]
    most = max(FEWEST_SNAPSHOTS, MOST_ROWS // max(1, customers))
    return Plan(as_of, tuple(sorted(days[:: -(-len(days) // most)])))


def _midnight(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0, second=0, microsecond=0)
