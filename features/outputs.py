"""Where a file may be written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from features.errors import RequestError


def require_file(file: Path, endings: Sequence[str]) -> None:
    """Raise RequestError where the file can't be written: another ending, or no such folder."""
    if file.suffix.lower() not in endings:
        raise RequestError(
            f"{file} ends in {file.suffix or 'nothing'!r}; write to a file ending in {' or '.join(endings)}."
        )
    if not file.absolute().parent.is_dir():
        raise RequestError(
            f"There is no folder {file.absolute().parent} to write {file.name} into; make it first."
        )
    if file.is_dir():
        raise RequestError(f"{file} is a folder; name a file in it.")
