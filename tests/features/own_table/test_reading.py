"""Files with one row per customer, as they come."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest

from features.errors import SourceError
from features.own_table.reading import is_file, read_file


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_is_read_with_texts_trimmed_and_words_for_nothing_as_null(tmp_path: Path, separator: str) -> None:
    file = tmp_path / "shop.csv"
    rows = [("id", " city ", "note"), ("1", " Rome ", "N/A"), ("2", "", "fine"), ("3", "null", "?")]
    file.write_text("\n".join(separator.join(row) for row in rows))
    frame = read_file(file)
    assert list(frame.columns) == ["id", "city", "note"]
    assert frame["city"].fillna("nothing").tolist() == ["Rome", "nothing", "nothing"]
    assert frame["note"].fillna("nothing").tolist() == ["nothing", "fine", "nothing"]


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    file = tmp_path / "shop.parquet"
    pd.DataFrame({"n": [1, 2], "flag": [True, False], "city": [" Rome", None]}).to_parquet(file)
    frame = read_file(file)
    assert frame["n"].tolist() == [1, 2]
    assert frame["flag"].tolist() == [True, False]
    assert frame["city"].fillna("nothing").tolist() == ["Rome", "nothing"]


def test_a_table_is_known_by_its_ending(tmp_path: Path) -> None:
    names = ["a.csv", "a.CSV", "a.csv.gz", "a.parquet", "a.duckdb", "a.txt"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    assert [name for name in names if is_file(tmp_path / name)] == names[:4]
    assert not is_file(tmp_path)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="There is no file at"):
        read_file(tmp_path / "none.csv")
    for name, text, told in (
        ("a.txt", "id\n1\n", "is no table: give a file that ends in .csv"),
        ("a.parquet", "no parquet", "can't be read"),
        ("rows.csv", "id,city\n", "has no rows"),
        ("twice.csv", "id,city , city\n1,a,b\n", "names a column twice: city"),
        ("lines.csv", "id,city\n1,a\n2,b,c,d\n", "can't be read"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(SourceError, match=told):
            read_file(tmp_path / name)


def test_a_packed_file_is_read(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "shop.csv.gz", "wt") as file:
        file.write("id,city\n1,Rome\n")
    assert read_file(tmp_path / "shop.csv.gz")["city"].tolist() == ["Rome"]
