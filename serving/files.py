"""Scores as a file, Parquet or CSV by the ending; it appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from features.errors import RequestError
from serving.spreadsheets import defused_frame

WRITERS = {".parquet": "Parquet", ".csv": "CSV"}


def require_ending(file: Path) -> None:
    """Raise RequestError where Amity can't write the file: another ending, or no such folder."""
    if file.suffix.lower() not in WRITERS:
        raise RequestError(
            f"{file} ends in {file.suffix or 'nothing'!r}; write to a file ending in .parquet or .csv."
        )
    if not file.absolute().parent.is_dir():
        raise RequestError(
            f"There is no folder {file.absolute().parent} to write {file.name} into; make it first."
        )
    if file.is_dir():
        raise RequestError(f"{file} is a folder; name a file in it.")


def write(frame: pd.DataFrame, file: Path) -> None:
    """Replace `file` by the frame in one step; in CSV no text of it runs in a spreadsheet."""
    require_ending(file)
    handle, draft = tempfile.mkstemp(prefix=f".{file.stem}-", suffix=file.suffix, dir=file.absolute().parent)
    os.close(handle)
    try:
        if file.suffix.lower() == ".csv":
            defused_frame(frame).to_csv(draft, index=False)
        else:
            frame.to_parquet(draft, index=False)
        Path(draft).chmod(0o644)
        Path(draft).replace(file)
    finally:
        Path(draft).unlink(missing_ok=True)
