"""Versions and aliases of the model in MLflow, and their bundles on this machine."""

from __future__ import annotations

import tempfile
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from rich.table import Table

from configs.settings import home
from features.errors import ModelError
from features.reader.opening import shown
from models.bundle import Bundle, load, save
from training.tracking import MODEL, connect, tracking_uri

CHAMPION = "champion"


def register(model_uri: str) -> str:
    """Register a logged model; its version comes back."""
    with redirect_stderr(StringIO()):
        return str(mlflow.register_model(model_uri, MODEL).version)


def promote(version: str) -> None:
    """Give a version the alias `champion`; raises ModelError where there is no such version."""
    connect()
    client = MlflowClient()
    try:
        client.get_model_version(MODEL, version)
    except MlflowException:
        raise ModelError(f"There is no model version {version!r}. {_what_there_is()}") from None
    client.set_registered_model_alias(MODEL, CHAMPION, version)


def champion() -> Bundle | None:
    """The champion's bundle, or null where there is none."""
    connect()
    return bundle(CHAMPION) if CHAMPION in _aliases() else None


def bundle(alias: str) -> Bundle:
    """The bundle of an alias or a version number; raises ModelError for an unknown or a damaged one."""
    return load(folder(alias))


def folder(alias: str) -> Path:
    """Where the bundle of an alias or version lies on this machine; it is fetched from MLflow when needed.

    The run is part of the name: version 1 of another MLflow is another model.
    """
    connect()
    version = _version(alias)
    run_id = str(MlflowClient().get_model_version(MODEL, version).run_id)
    target = home() / "bundles" / f"{version}-{run_id[:8]}"
    if not target.exists():
        _fetch(version, target)
    return target


def versions() -> list[dict[str, object]]:
    """Each version, newest first: its aliases, the day it was trained as of, and how it was judged."""
    connect()
    client, aliases = MlflowClient(), _aliases()
    listed = []
    for number in reversed(_versions()):
        run = client.get_run(client.get_model_version(MODEL, number).run_id)
        listed.append(
            {
                "version": number,
                "aliases": [alias for alias, version in aliases.items() if version == number],
                "as_of": run.data.params.get("as_of"),
                "auroc": run.data.metrics.get("auroc"),
                "log_loss": run.data.metrics.get("log_loss"),
                "because": run.data.tags.get("because"),
            }
        )
    return listed


def table(listed: list[dict[str, object]]) -> Table:
    """`versions` as people read them."""
    sheet = Table()
    for name in ("version", "alias", "as of", "AUROC", "log loss", "why"):
        sheet.add_column(name)
    for entry in listed:
        aliases = ", ".join(str(alias) for alias in entry["aliases"])  # type: ignore[attr-defined]
        figures = [f"{entry[name]:.4f}" if entry[name] is not None else "" for name in ("auroc", "log_loss")]
        sheet.add_row(
            str(entry["version"]), aliases, str(entry["as_of"])[:10], *figures, str(entry["because"])
        )
    return sheet


def _version(alias: str) -> str:
    known = _aliases()
    if alias in known:
        return known[alias]
    if alias in _versions():
        return alias
    raise ModelError(f"There is no model {alias!r}. {_what_there_is()}")


def _fetch(version: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as draft:
        try:
            got = mlflow.artifacts.download_artifacts(f"models:/{MODEL}/{version}", dst_path=draft)
        except (MlflowException, OSError) as error:
            raise ModelError(
                f"Model version {version} can't be fetched from MLflow at {shown(tracking_uri())}: {error}"
            ) from None
        found = next(iter(sorted(Path(got).rglob("manifest.json"))), None)
        if found is None:
            raise ModelError(f"Model version {version} holds no bundle. Train anew.")
        save(load(found.parent).with_version(version), target)


def _aliases() -> dict[str, str]:
    try:
        return {str(k): str(v) for k, v in MlflowClient().get_registered_model(MODEL).aliases.items()}
    except MlflowException:
        return {}


def _versions() -> list[str]:
    return sorted((str(v.version) for v in MlflowClient().search_model_versions(f"name='{MODEL}'")), key=int)


def _what_there_is() -> str:
    versions = _versions()
    if not versions:
        return f"No model is registered at {shown(tracking_uri())} yet: run `amity train SOURCE` first."
    aliases = ", ".join(f"{alias} (version {v})" for alias, v in sorted(_aliases().items())) or "no alias"
    return f"There are: versions {', '.join(versions)}; {aliases}."
