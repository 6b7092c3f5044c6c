"""What the front door says of bad input: one clear message, and exit code 1."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from training import registry

Source = Callable[..., Path]


def change(column: str, value: Callable[[int, Any], Any]) -> Source:
    return lambda put, placed: put(
        orders=[order | {column: value(n, order[column])} for n, order in enumerate(placed())]
    )


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (lambda *_: "/nowhere", "There is no folder and no file at /nowhere"),
        (lambda put, _: put(returns=[{"return_id": "r"}]), "there is no table «orders» .*there is returns"),
        (lambda put, _: put(), "there is no table «orders»"),
        (lambda put, placed: put(orders=pd.DataFrame(placed()).head(0)), "orders: the table is empty"),
        (
            lambda put, placed: put(orders=placed(customers=1)),
            r"1 customers? w\w+ active .* training needs 50",
        ),
        (
            lambda put, placed: put(orders=placed(days=60)),
            r"orders run from .*, \d\d days; .*training needs \d+",
        ),
        (change("amount", lambda *_: "ten"), r"orders\.amount: text where money is due .*\"ten\""),
        (
            change("ordered_at", lambda n, _: 45_000 + n),
            r"orders\.ordered_at: .* where a date is due .*45000",
        ),
        (
            change("ordered_at", lambda n, t: "soon" if n == 3 else str(t)),
            "text where a date is due in 1 of .*soon",
        ),
        (change("order_id", lambda n, old: old if n else "o1"), "orders.order_id: rows that share their key"),
    ],
    ids=[
        *("no such folder", "no orders", "nothing at all", "empty orders", "one customer", "short history"),
        *("amount as text", "dates as numbers", "a date that is none", "duplicate ids"),
    ],
)
def test_a_source_that_cannot_be_trained_on(
    door: Any, source: Source, says: str, put: Any, placed: Any
) -> None:
    door.refuses(says, "train", source(put, placed))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["score", "SHOP", "--as-of", "2022-01-01", "--out", "OUT.csv"],
            "2022-01-01 nothing is known yet: the first order",
        ),
        (
            ["score", "SHOP", "--as-of", "2029-01-01", "--out", "OUT.csv"],
            "No customer is active .* all are lapsed",
        ),
        (
            ["score", "SHOP", "--as-of", "nonsense", "--out", "OUT.csv"],
            "'nonsense' is no day; write it as 2025-06-30",
        ),
        (
            ["score", "SHOP", "--model", "staging", "--out", "OUT.csv"],
            r"no model 'staging'\. There are: versions 1",
        ),
        (
            ["score", "SHOP", "--out", "OUT.json"],
            r"ends in '\.json'; write to a file ending in \.parquet or \.csv",
        ),
        (["score", "SHOP", "--out", "OUT/no/scores.csv"], "There is no folder .* to write scores.csv into"),
        (["score", "SHOP"], "Missing option '--out'"),
        (["train", "SHOP", "--as-of", "2022-01-01"], "no orders before now to learn from"),
        (["train", "SHOP", "--as-of", "2023-03-01"], "orders run from 2023-01-01 to 2023-02-28, 59 days"),
        (
            ["train", "SHOP", "--horizon-days", "0"],
            "horizon_days: Input should be greater than or equal to 1",
        ),
        (["train"], "Missing argument 'SOURCE'"),
        (
            ["features", "SHOP", "--as-of", "2022-01-01", "--out", "OUT.csv"],
            "No customer is active as of 2022-01-01",
        ),
        (["features", "SHOP"], "features needs SOURCE and --out FILE, or --list"),
        (["explain", "nobody"], "nobody"),
        (["at-risk", "--weak-point", "weather"], "weak_point is 'weather'; use one of rhythm, spend"),
        (["train", "SHOP", "--rerun", "nowhere"], "There is no run 'nowhere' at sqlite:"),
        (["train", "SHOP", "--rerun", "a", "--seed", "3"], "--rerun repeats a run with its own day"),
        (["train", "SHOP", "--trials", "-1"], "-1 is not in the range"),
        (["backtest", "SHOP", "--as-of", "2023-04-01"], "too little history to replay a date: it needs"),
        (["backtest", "SHOP", "--out", "OUT.pdf"], r"ends in '\.pdf'; write to .*\.html or \.png"),
        (["promote", "9"], r"There is no model version '9'\. There are: versions 1"),
        (["simulate", "SHOP"], "not an empty folder, and nothing there is written over"),
        (["simulate", "OUT", "--customers", "0"], "customers is 0; a simulation needs at least 1"),
        (["scroe"], "No such command 'scroe'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
@pytest.mark.usefixtures("scores")
def test_a_question_that_cannot_be_answered(
    door: Any, words: list[str], says: str, shop: Path, tmp_path: Path
) -> None:
    told = [word.replace("SHOP", str(shop)).replace("OUT", str(tmp_path / "out")) for word in words]
    door.refuses(says, *told)
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_cannot_be_used(door: Any, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMITY_HORIZON_DAYS", "soon")
    for words in (["config"], ["check", shop], ["train", shop]):
        door.refuses("horizon_days: Input should be a valid integer.*'soon'", *words)


@pytest.mark.usefixtures("scores")
def test_a_damaged_bundle(door: Any, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMITY_HOME", str(door.home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    trees = registry.folder("champion") / "churn.txt"
    sound = trees.read_text()
    trees.write_text(sound[: len(sound) // 2])
    try:
        says = r"is damaged: churn\.txt is not what was saved"
        door.refuses(says, "score", shop, "--out", tmp_path / "s.csv")
    finally:
        trees.write_text(sound)


@pytest.mark.usefixtures("scores")
def test_tables_that_the_model_needs(door: Any, put: Any, placed: Any, tmp_path: Path) -> None:
    says = r"Model 1 was trained with .*customers, .*orders\.discount.*, which this source lacks"
    door.refuses(says, "score", put(orders=placed()), "--out", tmp_path / "s.csv")
