"""Versions and aliases, and their bundles on this machine."""

from __future__ import annotations

import shutil
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow import MlflowClient
from rich.console import Console

from features.errors import ModelError
from training import registry, tracking


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


@pytest.mark.usefixtures("at_home")
def test_an_unknown_alias_lists_what_there_is() -> None:
    there = r"There are: versions 1, 2, 3; champion \(version 2\)\."
    with pytest.raises(ModelError, match=rf"There is no model 'staging'\. {there}"):
        registry.bundle("staging")
    with pytest.raises(ModelError, match=rf"There is no model version '9'\. {there}"):
        registry.promote("9")
    with pytest.raises(ModelError, match="There is no model version 'staging'"):
        registry.promote("staging")


@pytest.mark.usefixtures("at_home")
def test_a_version_is_made_champion_by_hand() -> None:
    registry.promote("1")
    try:
        assert registry.bundle("champion").manifest.version == "1"
    finally:
        registry.promote("2")
    assert registry.bundle("champion").manifest.version == "2"


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
