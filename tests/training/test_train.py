"""A training leaves everything in MLflow, and only what is better becomes champion."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from features.build import build
from features.errors import HistoryError, ModelError
from features.snapshots import before, population
from models.bundle import FILES, MANIFEST, load
from training import registry, tracking
from training.judge import AMITY
from training.promotion import CHAMPION
from training.rerun import lock_digest
from training.train import Training, train


def run_of(training: Training) -> Any:
    tracking.connect()
    return MlflowClient().get_run(training.run_id)


def fetched(training: Training, path: str, folder: Path) -> Path:
    return Path(MlflowClient().download_artifacts(training.run_id, path, str(folder)))


def test_params_metrics_and_fingerprint_are_logged(at_home: Any, shop: Any) -> None:
    run = run_of(at_home.good)
    params = run.data.params
    assert params["as_of"] == "2025-05-01T00:00:00"
    assert (params["horizon_days"], params["trees"], params["snapshots"]) == ("60", "25", "3")
    assert params["source"] == "postgresql://reader:***@db/shop"
    assert set(shop.settings.model_dump()) | set(shop.definitions.model_dump()) <= set(params)
    judged = at_home.good.judgement.metrics
    assert run.data.metrics["log_loss"] == pytest.approx(judged[AMITY]["log_loss"])
    assert run.data.metrics["clv_mae"] == pytest.approx(judged[AMITY]["clv_mae"])
    assert run.data.metrics["auroc/BG-NBD"] == pytest.approx(judged["BG/NBD"]["auroc"])
    assert run.data.tags["data_fingerprint"] == at_home.good.bundle.manifest.fingerprint
    assert run.data.tags["code"] == at_home.good.bundle.manifest.code
    assert run.data.tags["lock"] == lock_digest()
    best = at_home.good.comparison.expected_profit["BG/NBD"].per_customer
    assert run.data.metrics["expected_maximum_profit/BG-NBD"] == pytest.approx(best)
    assert run.info.status == "FINISHED"


def test_the_plots_and_the_judgement_are_logged(at_home: Any, tmp_path: Path) -> None:
    run_of(at_home.good)
    plots = fetched(at_home.good, "plots", tmp_path)
    for name in ("calibration.png", "shap_summary.png"):
        picture = (plots / name).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 5_000
    judgement = json.loads(fetched(at_home.good, "judgement.json", tmp_path).read_text())
    assert judgement["judged_as_of"] == "2025-03-02T00:00:00"
    assert judgement[AMITY]["auroc"] == pytest.approx(at_home.good.judgement.metrics[AMITY]["auroc"])
    low = at_home.good.comparison.differences["RFM logistic"]["log_loss"].low
    assert judgement["differences"]["RFM logistic"]["log_loss"]["low"] == pytest.approx(low)


def test_every_group_is_logged_as_a_table(at_home: Any, tmp_path: Path) -> None:
    tracking.connect()
    table = json.loads(fetched(at_home.good, "grades.json", tmp_path).read_text())
    found = pd.DataFrame(table["data"], columns=table["columns"])
    assert set(found["kind"]) == {"status", "orders", "segment"}
    assert set(found["model"]) == set(at_home.good.judgement.probabilities)
    segments = found[(found["kind"] == "segment") & (found["model"] == AMITY)]
    assert list(segments["group"]) == ["gold", "silver"]
    assert segments["customers"].sum() == len(at_home.good.judgement.outcome)


def test_what_was_predicted_on_the_judged_day_is_logged(at_home: Any) -> None:
    found = tracking.judged_of(at_home.good.run_id)
    assert found is not None
    assert list(found["customer_id"]) == list(at_home.good.judgement.outcome["customer_id"])
    np.testing.assert_array_equal(found["probability"], at_home.good.judgement.probabilities[AMITY])


def test_the_bundle_is_logged_with_what_it_needs_to_run(at_home: Any, tmp_path: Path) -> None:
    tracking.connect()
    got = Path(mlflow.artifacts.download_artifacts("models:/amity/2", dst_path=str(tmp_path)))
    bundle = next(got.rglob(MANIFEST)).parent
    assert {path.name for path in bundle.iterdir()} == {MANIFEST, *FILES}
    assert load(bundle).churn == at_home.good.bundle.churn
    needs = (got / "requirements.txt").read_text().split()
    assert f"lightgbm=={version('lightgbm')}" in needs
    assert all("==" in need for need in needs)
    assert [path.name for path in got.rglob("*.pkl")] == []


def test_mlflows_own_loader_predicts_what_the_bundle_predicts(at_home: Any, shop: Any) -> None:
    tracking.connect()
    bundle = at_home.good.bundle
    known = before(shop.tables, shop.as_of)
    features = build(known, population(known, [shop.as_of], 240), bundle.reference).to_pandas()
    model = mlflow.pyfunc.load_model("models:/amity@champion")
    predicted = model.predict(features)
    assert list(predicted.columns) == ["churn_probability"]
    np.testing.assert_array_equal(predicted["churn_probability"], bundle.churn.predict(features))


def test_a_champion_made_worse_on_purpose_is_replaced(at_home: Any) -> None:
    assert at_home.bad.promoted
    assert at_home.bad.because == "it is the first model"
    assert at_home.good.promoted
    assert at_home.good.because.startswith("it beats the champion (version 1): log loss 0.")
    losses = [t.judgement.metrics[AMITY]["log_loss"] for t in (at_home.bad, at_home.good)]
    assert losses[1] < losses[0] - 0.02
    assert (
        f"log loss {losses[1]:.4f} against {losses[0]:.4f} on the horizon from 2025-03-02"
        in at_home.good.because
    )


def test_the_same_training_again_is_registered_and_not_promoted(at_home: Any) -> None:
    assert not at_home.again.promoted
    assert at_home.again.because.startswith("it does not beat the champion (version 2)")
    assert at_home.again.version == "3"
    assert at_home.again.bundle.churn == at_home.good.bundle.churn
    tags = run_of(at_home.again).data.tags
    assert tags["promoted"] == "false"
    assert tags["because"] == at_home.again.because
    assert tags["check_calibration"].startswith("holds: calibration error 0.")
    assert tags["check_better"].startswith("fails: log loss 0.")


def test_the_champion_stands_beside(at_home: Any) -> None:
    assert CHAMPION not in at_home.bad.judgement.metrics
    champion = at_home.good.judgement.metrics[CHAMPION]
    assert champion["log_loss"] == pytest.approx(at_home.bad.judgement.metrics[AMITY]["log_loss"])
    difference = at_home.good.comparison.differences[CHAMPION]["log_loss"]
    assert difference.high < 0


class Killed(BaseException):
    """Like a signal: nothing in Amity catches it."""


@pytest.fixture
def quick(trained: Any, new_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A new home where the judging and fitting is that of before."""
    for name, made in (("judge", trained.good.judgement), ("fit", trained.good.bundle)):
        monkeypatch.setattr(f"training.train.{name}", lambda *_, made=made: made)
    return new_home


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("room", "step"), [(registry, "register"), (tracking, "_log_model"), (tracking, "note")]
)
def test_a_training_killed_before_it_is_registered_leaves_no_version(
    room: Any, step: str, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise Killed("in the middle")

    monkeypatch.setattr(room, step, killed)
    with pytest.raises(Killed, match="in the middle"):
        train(shop.tables, shop.as_of, shop.definitions, shop.settings, source="shop")
    assert registry.versions() == []
    assert registry.champion() is None
    with pytest.raises(
        ModelError, match=r"No model is registered at sqlite:.*mlflow\.db yet: run `amity train"
    ):
        registry.bundle("champion")


@pytest.mark.usefixtures("new_home")
def test_too_little_history_leaves_no_run(shop: Any) -> None:
    early = datetime(2024, 1, 1)  # noqa: DTZ001
    with pytest.raises(HistoryError, match="so no model can be judged"):
        train(shop.tables, early, shop.definitions, shop.settings, source="shop")
    assert mlflow.search_runs(experiment_names=[tracking.EXPERIMENT], output_format="list") == []


def test_a_champion_that_cannot_be_read_is_replaced(shop: Any, trained: Any, quick: Path) -> None:
    shutil.copy(trained.home / "mlflow.db", quick / "mlflow.db")
    (registry.folder("champion") / "churn.txt").write_text("damaged")
    told = train(shop.tables, shop.as_of, shop.definitions, shop.settings, source="shop")
    assert told.promoted
    assert told.because.startswith("the champion there is can't be used: The bundle")
    assert registry.bundle("champion").churn == told.bundle.churn
