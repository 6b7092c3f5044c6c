"""`amity prune`, on a store with lists of three days."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from configs.settings import Definitions
from features.catalog import DIMENSIONS
from models.scoring import Scored
from models.weakpoints import NAMED, Points
from serving.store import Store


def scored(day: datetime) -> Scored:
    """One customer of whom little is known."""
    row: dict[str, Any] = {
        "customer_id": "C1",
        "as_of": pd.Timestamp(day),
        "model_version": "1",
        "status": "new",
        **dict.fromkeys(("churn_probability", "clv", "clv_low", "clv_high", "value_at_risk"), 0.5),
        "expected_next_order_at": pd.NaT,
        "smallest_repair": None,
        "action": "Call.",
    }
    for place in range(1, NAMED + 1):
        name = f"weak_point_{place}"
        row |= {name: None, f"{name}_says": None, f"{name}_confidence": None}
        row |= {f"{name}_points": float("nan"), f"{name}_repaired": float("nan")}
    frame = pd.DataFrame([row])
    frame["expected_next_order_at"] = pd.to_datetime(frame["expected_next_order_at"])
    points = pd.DataFrame([dict.fromkeys(DIMENSIONS, 1.0)])
    return Scored(frame, Points(0.2, points), pd.DataFrame({"segment": ["gold"]}))


def test_lists_of_days_before_go(door: Any, tmp_path: Path) -> None:
    there = type(door)(tmp_path / "home")
    store = Store.open(f"sqlite:///{there.home}/store.db")
    for month in (1, 2, 3):
        day = datetime(2025, month, 1)  # noqa: DTZ001
        store.save(scored(day), source="shop", definitions=Definitions())
    assert there.done("prune", "--before", "2025-02-01", "--json").json == {"deleted": 1}
    assert [head.as_of.month for head in store.scorings()] == [3, 2]
    assert "Deleted 0 lists of days before 2025-02-01." in there.done("prune", "--before", "2025-02-01").out
    assert there.done("at-risk", "--as-of", "2025-02-01", "--json").json[0]["as_of"].startswith("2025-02-01")
    there.refuses("Nothing was scored as of 2025-01-01", "at-risk", "--as-of", "2025-01-01")
    store.close()


@pytest.mark.parametrize("words", [("prune",), ("prune", "--before", "yesterday")])
def test_a_day_is_needed(door: Any, words: tuple[str, ...]) -> None:
    door.refuses("before", *words)
