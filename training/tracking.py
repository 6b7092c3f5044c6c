"""MLflow: every run, what it learnt from, how it did, and the bundle. The only file that writes to it."""

from __future__ import annotations

import fcntl
import logging
import math
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from sqlalchemy.exc import SQLAlchemyError

from configs.settings import home
from features.check.report import reason
from features.errors import ModelError
from features.reader.opening import shown
from models.bundle import Bundle, save
from training.judge import AMITY, Judgement
from training.plots import calibration_plot, shap_plot

EXPERIMENT = "amity"
MODEL = "amity"
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
        with _alone():
            _require_experiment(uri)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        raise ModelError(
            f"MLflow at {shown(uri)} can't be used: {shown(reason(error))}. Start it, or point "
            "MLFLOW_TRACKING_URI at another; without it, a file in the home folder of Amity serves."
        ) from None


@contextmanager
def _alone() -> Iterator[None]:
    """One process at a time: two that make MLflow's tables at once spoil them."""
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


@contextmanager
def run(name: str) -> Iterator[str]:
    """One MLflow run; it ends as failed where the block raises."""
    connect()
    experiment = mlflow.get_experiment_by_name(EXPERIMENT)
    with mlflow.start_run(run_name=name, experiment_id=experiment.experiment_id) as started:
        yield started.info.run_id


def log(bundle: Bundle, judgement: Judgement, sample: pd.DataFrame, source: str) -> str:
    """Log everything about a training to the run that is open; the URI of the logged model comes back.

    `sample`: rows of features for the SHAP plot.
    """
    manifest = bundle.manifest
    mlflow.log_params(
        manifest.definitions.model_dump()
        | {k: v for k, v in manifest.settings.items() if k != "days"}
        | {"as_of": manifest.as_of.isoformat(), "snapshots": len(manifest.settings["days"]), "source": source}
    )
    mlflow.set_tags({"data_fingerprint": manifest.fingerprint, "code": manifest.code})
    mlflow.log_metrics(_flat(judgement.metrics))
    with tempfile.TemporaryDirectory() as folder:
        plots = Path(folder) / "plots"
        plots.mkdir()
        calibration_plot(judgement, plots / "calibration.png")
        shap_plot(bundle.churn, sample, plots / "shap_summary.png")
        mlflow.log_artifacts(str(plots), "plots")
        mlflow.log_dict({"judged_as_of": judgement.as_of.isoformat(), **judgement.metrics}, "judgement.json")
        return _log_model(bundle, save(bundle, Path(folder) / "bundle"))


def note(*, promoted: bool, because: str) -> None:
    """Tag the run that is open with what was decided and why."""
    mlflow.set_tags({"promoted": str(promoted).lower(), "because": because})


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
