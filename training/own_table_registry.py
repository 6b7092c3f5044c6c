"""Models of tables of one's own in MLflow: each table's is a registered model of its own, `amity-<file>`."""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterable
from contextlib import redirect_stderr
from importlib.metadata import version as installed
from io import StringIO
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from configs.loading import home
from features.errors import ModelError
from features.reader.opening import shown
from models.own_table import OwnModel, load, save, with_version
from training.own_table import AMITY, OwnJudgement
from training.promotion import CHAMPION
from training.tracking import REQUIREMENTS, connect, finite, tracking_uri

PREFIX = "amity-"


def name_of(file: Path) -> str:
    """The name of the registered model of a file: its own, without endings and odd signs."""
    stem = file.name.split(".")[0].lower()
    return PREFIX + (re.sub(r"[^a-z0-9]+", "-", stem).strip("-") or "table")


def log(model: OwnModel, judgement: OwnJudgement) -> str:
    """Log all about a training to the run that is open; the URI of the logged model comes back."""
    mlflow.log_params(
        {"source": model.about["source"], "customers": judgement.customers, "columns": len(model.columns)}
        | {name: str(value) for name, value in model.about["settings"].items()}
    )
    mlflow.set_tags({"data_fingerprint": model.about["fingerprint"], "code": model.about["code"]})
    for name, figures in judgement.metrics.items():
        end = "" if name == AMITY else f"/{name}"
        mlflow.log_metrics({f"{key}{end}": value for key, value in finite(figures).items()})
    if judgement.with_copies_apart is not None:
        apart = finite(judgement.with_copies_apart)
        mlflow.log_metrics({f"{key}/copies apart": value for key, value in apart.items()})
    mlflow.log_dict(dict(model.about), "about.json")
    with tempfile.TemporaryDirectory() as folder:
        return _log_model(model, save(model, Path(folder) / "bundle"))


def register(name: str, model_uri: str, *, champion: bool) -> str:
    """Register a logged model under a name; its version comes back, made champion where it deserves it."""
    with redirect_stderr(StringIO()):
        version = str(mlflow.register_model(model_uri, name).version)
    if champion:
        MlflowClient().set_registered_model_alias(name, CHAMPION, version)
    return version


def find(asked: str, file: Path, columns: Iterable[str]) -> OwnModel:
    """The model for a file with these columns.

    `asked`: a registered name, a name and version (`amity-shop/3`), or `champion`: of the models that can
    read the file, that of the same name, else the newest. Raises ModelError where there is none.
    """
    connect()
    there = _champions()
    if asked != CHAMPION:
        name, _, number = asked.partition("/")
        return _fetched(_version(name, number) if number else _one(there, name))
    own = next((found for found in there if found.name == name_of(file)), None)
    if own is not None:
        return _fetched(own)
    fitting = [model for model in map(_fetched, there) if {c.name for c in model.columns} <= set(columns)]
    if not fitting:
        raise ModelError(
            f"No model can read {file.name}: train one on a table with the same columns, with "
            f"`amity train FILE --label COLUMN`. {_what_there_is(there)}"
        )
    return fitting[0]


def _one(there: list[ModelVersion], name: str) -> ModelVersion:
    found = next((version for version in there if version.name == name), None)
    if found is None:
        raise ModelError(f"There is no model {name!r} of a table of one's own. {_what_there_is(there)}")
    return found


def _version(name: str, number: str) -> ModelVersion:
    try:
        return MlflowClient().get_model_version(name, number)
    except MlflowException:
        raise ModelError(
            f"There is no version {number!r} of {name!r}. {_what_there_is(_champions())}"
        ) from None


def _champions() -> list[ModelVersion]:
    """The champion of each table's model, the newest first."""
    client = MlflowClient()
    models = [model for model in client.search_registered_models() if model.name.startswith(PREFIX)]
    found = [client.get_model_version_by_alias(m.name, CHAMPION) for m in models if CHAMPION in m.aliases]
    return sorted(found, key=lambda version: version.creation_timestamp, reverse=True)


def _fetched(version: ModelVersion) -> OwnModel:
    """The model, kept on this machine once it was fetched; the run is part of the folder's name."""
    target = home() / "bundles" / f"{version.name}-{version.version}-{str(version.run_id)[:8]}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as draft:
            address = f"models:/{version.name}/{version.version}"
            try:
                got = mlflow.artifacts.download_artifacts(address, dst_path=draft)
            except (MlflowException, OSError) as error:
                raise ModelError(
                    f"{version.name} {version.version} can't be fetched from MLflow at "
                    f"{shown(tracking_uri())}: {error}"
                ) from None
            manifest = next(iter(sorted(Path(got).rglob("manifest.json"))), None)
            if manifest is None:
                raise ModelError(f"{version.name} {version.version} holds no bundle. Train anew.")
            save(with_version(load(manifest.parent), str(version.version)), target)
    return load(target)


def _what_there_is(there: list[ModelVersion]) -> str:
    if not there:
        return "No table of one's own has a model yet."
    return f"There are: {', '.join(f'{found.name} (version {found.version})' for found in there)}."


def _log_model(model: OwnModel, folder: Path) -> str:
    inputs = [
        ColSpec("string" if column.kind == "category" else "double", column.name, required=False)
        for column in model.columns
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(__file__).with_name("own_table_mlflow_model.py")),
            artifacts={"bundle": str(folder)},
            signature=ModelSignature(Schema(inputs), Schema([ColSpec("double", "churn_probability")])),
            pip_requirements=[f"{name}=={installed(name)}" for name in REQUIREMENTS],
        )
    return str(logged.model_uri)
