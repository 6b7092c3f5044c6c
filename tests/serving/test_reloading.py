"""A new champion is taken up whole, and the last good one stays where it can't be."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from features.clock import now
from models import bundle as bundles
from serving.champion import Champion, write
from serving.reloading import Reloading
from serving.resources import Resources


@pytest.fixture
def first(client: Any, shop: Any) -> Resources:
    return replace(client.resources, folder=shop.folder)


@pytest.fixture
def newer(shop: Any, tmp_path: Path) -> Path:
    return bundles.save(shop.bundle.with_version("8"), tmp_path / "8")


def test_a_newer_bundle_answers_once_it_is_warm(first: Resources, newer: Path, tmp_path: Path) -> None:
    taken: list[Resources] = []
    reloading = Reloading(tmp_path / "champion.json", first, taken.append)
    reloading.look()
    assert (taken, reloading.trouble) == ([], None)
    write(Champion("champion", newer, now()), tmp_path / "champion.json")
    reloading.look()
    reloading.look()
    assert [resources.bundle.manifest.version for resources in taken] == ["8"]
    assert taken[0].store is first.store
    assert "live" in vars(taken[0]), "it should be warm"
    assert reloading.trouble is None


def test_a_damaged_bundle_is_told_and_the_last_good_one_stays(
    first: Resources, newer: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[Resources] = []
    reloading = Reloading(tmp_path / "champion.json", first, taken.append)
    (newer / "churn.txt").write_text("x", encoding="utf-8")
    write(Champion("champion", newer, now()), tmp_path / "champion.json")
    reloading.look()
    reloading.look()
    assert taken == []
    assert "churn.txt is not what was saved" in str(reloading.trouble)
    assert len(caplog.records) == 1
    shutil.rmtree(newer)
    write(Champion("champion", Path(str(first.folder)), now()), tmp_path / "champion.json")
    reloading.look()
    assert reloading.trouble is None


def test_a_registry_that_is_away_or_silent_is_told(first: Resources, tmp_path: Path) -> None:
    reloading, file = Reloading(tmp_path / "champion.json", first, lambda _: None), tmp_path / "champion.json"
    folder = Path(str(first.folder))
    write(Champion("champion", folder, now(), "MLflow at x can't be used."), file)
    assert reloading.trouble == "MLflow at x can't be used."
    write(Champion("champion", folder, now() - timedelta(minutes=5)), file)
    assert str(reloading.trouble).startswith("The registry was last asked for champion at ")
    write(Champion("champion", folder, now()), file)
    assert reloading.trouble is None


def test_health_says_why_a_newer_champion_may_be_missing(
    client: Any, first: Resources, tmp_path: Path
) -> None:
    reloading = Reloading(tmp_path / "champion.json", first, lambda _: None)
    write(Champion("champion", Path(str(first.folder)), now(), "MLflow is away."), tmp_path / "champion.json")
    asked = type(client)(first)
    assert asked.get("/health").json()["model_trouble"] is None
    asked.app.state.reloading = reloading
    told = asked.get("/health")
    assert (told.status_code, told.json()["model_version"]) == (200, "7")
    assert told.json()["model_trouble"] == "MLflow is away."
