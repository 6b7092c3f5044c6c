"""Versions at the front door: the worse is refused, the better promoted, a rollback restores the scores."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import training.train

START = datetime(2024, 1, 1)  # noqa: DTZ001
END = START + timedelta(days=360)
FLAGS = ("--horizon-days", 60, "--lookback-days", 200, "--json")


@pytest.fixture(scope="module")
def moods(put: Any) -> Path:
    """Who is cross leaves soon; only trees look at the mood."""
    dice = np.random.default_rng(6)
    people, orders = [], []
    for number in range(420):
        customer, cross = f"c{number:03d}", bool(dice.random() < 0.5)
        people.append({"customer_id": customer, "mood": "cross" if cross else "content"})
        time = START + timedelta(days=float(dice.uniform(0, 330)))
        leaves = time + timedelta(days=float(dice.exponential(40 if cross else 1500)))
        while time < min(leaves, END):
            orders.append(
                {"order_id": f"o{len(orders)}", "customer_id": customer, "ordered_at": time, "amount": 20.0}
            )
            time += timedelta(days=float(dice.exponential(14)) + 0.1)
    return put(customers=people, orders=orders)  # type: ignore[no-any-return]


def test_from_champion_to_champion_and_back(
    new_door: Any, moods: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The third training is handed what the first found, for `tests/training` sees that it finds it again."""
    found: dict[str, Any] = {}

    def found_once(name: str, make: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *given: found.setdefault(name, make(*given))

    def trained() -> Any:
        return new_door.done("train", moods, *FLAGS).json

    def scored(name: str) -> Path:
        new_door.done("score", moods, "--out", tmp_path / f"{name}.csv")
        return tmp_path / f"{name}.csv"

    with monkeypatch.context() as patch:
        for name in ("judge", "fit"):
            patch.setattr(training.train, name, found_once(name, getattr(training.train, name)))
        assert trained()["because"] == "it is the first model"
    first = scored("first")

    with monkeypatch.context() as patch:
        patch.setenv("AMITY_LEARNING_RATE", "0.0001")
        worse = trained()
    assert not worse["promoted"]
    assert worse["because"].startswith("it does not beat the champion (version 1): log loss 0.")
    assert new_door.done("promote", 2).out == "Version 2 is the champion now.\n"

    with monkeypatch.context() as patch:
        for name, known in found.items():
            patch.setattr(training.train, name, lambda *_, known=known: known)
        better = trained()
    assert better["promoted"]
    assert better["because"].startswith("it beats the champion (version 2): log loss 0.")
    again, before = (pd.read_csv(file, float_precision="round_trip") for file in (scored("third"), first))
    assert (again["model_version"] == 3).all()
    pd.testing.assert_frame_equal(again.assign(model_version=1), before, check_exact=True)

    says = "Version 2 is the champion again, instead of version 3."
    assert new_door.done("rollback").out.strip() == says
    assert new_door.done("rollback").out.strip() == "Version 1 is the champion again, instead of version 2."
    assert scored("first again").read_bytes() == first.read_bytes()
