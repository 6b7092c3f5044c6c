"""Assessments that are kept under the home folder, a folder for each day: for the pages, the alarms and the
next plan.

They name no customer, so nobody need be taken out of them.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from configs import loading
from features.errors import ConfigError

FOLDER = "assessments"
DOCUMENT, PAGE = "assessment.json", "report.html"


def keep(document: Mapping[str, Any], page: str) -> Path:
    """The folder of its day; one of the same day is replaced."""
    folder = _folder() / str(document["as_of"])
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / PAGE, page)
    _replace(folder / DOCUMENT, json.dumps(document, allow_nan=False, indent=1))
    return folder


def latest() -> Mapping[str, Any] | None:
    """The document of the newest day; null where none is kept. Raises ConfigError where it can't be read."""
    return next((_read(file) for file in _newest_first()), None)


def before(day: datetime, source: str) -> Mapping[str, Any] | None:
    """The newest one of an earlier day and the same source; null where none is kept."""
    earlier = (_read(file) for file in _newest_first() if file.parent.name < f"{day:%Y-%m-%d}")
    return next((one for one in earlier if one.get("source") == source), None)


def latest_page() -> str | None:
    """The page that was kept with `latest`."""
    file = next(_newest_first(), None)
    return None if file is None else file.with_name(PAGE).read_text(encoding="utf-8")


def _folder() -> Path:
    return loading.home() / FOLDER


def _newest_first() -> Iterator[Path]:
    return iter(sorted(_folder().glob(f"*/{DOCUMENT}"), reverse=True))


def _read(file: Path) -> Mapping[str, Any]:
    return _parsed(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _parsed(file: Path, changed: int) -> Mapping[str, Any]:  # noqa: ARG001 (part of the key)
    try:
        found: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"The kept assessment {file} can't be read: {error}. Make it anew: `amity assess SOURCE --keep`."
        ) from None
    return found


def _replace(file: Path, text: str) -> None:
    """In one step, so that nobody reads half of it."""
    handle, draft = tempfile.mkstemp(prefix=f".{file.stem}-", dir=file.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as lines:
        lines.write(text)
    Path(draft).chmod(0o644)
    Path(draft).replace(file)
