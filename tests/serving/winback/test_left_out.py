"""Who is not to be contacted, at the edges of a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
import pandas as pd

from serving.winback.left_out import barred

DAY = datetime(2025, 3, 1)  # noqa: DTZ001


def _complaint(
    customer: str, opened: float, resolved: float | None, reopened: float | None
) -> dict[str, object]:
    times = {"opened_at": opened, "resolved_at": resolved, "reopened_at": reopened}
    moments = {name: None if ago is None else DAY - timedelta(days=ago) for name, ago in times.items()}
    return {"customer_id": customer, "kind": "complaint", **moments}


def test_a_complaint_is_open_until_it_is_resolved_and_again_once_it_is_reopened() -> None:
    tickets = pd.DataFrame(
        [
            _complaint("never resolved", 9, None, None),
            _complaint("resolved", 9, 5, None),
            _complaint("resolved on the day", 9, 0, None),
            _complaint("reopened", 9, 5, 1),
            _complaint("reopened on the day", 9, 5, 0),
            _complaint("resolved after it was reopened", 9, 1, 5),
            _complaint("opened on the day", 0, None, None),
        ]
    )
    found = barred({"tickets": ibis.memtable(tickets)}, tickets["customer_id"], DAY, rest_days=0)
    assert set(tickets.loc[found == "open_complaint", "customer_id"]) == {
        "never resolved",
        "resolved on the day",
        "reopened",
    }
    without = ibis.memtable(tickets.drop(columns="reopened_at"))
    found = barred({"tickets": without}, tickets["customer_id"], DAY, rest_days=0)
    assert "reopened" not in set(tickets.loc[found == "open_complaint", "customer_id"])
