"""Versions and aliases, and their bundles on this machine."""

from __future__ import annotations

import shutil
from datetime import datetime
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow import MlflowClient
from rich.console import Console

from features.errors import ModelError
from features.snapshots import before
from training import registry, tracking
from training.rerun import active


def test_the_champion_is_the_better_one(at_home: Any) -> None:
    champion = registry.champion()
    assert champion is not None
    assert champion == registry.bundle("champion") == registry.bundle("2")
    assert champion.manifest.version == "2"
    assert champion.churn == at_home.good.bundle.churn
    assert champion.manifest.metrics["judged_as_of"] == "2025-03-02T00:00:00"
    assert (
        champion.manifest.metrics["churn"]["log_loss"] == at_home.good.judgement.metrics["Amity"]["log_loss"]
    )


@pytest.mark.usefixtures("at_home")
def test_versions_are_listed_newest_first() -> None:
    listed = registry.versions()
    assert [entry["version"] for entry in listed] == ["3", "2", "1"]
    assert [entry["aliases"] for entry in listed] == [[], ["champion"], []]
    assert listed[2]["because"] == "it is the first model"
    assert listed[1]["as_of"] == "2025-05-01T00:00:00"
    console = Console(file=StringIO(), width=120)
    console.print(registry.table(listed))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "champion" in shown
    assert f"{listed[1]['log_loss']:.4f}" in shown
    assert "Version 1: it is the first model." in shown
    assert [event["what"] for event in listed[1]["champion_history"]][:1] == ["promoted"]
    assert listed[1]["champion_history"][0]["instead_of"] == "1"
    assert listed[1]["champion_history"][0]["because"] == listed[1]["because"]


@pytest.mark.usefixtures("at_home")
def test_an_unknown_alias_lists_what_there_is() -> None:
    there = r"There are: versions 1, 2, 3; champion \(version 2\)\."
    with pytest.raises(ModelError, match=rf"There is no model 'staging'\. {there}"):
        registry.bundle("staging")
    with pytest.raises(ModelError, match=rf"There is no model version '9'\. {there}"):
        registry.promote("9")
    with pytest.raises(ModelError, match="There is no model version 'staging'"):
        registry.promote("staging")


@pytest.fixture
def own_registry(trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The trained home's models, with promotions that are forgotten after the test."""
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(trained.home / "mlflow.db", home / "mlflow.db")
    monkeypatch.setenv("AMITY_HOME", str(home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return trained


def scores(shop: Any) -> bytes:
    bundle = registry.bundle("champion")
    customers = active(before(shop.tables, shop.as_of), bundle)
    return bytes(bundle.churn.predict(customers).tobytes())


def test_a_rollback_restores_the_earlier_scores_exactly(own_registry: Any, shop: Any) -> None:
    mine = scores(shop)
    registry.promote("1", "to see")
    other = scores(shop)
    assert other != mine
    assert registry.rollback("seen") == ("2", "1")
    assert registry.bundle("champion").churn == own_registry.good.bundle.churn
    assert scores(shop) == mine
    assert registry.rollback() == ("1", "2")
    assert scores(shop) == other


@pytest.mark.usefixtures("own_registry")
def test_promotions_and_rollbacks_are_recorded() -> None:
    registry.promote("3", "to see")
    registry.rollback("seen")
    third, second, _ = registry.versions()
    (event,) = third["champion_history"]
    assert (event["what"], event["instead_of"], event["because"]) == ("promoted", "2", "to see")
    assert datetime.fromisoformat(event["at"]).tzinfo is not None
    last = second["champion_history"][-1]
    assert (last["what"], last["instead_of"], last["because"]) == ("restored", "3", "seen")
    console = Console(file=StringIO(), width=200)
    console.print(registry.table([second]))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert f"; restored on {last['at'][:10]} instead of version 3: seen." in shown


@pytest.mark.usefixtures("own_registry")
def test_before_the_first_champion_there_was_none() -> None:
    registry.rollback()
    says = (
        r"There was no champion before version 1\. `amity promote VERSION` makes .*There are: versions 1, 2"
    )
    with pytest.raises(ModelError, match=says):
        registry.rollback()


@pytest.mark.usefixtures("new_home")
def test_without_a_champion_there_is_nothing_to_roll_back() -> None:
    with pytest.raises(ModelError, match=r"There is no champion to roll back from\. No model is registered"):
        registry.rollback()


@pytest.mark.usefixtures("own_registry")
def test_a_champion_that_mlflow_has_lost_is_passed_over() -> None:
    registry.promote("3")
    MlflowClient().delete_model_version("amity", "2")
    assert registry.rollback() == ("1", "3")


def test_a_bundle_is_fetched_once_and_again_when_it_is_gone(at_home: Any) -> None:
    folder = registry.folder("2")
    assert folder.parent == at_home.home / "bundles"
    saved = folder.stat().st_ino
    assert registry.folder("2").stat().st_ino == saved
    shutil.rmtree(folder)
    assert registry.bundle("2").churn == at_home.good.bundle.churn
    assert [path.name for path in folder.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.usefixtures("at_home")
def test_a_damaged_bundle_is_refused() -> None:
    folder = registry.folder("1")
    (folder / "peers.json").write_text("{}")
    try:
        with pytest.raises(ModelError, match=r"is damaged: peers\.json is not what was saved"):
            registry.bundle("1")
    finally:
        shutil.rmtree(folder)


def test_a_bundle_that_mlflow_has_lost_is_told(at_home: Any) -> None:
    run_id = MlflowClient().get_model_version("amity", "3").run_id
    shutil.rmtree(at_home.home / "bundles" / f"3-{run_id[:8]}", ignore_errors=True)
    model = Path(MlflowClient().get_model_version_download_uri("amity", "3").removeprefix("file://"))
    hidden = model.with_name("hidden")
    model.rename(hidden)
    try:
        with pytest.raises(ModelError, match=r"Model version 3 holds no bundle\. Train anew"):
            registry.bundle("3")
    finally:
        hidden.rename(model)


def test_two_homes_never_touch_each_other(
    at_home: Any, new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert registry.versions() == []
    monkeypatch.setenv("AMITY_HOME", str(at_home.home))
    assert registry.champion() is not None
    monkeypatch.setenv("AMITY_HOME", str(new_home))
    assert registry.champion() is None


def test_the_users_tracking_server_is_respected(
    at_home: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    shutil.copy(at_home.home / "mlflow.db", tmp_path / "elsewhere.db")
    monkeypatch.setenv("AMITY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", there)
    assert tracking.tracking_uri() == there
    assert registry.bundle("champion").churn == at_home.good.bundle.churn
    assert not (tmp_path / "home" / "mlflow.db").exists()
    registry.promote("3")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setenv("AMITY_HOME", str(at_home.home))
    assert registry.bundle("champion").manifest.version == "2"


@pytest.mark.usefixtures("at_home")
def test_version_two_of_another_mlflow_is_another_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundles on this machine are told apart by the run they come from."""
    mine, other_run = registry.folder("2"), SimpleNamespace(run_id="0123456789")
    monkeypatch.setattr(MlflowClient, "get_model_version", lambda *_: other_run)
    assert mine.name.startswith("2-")
    other = registry.folder("2")
    assert other.name == "2-01234567"
    shutil.rmtree(other)


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (
            "http://user:secret@127.0.0.1:9",
            r"http://user:\*\*\*@127\.0\.0\.1:9 can't be used: .*Start it, or point",
        ),
        ("ftp://nowhere", "MLflow at ftp://nowhere can't be used: .*unsupported URI"),
    ],
)
def test_an_mlflow_that_does_not_answer(
    address: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(ModelError, match=says) as caught:
        registry.versions()
    assert "secret" not in str(caught.value)


def test_a_database_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mlflow.db").write_text("no database, but text of some length " * 10)
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(ModelError, match=r"mlflow\.db can't be used: .*file is not a database"):
        registry.versions()
