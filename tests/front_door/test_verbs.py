"""Every verb of the front door, from data to a customer's story."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import amity
from features.build import catalog
from models.bundle import FILES
from training import registry


def test_check_tells_what_is_there(door: Any, shop: Path) -> None:
    report = door.done("check", shop, "--json").json
    assert not report["refuses"]
    assert report["readiness"]["missing"] == []
    assert all(dimension["unlocked"] for dimension in report["dimensions"].values())
    assert report["tables"]["customers"]["rows"] == 600


def test_training_makes_the_first_champion(door: Any, training: Any) -> None:
    assert training["promoted"]
    assert training["version"] == "1"
    assert training["as_of"] == "2025-01-01T00:00:00"
    assert training["metrics"]["Amity"]["auroc"] > 0.7
    listed = door.done("models", "--json").json
    assert [(entry["version"], entry["aliases"]) for entry in listed] == [("1", ["champion"])]
    assert "champion" in door.done("models").out


def test_a_run_is_repeated(door: Any, shop: Path, training: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("AMITY_HOME", str(door.home))
        bundle = registry.bundle("1")
    monkeypatch.setattr("training.rerun.fit", lambda *_: bundle)
    told = door.done("train", shop, "--rerun", training["run_id"]).out
    assert f"Run {training['run_id']} repeated: the same bytes in all {len(FILES)} files" in told
    other = replace(bundle, clv=replace(bundle.clv, intercept=bundle.clv.intercept + 1))
    monkeypatch.setattr("training.rerun.fit", lambda *_: other)
    says = r"gives other bytes in clv\.json, the scores\."
    door.refuses(says, "train", shop, "--rerun", training["run_id"])


@pytest.mark.usefixtures("training")
def test_a_champion_is_promoted_and_rolled_back_from(door: Any) -> None:
    assert door.done("promote", "1").out == "Version 1 is the champion now.\n"
    door.refuses("There was no champion before version 1", "rollback")


def test_a_past_date_is_replayed(door: Any, placed: Any, put: Any, tmp_path: Path) -> None:
    words = ("backtest", put(orders=placed()), "--dates", 1, "--horizon-days", 60, "--json")
    (replay,) = door.done(*words, "--out", tmp_path / "backtest.html").json["replays"]
    assert replay["day"] == "2024-12-06T00:00:00"
    assert replay["models"]["Amity"]["auroc"] > 0.6
    page = (tmp_path / "backtest.html").read_text()
    assert "Would it have worked?" in page
    assert f"{replay['customers']:,}" in page


def test_scores_come_as_parquet_and_as_csv(
    door: Any, shop: Path, scores: pd.DataFrame, tmp_path: Path
) -> None:
    door.done("score", shop, "--model", "1", "--as-of", "2025-01-01", "--out", tmp_path / "scores.csv")
    frame = pd.read_csv(tmp_path / "scores.csv", dtype={"model_version": "str"}, float_precision="round_trip")
    assert list(frame.columns) == list(scores.columns)
    assert list(frame["customer_id"]) == list(scores["customer_id"])
    np.testing.assert_array_equal(frame["churn_probability"], scores["churn_probability"])
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]


def test_the_lapsed_have_a_file_of_their_own(
    door: Any, shop: Path, scores: pd.DataFrame, tmp_path: Path
) -> None:
    file, other = tmp_path / "scores.csv", tmp_path / "lapsed.csv"
    told = door.done("score", shop, "--out", file, "--lapsed", other).out
    lapsed = pd.read_csv(other, parse_dates=["last_order_at"])
    assert f"{len(lapsed):,} lapsed customers are in" in told
    assert not lapsed.empty
    assert not set(lapsed["customer_id"]) & set(scores["customer_id"])
    assert (lapsed["last_order_at"] < "2024-01-02").all()
    assert lapsed["reactivation_probability"].between(0, 1).all()
    door.refuses("--lapsed and --out name the same file", "score", shop, "--out", file, "--lapsed", file)
    door.refuses(
        r"write to a file ending in", "score", shop, "--out", file, "--lapsed", tmp_path / "lapsed.json"
    )


def test_a_list_of_an_earlier_day_says_that_it_takes_the_place(
    door: Any, shop: Path, scores: pd.DataFrame, tmp_path: Path
) -> None:
    file = tmp_path / "scores.csv"
    assert set(scores["as_of"].astype(str).str[:10]) == {"2025-01-01"}
    told = door.done("score", shop, "--as-of", "2024-11-01", "--out", file).out
    assert "this list of 2024-11-01 from now on, no longer that of 2025-01-01" in told
    assert "from now on" not in door.done("score", shop, "--out", file).out


def test_at_risk_is_the_head_of_the_scores(door: Any, scores: pd.DataFrame) -> None:
    listed = door.done("at-risk", "--top", 5, "--json").json
    assert [row["customer_id"] for row in listed] == list(scores["customer_id"][:5])
    assert listed[0]["value_at_risk"] == pytest.approx(scores["value_at_risk"][0])
    told = door.done("at-risk", "--top", 5).out
    assert all(customer in told for customer in scores["customer_id"][:5])
    service = door.done("at-risk", "--weak-point", "service", "--json").json
    places = scores[[f"weak_point_{place}" for place in (1, 2, 3)]]
    expected = scores.loc[(places == "service").any(axis=1), "customer_id"]
    assert [row["customer_id"] for row in service] == list(expected[:20])


def test_explain_tells_one_customers_story(door: Any, scores: pd.DataFrame) -> None:
    row = scores.dropna(subset="weak_point_1").iloc[0]
    told = door.done("explain", row["customer_id"]).out
    assert row["customer_id"] in told
    assert row["weak_point_1_says"] in told
    assert row["action"] in told
    assert (
        door.done("explain", row["customer_id"], "--json").json["churn_probability"]
        == row["churn_probability"]
    )


def test_features_are_written_and_listed(door: Any, shop: Path, scores: pd.DataFrame, tmp_path: Path) -> None:
    told = door.done("features", shop, "--as-of", "2025-01-01", "--out", tmp_path / "features.parquet")
    frame = pd.read_parquet(tmp_path / "features.parquet")
    assert f"Wrote {len(frame):,} rows and {frame.shape[1] - 2} features" in told.out
    assert set(frame["customer_id"]) == set(scores["customer_id"])
    listed = door.done("features", "--list").out.splitlines()
    assert [line.split()[0] for line in listed] == [feature.name for feature in catalog({})]


@pytest.mark.usefixtures("spark")
def test_spark_writes_the_features_of_duckdb(door: Any, shop: Path, tmp_path: Path) -> None:
    """Of orders alone; tests/features/test_engines.py has all tables."""
    alone = tmp_path / "shop"
    alone.mkdir()
    (alone / "orders.parquet").write_bytes((shop / "orders.parquet").read_bytes())
    words = ("features", alone, "--as-of", "2025-01-01", "--out")
    door.done(*words, tmp_path / "duckdb.parquet")
    told = door.done(*words, tmp_path / "spark", "--engine", "spark")
    ours, theirs = (pd.read_parquet(tmp_path / name) for name in ("duckdb.parquet", "spark"))
    assert f"Wrote {len(ours):,} rows and {ours.shape[1] - 2} features as of 2025-01-01" in told.out
    theirs = theirs.sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(theirs, ours, check_dtype=False, rtol=1e-9, atol=0)
    door.refuses("There is no folder", *words, tmp_path / "nowhere" / "spark", "--engine", "spark")


def test_config_says_where_each_value_comes_from(door: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMITY_HORIZON_DAYS", "45")
    found = door.done("config", "--json").json
    assert found["horizon_days"] == {"value": "45", "from": "environment"}
    assert found["currency"] == {"value": "EUR", "from": "file"}
    assert found["home"] == {"value": str(door.home), "from": "environment"}
    assert re.search(r"horizon_days +45 +\(environment\)", door.done("config").out)


def test_every_verb_has_help_with_an_example(door: Any) -> None:
    for verb in amity.cli.commands:
        told = door.done(verb, "--help").out
        assert "Example:" in told
        assert f"amity {verb}" in told


def test_ids_as_numbers_here_and_text_there_work(door: Any, placed: Any, put: Any) -> None:
    orders = [order | {"customer_id": int(order["customer_id"][1:])} for order in placed()]
    source = put(orders=orders, customers=[{"customer_id": str(n), "segment": "a"} for n in range(150)])
    report = door.done("check", source, "--json").json
    notes = [problem["sentence"] for problem in report["problems"] if problem["level"] == "note"]
    assert any("customer_id" in note and "text" in note and "number" in note for note in notes), notes


def test_bad_rows_are_left_out_on_request(door: Any, placed: Any, put: Any, tmp_path: Path) -> None:
    orders = [order | {"ordered_at": str(order["ordered_at"])} for order in placed()]
    source = put(orders=[orders[0] | {"ordered_at": "yesterday"}, *orders[1:]])
    told = door.done("features", source, "--skip-bad-rows", "--out", tmp_path / "features.csv")
    assert "Left out: orders.ordered_at: text where a date is due in 1 of" in told.err
