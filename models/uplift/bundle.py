"""The learnt effect of offers as plain files: JSON, trees in LightGBM's own text; no pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from configs.loading import home
from features.reference import Reference
from models.bundle import FORMAT, damage_told, read_files, to_json, write_files
from models.uplift.model import EffectModel

KIND = "the effect of offers"
NAMES = ("effect.json", "reference.json")


@dataclass(frozen=True)
class EffectBundle:
    """`as_of`: the day until which everything was known. `evidence`: in figures; `says`: in sentences."""

    as_of: datetime
    version: str
    model: EffectModel
    reference: Reference
    evidence: Mapping[str, Any]
    says: tuple[str, ...]


def folder() -> Path:
    """Where what was learnt last is kept for plans."""
    return home() / "winback" / "effect"


def save(bundle: EffectBundle, folder: Path) -> Path:
    """The folder appears whole or not at all; an older one there is replaced."""
    files = {
        "effect.json": to_json(bundle.model.to_dict()),
        "reference.json": to_json(bundle.reference.to_dict()),
    }
    manifest = {
        "format": FORMAT,
        "kind": KIND,
        "as_of": bundle.as_of.isoformat(),
        "version": bundle.version,
        "evidence": bundle.evidence,
        "says": list(bundle.says),
    }
    return write_files(folder, files, manifest)


def load(folder: Path) -> EffectBundle:
    """Without trusting its author; raises ModelError where a file is missing or was changed."""
    with damage_told(folder):
        manifest, files = read_files(folder, NAMES, KIND)
        return EffectBundle(
            datetime.fromisoformat(manifest["as_of"]),
            str(manifest["version"]),
            EffectModel.from_dict(json.loads(files["effect.json"])),
            Reference.from_dict(json.loads(files["reference.json"])),
            manifest["evidence"],
            tuple(manifest["says"]),
        )
