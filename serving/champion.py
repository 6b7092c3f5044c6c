"""Which bundle is to answer: a file in the home that whoever asks the registry writes, the service reads."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from configs import loading


@dataclass(frozen=True)
class Champion:
    """What the registry said last.

    `model`: the alias or version asked for. `folder`: where its bundle lies. `asked_at`: when the registry
    answered or failed, UTC without a zone. `trouble`: why it failed, in a sentence; null where it answered.
    """

    model: str
    folder: Path
    asked_at: datetime
    trouble: str | None = None


def pointer() -> Path:
    """Where the file lies, under the home."""
    return loading.home() / "champion.json"


def write(champion: Champion, file: Path) -> None:
    """Replace the file in one step."""
    told = {
        "model": champion.model,
        "folder": str(champion.folder.absolute()),
        "asked_at": champion.asked_at.isoformat(),
        "trouble": champion.trouble,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}-", delete=False) as draft:
        json.dump(told, draft)
    os.replace(draft.name, file)  # noqa: PTH105


def read(file: Path) -> Champion | None:
    """Null where there is no such file, or it isn't one that `write` wrote."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        return _champion(told)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _champion(told: Mapping[str, str]) -> Champion:
    return Champion(
        model=told["model"],
        folder=Path(told["folder"]),
        asked_at=datetime.fromisoformat(told["asked_at"]),
        trouble=told["trouble"],
    )
