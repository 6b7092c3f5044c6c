"""Marketing's day at the front door: learn, plan, approve, send, and too early a measurement."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest


@pytest.mark.usefixtures("scores")
def test_from_learning_to_sending(door: Any, shop: Path, tmp_path: Path) -> None:
    learnt = door.done("winback", "learn", shop, "--json").json
    assert learnt["evidence"]["grade"] == "experiment"
    dry = door.done("winback", "plan", shop, "--budget", 150, "--explore", 120, "--seed", 1)
    assert "A dry run: nothing is kept" in dry.out
    assert door.done("winback", "plans", "--json").json == []
    kept = door.done(
        *("winback", "plan", shop, "--budget", 150, "--explore", 120, "--seed", 1, "--keep", "--json")
    ).json
    assert kept["plan"] == 1
    door.refuses("Plan 1 is a draft", "winback", "send", 1, shop, "--out", tmp_path / "m.csv")
    assert "approved by kim" in door.done("winback", "approve", 1, "--by", "kim").out
    door.refuses("approved already, by kim", "winback", "approve", 1, "--by", "kim")
    words = ("winback", "send", 1, shop, "--out", tmp_path / "m.csv", "--contacts", tmp_path / "c.csv")
    assert "counts as sent now" in door.done(*words).out
    sent, contacts = pd.read_csv(tmp_path / "m.csv"), pd.read_csv(tmp_path / "c.csv")
    treated = [row["customer_id"] for row in kept["rows"] if row["arm"] == "treatment"]
    assert set(sent["customer_id"]) <= set(treated)
    assert len(contacts) == len(kept["rows"])
    door.refuses("it goes out once", *words)
    door.refuses("its 30 days are over on", "winback", "measure", 1, shop)


@pytest.mark.parametrize("budget", [0, -1, "nan"])
@pytest.mark.usefixtures("scores")
def test_a_wrong_budget_is_one_sentence(door: Any, shop: Path, budget: object) -> None:
    door.refuses("The budget is", "winback", "plan", shop, f"--budget={budget}")
