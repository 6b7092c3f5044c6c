"""Scores as files: whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from features.errors import RequestError
from serving.files import write

FRAME = pd.DataFrame({"customer_id": ["1", "2"], "clv": [1.5, 2.25]})


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".CSV"])
def test_what_is_written_is_read_back(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"scores{ending}"
    write(FRAME, file)
    read = pd.read_csv(file, dtype={"customer_id": str}) if ending != ".parquet" else pd.read_parquet(file)
    assert read.to_dict("list") == FRAME.to_dict("list")
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_a_failure_leaves_the_older_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "scores.csv"
    write(FRAME, file)
    before = file.read_bytes()

    def half(_: pd.DataFrame, draft: str, **__: object) -> None:
        Path(draft).write_text("customer_id,cl")
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_csv", half)
    with pytest.raises(OSError, match="disk full"):
        write(FRAME, file)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("scores.xlsx", "ends in '.xlsx'; write to a file ending in .parquet or .csv"),
        ("scores", "ends in 'nothing'; write to a file"),
        ("nowhere/scores.csv", "There is no folder .*nowhere to write scores.csv into"),
    ],
)
def test_a_file_that_cannot_be_is_refused(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        write(FRAME, tmp_path / name)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "scores.csv").mkdir()
    with pytest.raises(RequestError, match="is a folder; name a file in it"):
        write(FRAME, tmp_path / "scores.csv")
