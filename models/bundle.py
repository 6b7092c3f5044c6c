"""The trained models as plain files, and the columns, dates and code they belong to. No pickle.

manifest.json    what it is: as_of, definitions, tables, fingerprint, metrics, and a digest of each other file
churn.txt clv.txt                                       LightGBM's own text format, as in reactivation.json
churn.json clv.json reactivation.json buying.json reference.json peers.json causes.json
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from configs.settings import Definitions
from features.errors import ModelError
from features.reference import Reference
from models.buying import Buying
from models.causes import Causes
from models.churn import ChurnModel
from models.clv import ClvModel
from models.peers import Peers

FORMAT = 4
OF_TABLES = "the tables of a source"
MANIFEST = "manifest.json"
FILES = (
    *("churn.txt", "churn.json", "clv.txt", "clv.json"),
    *("reactivation.json", "buying.json", "reference.json", "peers.json", "causes.json"),
)


@dataclass(frozen=True)
class Manifest:
    """What a bundle is.

    `tables`: table → columns it was trained on. `metrics`: as judged before the last fit. `tuned_from`: the
    settings that the trials of settings began with; null where there were none.
    """

    as_of: datetime
    definitions: Definitions
    tables: Mapping[str, tuple[str, ...]]
    fingerprint: str
    code: str
    settings: Mapping[str, Any]
    metrics: Mapping[str, Any] = field(default_factory=dict)
    version: str = "unregistered"
    format: int = FORMAT
    tuned_from: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Bundle:
    """Everything that scoring needs beside the tables.

    `clv`: of orders; null where churn is contractual. `reactivation`: of lapsed customers, who stays away;
    null where churn is contractual, or no horizon of lapsed customers was over.
    """

    manifest: Manifest
    reference: Reference
    churn: ChurnModel
    clv: ClvModel | None
    peers: Peers
    causes: Causes
    reactivation: ChurnModel | None = None

    def with_version(self, version: str) -> Bundle:
        return replace(self, manifest=replace(self.manifest, version=version))

    def with_metrics(self, metrics: Mapping[str, Any]) -> Bundle:
        return replace(self, manifest=replace(self.manifest, metrics=dict(metrics)))


def save(bundle: Bundle, folder: Path) -> Path:
    """Write the bundle; the folder appears whole or not at all. An older bundle there is replaced."""
    files = {
        "churn.txt": bundle.churn.trees,
        "churn.json": to_json(bundle.churn.to_dict()),
        "clv.txt": bundle.clv.trees if bundle.clv else "",
        "clv.json": to_json(bundle.clv.to_dict() if bundle.clv else {}),
        "reactivation.json": to_json(_reactivation_to_dict(bundle.reactivation)),
        "buying.json": to_json(bundle.clv.buying.to_dict() if bundle.clv else {}),
        "reference.json": to_json(bundle.reference.to_dict()),
        "peers.json": to_json(bundle.peers.to_dict()),
        "causes.json": to_json(bundle.causes.to_dict()),
    }
    return write_files(folder, files, _manifest_to_dict(bundle.manifest))


def write_files(folder: Path, files: Mapping[str, str], manifest: Mapping[str, Any]) -> Path:
    """Write the files of a bundle and its manifest, with a digest of each; whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    old = draft.with_name(f"{draft.name}-old")
    try:
        digests = {name: _digest(text) for name, text in files.items()}
        told = to_json({**manifest, "files": digests})
        for name, text in {**files, MANIFEST: told}.items():
            (draft / name).write_text(text, encoding="utf-8")
        draft.chmod(0o755)
        if folder.exists():
            folder.replace(old)
        draft.replace(folder)
    finally:
        if old.exists() and not folder.exists():
            old.replace(folder)
        for rest in (draft, old):
            shutil.rmtree(rest, ignore_errors=True)
    return folder


def load(folder: Path) -> Bundle:
    """Read a bundle without trusting its author; raises ModelError where a file is missing or was changed."""
    with damage_told(folder):
        manifest, files = read_files(folder, FILES)
        documents = {name: json.loads(text) for name, text in files.items() if name.endswith(".json")}
        buying = Buying.from_dict(documents["buying.json"]) if documents["buying.json"] else None
        return Bundle(
            manifest=_manifest_from_dict(manifest),
            reference=Reference.from_dict(documents["reference.json"]),
            churn=ChurnModel.from_dict(documents["churn.json"], files["churn.txt"], buying),
            clv=ClvModel.from_dict(documents["clv.json"], files["clv.txt"], buying) if buying else None,
            peers=Peers.from_dict(documents["peers.json"]),
            causes=Causes.from_dict(documents["causes.json"]),
            reactivation=_reactivation_from_dict(documents.get("reactivation.json"), buying),
        )


def read_files(
    folder: Path, names: Sequence[str], kind: str = OF_TABLES
) -> tuple[dict[str, Any], dict[str, str]]:
    """The manifest of a bundle and its files, as they were written.

    Raises ModelError where one is missing or was changed, or the bundle is of another format or kind; call it
    where `damage_told`.
    """
    manifest = _read_json(folder, MANIFEST)
    if manifest.get("format") != FORMAT:
        raise ModelError(
            f"The bundle {folder} has format {manifest.get('format')!r}; this Amity reads format {FORMAT}. "
            "Train anew."
        )
    found = manifest.pop("kind", OF_TABLES)
    if found != kind:
        raise ModelError(f"The bundle {folder} is a model of {found}, and one of {kind} is needed here.")
    digests = manifest.pop("files")
    return manifest, {name: _read(folder, name, str(digests[name])) for name in names if name in digests}


@contextmanager
def damage_told(folder: Path) -> Iterator[None]:
    """Whatever goes wrong in making sense of a bundle's files is a ModelError."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"The bundle {folder} is damaged: {_told(error)}. Train anew, or restore it."
        ) from None


def _told(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    return repr(error)


def _read(folder: Path, name: str, digest: str | None = None) -> str:
    try:
        text = (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"The bundle {folder} is damaged: {name} can't be read ({error}). Train anew, or restore it."
        ) from None
    if digest is not None and _digest(text) != digest:
        raise ModelError(
            f"The bundle {folder} is damaged: {name} is not what was saved (its digest differs). "
            "Train anew, or restore it."
        )
    return text


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    if not (folder / name).is_file():
        raise ModelError(f"{folder} is no model bundle: it holds no {name}.")
    try:
        document = json.loads(_read(folder, name))
    except ValueError as error:
        raise ModelError(
            f"The bundle {folder} is damaged: {name} is not JSON ({error}). Train anew, or restore it."
        ) from None
    if not isinstance(document, dict):
        raise ModelError(
            f"The bundle {folder} is damaged: {name} is not a JSON object. Train anew, or restore it."
        )
    return document


def _reactivation_to_dict(model: ChurnModel | None) -> dict[str, Any]:
    return {} if model is None else {"model": model.to_dict(), "trees": model.trees}


def _reactivation_from_dict(values: Mapping[str, Any] | None, buying: Buying | None) -> ChurnModel | None:
    """Null where there is none; a bundle from before there was such a model has no such file."""
    return ChurnModel.from_dict(values["model"], values["trees"], buying) if values else None


def _manifest_to_dict(manifest: Manifest) -> dict[str, Any]:
    return asdict(manifest) | {
        "as_of": manifest.as_of.isoformat(),
        "definitions": manifest.definitions.model_dump(),
        "tables": {name: list(columns) for name, columns in manifest.tables.items()},
    }


def _manifest_from_dict(values: Mapping[str, Any]) -> Manifest:
    return Manifest(
        **dict(values)
        | {
            "as_of": datetime.fromisoformat(values["as_of"]),
            "definitions": Definitions(**values["definitions"]),
            "tables": {name: tuple(columns) for name, columns in values["tables"].items()},
        }
    )


def to_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1, sort_keys=True, allow_nan=False)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
