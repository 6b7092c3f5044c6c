"""Versions and aliases of the model in MLflow, and their bundles on this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import redirect_stderr
from dataclasses import asdict
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from rich.console import Group
from rich.text import Text

from configs.loading import home
from features.errors import ModelError
from features.reader.opening import shown
from models.bundle import Bundle, load, save
from training import history
from training.promotion import CHAMPION
from training.sheet import sheet
from training.tracking import MODEL, alone, connect, tracking_uri

GRADES = {
    "log_loss": "log loss",
    "brier": "Brier",
    "auroc": "AUROC",
    "average_precision": "avg. precision",
    "calibration_error": "calib. error",
}


def register(model_uri: str) -> str:
    """Register a logged model; its version comes back."""
    with redirect_stderr(StringIO()):
        return str(mlflow.register_model(model_uri, MODEL).version)


def promote(version: str, because: str = "by hand") -> None:
    """Make a version the champion, and record it; raises ModelError where there is no such version."""
    connect()
    try:
        MlflowClient().get_model_version(MODEL, version)
    except MlflowException:
        raise ModelError(f"There is no model version {version!r}. {_what_there_is()}") from None
    with alone():
        _crown(version, "promoted", because)


def rollback(because: str = "by hand") -> tuple[str, str]:
    """Make the champion before the present one champion again, and record it; both versions come back.

    Raises ModelError where there was none before.
    """
    connect()
    with alone():
        present = _aliases().get(CHAMPION)
        if present is None:
            raise ModelError(f"There is no champion to roll back from. {_what_there_is()}")
        there = _versions()
        line = [version for version in history.champions(_events(), present) if version in there]
        earlier = [version for version in line[:-1] if version != present]
        if not earlier:
            raise ModelError(
                f"There was no champion before version {present}. `amity promote VERSION` makes another one "
                f"champion. {_what_there_is()}"
            )
        _crown(earlier[-1], "restored", because)
    return earlier[-1], present


def _crown(version: str, what: Literal["promoted", "restored"], because: str) -> None:
    client, before = MlflowClient(), _aliases().get(CHAMPION)
    event = history.Event(datetime.now(UTC).isoformat(), what, version, before, because)
    known = history.read(client.get_model_version(MODEL, version).tags)
    client.set_model_version_tag(MODEL, version, history.TAG, history.write([*known, event]))
    client.set_registered_model_alias(MODEL, CHAMPION, version)


def _events() -> list[history.Event]:
    return [event for found in _search() for event in history.read(found.tags)]


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


def run_of(alias: str) -> str:
    """The id of the run that an alias or version comes from."""
    connect()
    return str(MlflowClient().get_model_version(MODEL, _version(alias)).run_id)


def versions() -> list[dict[str, Any]]:
    """Each version, newest first: its aliases, the day it was trained as of, how it was judged, and its past.

    `champion_history`: when and why it became champion, and whose place it took. Null: a figure that isn't
    there.
    """
    connect()
    client, aliases = MlflowClient(), _aliases()
    listed = []
    for found in sorted(_search(), key=lambda found: -int(found.version)):
        run = client.get_run(found.run_id)
        listed.append(
            {
                "version": str(found.version),
                "aliases": [alias for alias, version in aliases.items() if version == str(found.version)],
                "as_of": run.data.params.get("as_of"),
                **{name: run.data.metrics.get(name) for name in GRADES},
                "because": run.data.tags.get("because"),
                "run_id": found.run_id,
                "champion_history": [asdict(event) for event in history.read(found.tags)],
            }
        )
    return listed


def table(listed: list[dict[str, Any]]) -> Group:
    """`versions` as people read them: the figures, and below them why each is or was champion, or not."""
    lines = sheet(("version", "alias", "as of", *GRADES.values()), ("version", "alias", "as of"))
    for entry in listed:
        figures = [f"{entry[name]:.4f}" if entry[name] is not None else "" for name in GRADES]
        lines.add_row(entry["version"], ", ".join(entry["aliases"]), str(entry["as_of"])[:10], *figures)
    return Group(lines, *(Text(f"Version {entry['version']}: {_why(entry)}.") for entry in listed))


def _why(entry: Mapping[str, Any]) -> str:
    """The judgement's reason, and the last time that somebody decided otherwise."""
    why, past = str(entry["because"]), entry["champion_history"]
    if past and past[-1]["because"] != why:
        last = past[-1]
        instead = f" instead of version {last['instead_of']}" if last["instead_of"] else ""
        why += f"; {last['what']} on {last['at'][:10]}{instead}: {last['because']}"
    return why


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
    return sorted((str(found.version) for found in _search()), key=int)


def _search() -> list[ModelVersion]:
    return list(MlflowClient().search_model_versions(f"name='{MODEL}'"))


def _what_there_is() -> str:
    versions = _versions()
    if not versions:
        return f"No model is registered at {shown(tracking_uri())} yet: run `amity train SOURCE` first."
    aliases = ", ".join(f"{alias} (version {v})" for alias, v in sorted(_aliases().items())) or "no alias"
    return f"There are: versions {', '.join(versions)}; {aliases}."
