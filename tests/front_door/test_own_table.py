"""`amity` on one file with a row per customer: checked, trained on, scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 customers, each of them twice."""
    dice, rows = np.random.default_rng(4), 400
    frame = pd.DataFrame(
        {
            "SatisfactionScore": dice.integers(1, 6, rows),
            "CashbackAmount": dice.gamma(9, 20, rows).round(2),
            **{f"Quux{place}": dice.integers(0, 90, rows) for place in range(6)},
        }
    )
    frame["left"] = np.where(dice.random(rows) < 0.9 - 0.17 * frame["SatisfactionScore"], "yes", "no")
    twice = pd.concat([frame, frame.assign(Quux0=frame["Quux0"] + 1)], ignore_index=True)
    twice.insert(0, "customer_id", [f"c{number}" for number in range(2 * rows)])
    path = tmp_path_factory.mktemp("own") / "Plain Shop.csv"
    twice.to_csv(path, index=False)
    return path


def test_check_says_what_was_understood_and_finds_the_copies(door: Any, file: Path) -> None:
    told = door.done("check", file, "--label", "left").out
    assert "left: read 'yes' as churned" in told
    assert "400 of its 800 rows are copies of another: 0 exact, and 400 that differ" in told
    found = door.done("check", file, "--label", "left", "--json").json
    assert found["copies"] == {"exact": 0, "near": 400, "may_differ": 2}
    assert found["columns"][0] == {
        "name": "SatisfactionScore",
        "kind": "number",
        "dimension": "satisfaction",
        "guessed": True,
        "says": "",
    }


def test_train_and_score(door: Any, file: Path, tmp_path: Path) -> None:
    trained = door.done("train", file, "--label", "left", "--json").json
    assert (trained["model"], trained["version"], trained["promoted"]) == ("amity-plain-shop", "1", True)
    assert trained["metrics"]["Amity"]["auroc"] > 0.65
    assert trained["with_copies_apart"] is not None
    out = tmp_path / "scores.csv"
    told = door.done("score", file, "--out", out, "--value", "CashbackAmount").out
    assert told.startswith("Scored 800 customers with amity-plain-shop, version 1")
    scores = pd.read_csv(out)
    assert scores["value_at_risk"].is_monotonic_decreasing
    assert (scores["weak_point_1"] == "satisfaction").sum() > 100
    assert scores["weak_point_1_says"].str.contains("SatisfactionScore is 1; customers like this: 3.").any()


def test_bad_input_is_refused_in_one_sentence(door: Any, file: Path, tmp_path: Path) -> None:
    door.refuses("is one table: say with --label which column tells who churned", "check", file)
    door.refuses("There is no column 'gone' to say who churned", "check", file, "--label", "gone")
    door.refuses("doesn't say who churned: it holds '", "train", file, "--label", "SatisfactionScore")
    door.refuses("go with --label", "check", "shop", "--id", "customer_id")
    days = ("train", file, "--label", "left", "--horizon-days", 30)
    door.refuses("With --label give --id, --dimensions and --seed only", *days)
    out = ("--out", tmp_path / "scores.csv")
    door.refuses("has no days: leave --as-of and --lapsed out", "score", file, "--as-of", "2024-01-01", *out)
    door.refuses("--value names a column of one CSV or Parquet file", "score", "shop", "--value", "x", *out)
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    door.refuses(r"No model can read other\.csv: train one", "score", other, *out)
