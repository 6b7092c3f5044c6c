"""MLflow: every run, what it learnt from, how it did, and the bundle. The only file that writes to it."""

from __future__ import annotations

import fcntl
import json
import logging
import math
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from sqlalchemy.exc import SQLAlchemyError

from configs.loading import home
from features.check.report import reason
from features.errors import ModelError
from features.reader.opening import shown
from models.bundle import Bundle, save
from training.comparison import Comparison
from training.judge import AMITY, Judgement
from training.plots import calibration_plot, shap_plot
from training.promotion import Decision
from training.rerun import Record

EXPERIMENT = "amity"
MODEL = "amity"
RECORD = "record.json"
JUDGED = "judged.parquet"
PLOTTED_ROWS = 2_000
REQUIREMENTS = ("lightgbm", "numpy", "pandas", "scipy", "ibis-framework", "duckdb", "pydantic", "pyyaml")


def connect() -> None:
    """Point MLflow at `MLFLOW_TRACKING_URI`, or at a SQLite file under the home folder.

    Raises ModelError where it doesn't answer.
    """
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    home().mkdir(parents=True, exist_ok=True)
    uri = tracking_uri()
    given = "MLFLOW_TRACKING_URI" in os.environ
    mlflow.set_tracking_uri(uri)
    if not given:  # MLflow sets it, and another home would take it for the user's wish
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    try:
        with alone():
            _require_experiment(uri)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise ModelError(
            f"MLflow at {shown(uri)} can't be used: {shown(reason(error))}. Start it, or point "
            "MLFLOW_TRACKING_URI at another; without it, a file in the home folder of Amity serves."
        ) from None


@contextmanager
def alone() -> Iterator[None]:
    """One process of this home at a time: two that make MLflow's tables at once spoil them."""
    with (home() / ".mlflow.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _require_experiment(uri: str) -> None:
    if mlflow.get_experiment_by_name(EXPERIMENT) is not None:
        return
    on_this_machine = not uri.startswith(("http:", "https:", "databricks"))
    own = (home() / "mlflow-artifacts").as_uri() if on_this_machine else None
    mlflow.create_experiment(EXPERIMENT, artifact_location=own)


def tracking_uri() -> str:
    return os.environ.get("MLFLOW_TRACKING_URI") or _own_uri()


def _own_uri() -> str:
    return f"sqlite:///{home() / 'mlflow.db'}"


@dataclass(frozen=True)
class Work:
    """All that a training made. `customers`: the features of those active at its day."""

    bundle: Bundle
    judgement: Judgement
    comparison: Comparison
    record: Record
    customers: pd.DataFrame


def log(work: Work, source: str) -> str:
    """Log everything about a training to the run that is open; the URI of the logged model comes back."""
    manifest, judgement = work.bundle.manifest, work.judgement
    mlflow.log_params(
        manifest.definitions.model_dump()
        | {k: v for k, v in manifest.settings.items() if k != "days"}
        | {"as_of": manifest.as_of.isoformat(), "snapshots": len(manifest.settings["days"]), "source": source}
    )
    mlflow.set_tags(
        {"data_fingerprint": manifest.fingerprint, "code": manifest.code, "lock": work.record.lock}
    )
    mlflow.log_metrics(_flat(judgement.metrics) | _profits(work.comparison) | _of_lapsed(judgement))
    mlflow.log_dict(work.record.to_dict(), RECORD)
    mlflow.log_dict(_judged(judgement, work.comparison), "judgement.json")
    if not work.comparison.grades.empty:
        words = dict.fromkeys(("kind", "group", "model"), object)  # of which MLflow asks, and pandas 3 warns
        mlflow.log_table(work.comparison.grades.astype(words), "grades.json")
    with tempfile.TemporaryDirectory() as folder:
        plots = Path(folder) / "plots"
        plots.mkdir()
        calibration_plot(judgement, plots / "calibration.png")
        shap_plot(work.bundle.churn, work.customers.head(PLOTTED_ROWS), plots / "shap_summary.png")
        mlflow.log_artifacts(str(plots), "plots")
        _predictions(judgement).to_parquet(Path(folder) / JUDGED, index=False)
        mlflow.log_artifact(str(Path(folder) / JUDGED))
        return _log_model(work.bundle, save(work.bundle, Path(folder) / "bundle"))


def note(decision: Decision) -> None:
    """Tag the run that is open with what was decided and why."""
    checks = {
        f"check_{check.name}": f"{'holds' if check.holds else 'fails'}: {check.says}"
        for check in decision.checks
    }
    mlflow.set_tags({"promoted": str(decision.promoted).lower(), "because": decision.because} | checks)


def record_of(run_id: str) -> Record:
    """The record of a run; raises ModelError for an unknown run, and one without a record."""
    connect()
    try:
        MlflowClient().get_run(run_id)
    except MlflowException:
        raise ModelError(
            f"There is no run {run_id!r} at {shown(tracking_uri())}. `amity models --json` lists the runs."
        ) from None
    found = _artifact(run_id, RECORD)
    if found is None:
        raise ModelError(f"Run {run_id} has no {RECORD}: it did not come to its end. Choose another run.")
    return Record.from_dict(json.loads(found))


def judged_of(run_id: str) -> pd.DataFrame | None:
    """What the model of a run predicted on the day it was judged: customer_id, churned, probability.

    Null where the run has no such file.
    """
    found = _artifact(run_id, JUDGED)
    return None if found is None else pd.read_parquet(BytesIO(found))


def _artifact(run_id: str, path: str) -> bytes | None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return Path(MlflowClient().download_artifacts(run_id, path, folder)).read_bytes()
        except (MlflowException, OSError):
            return None


def _predictions(judgement: Judgement) -> pd.DataFrame:
    return judgement.outcome[["customer_id", "churned"]].assign(probability=judgement.probabilities[AMITY])


def _judged(judgement: Judgement, comparison: Comparison) -> dict[str, Any]:
    told = {
        other: {metric: asdict(interval) for metric, interval in metrics.items()}
        for other, metrics in comparison.differences.items()
    }
    return {"judged_as_of": judgement.as_of.isoformat(), **judgement.metrics, "differences": told}


def _profits(comparison: Comparison) -> dict[str, float]:
    figures = {
        model: {"expected_maximum_profit": profit.per_customer, "contacted_share": profit.share}
        for model, profit in comparison.expected_profit.items()
    }
    return _flat(figures)


def _of_lapsed(judgement: Judgement) -> dict[str, float]:
    """`reactivation_auroc` and the like; nothing where there is no model of lapsed customers."""
    if judgement.comebacks is None:
        return {}
    return {f"reactivation_{name}": value for name, value in finite(asdict(judgement.comebacks)).items()}


def _log_model(bundle: Bundle, folder: Path) -> str:
    """The bundle as an MLflow model: a file of code and plain files, no pickle."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(__file__).with_name("mlflow_model.py")),
            artifacts={"bundle": str(folder)},
            signature=_signature(bundle),
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        )
    return str(logged.model_uri)


def _signature(bundle: Bundle) -> ModelSignature:
    columns = bundle.churn.columns
    inputs = [ColSpec("double", name, required=False) for name in columns.numbers]
    inputs += [ColSpec("string", name, required=False) for name in columns.categories]
    return ModelSignature(Schema(inputs), Schema([ColSpec("double", "churn_probability")]))


def _flat(metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """`auroc` for Amity, `auroc/BG-NBD` for a baseline; figures that don't exist are left out."""
    flat: dict[str, float] = {}
    for model, figures in metrics.items():
        end = "" if model == AMITY else "/" + model.replace("/", "-")
        flat |= {f"{name}{end}": value for name, value in finite(figures).items()}
    return flat


def finite(figures: Mapping[str, Any]) -> dict[str, float]:
    """The figures that exist: those that one outcome alone doesn't give are not a number, and left out."""
    return {name: float(value) for name, value in figures.items() if math.isfinite(value)}
