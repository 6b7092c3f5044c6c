"""Scores as a file, Parquet or CSV by the ending; it appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pandas as pd

from features.outputs import require_file
from serving.spreadsheets import defused_frame

ENDINGS = (".parquet", ".csv")


def require_ending(file: Path) -> None:
    """Raise RequestError where Amity can't write the file: another ending, or no such folder."""
    require_file(file, ENDINGS)


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
