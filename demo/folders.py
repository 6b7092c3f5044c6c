"""Folders that appear when they are complete, and data files that lie in other packages."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.errors import SourceError


@contextmanager
def fresh(*folders: Path) -> Iterator[list[Path]]:
    """Empty folders to write to, one for each of `folders`, which they become when the block ends well.

    All `folders` lie in one parent folder. Raises SourceError where one of them holds anything; then, and
    when the block fails, nothing is left behind.
    """
    targets = [Path(folder).absolute() for folder in folders]
    for target in targets:
        _check_empty(target)
    parent = targets[0].parent
    parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{targets[-1].name}-unfinished-", dir=parent))
    try:
        written = [scratch / target.name for target in targets]
        for folder in written:
            folder.mkdir()
        yield written
        for folder, target in zip(written, targets, strict=True):
            if target.exists():
                target.rmdir()
            folder.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _check_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SourceError(
            f"{folder} is not an empty folder, and nothing there is written over. "
            "Name another folder, or remove what is there."
        )


def in_package(package: str, inside: str) -> Path:
    """Where the file or folder `inside` an installed package lies; the package is not imported."""
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / inside
        if path.exists():
            return path
    raise SourceError(
        f"The package {package} with its {inside} is not installed. "
        "Install it with: pip install 'amity[demo]'"
    )
