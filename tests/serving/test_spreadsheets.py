"""No cell of a CSV runs in a spreadsheet, and every text comes back from it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.files import write
from serving.spreadsheets import defused, defused_frame, restored

STARTS = st.sampled_from(
    ["", "=", "+", "-", "@", "\t", "\r", "\n", "'", "''=", "'a", "＝", "=cmd|' /C calc'!A0"]
)


@given(st.builds(lambda start, rest: start + rest, STARTS, st.text()))
def test_every_text_comes_back_and_none_runs(text: str) -> None:
    cell = defused(text)
    assert restored(cell) == text
    assert not re.match(r"[=+\-@\t\r\n＝＋－＠]", cell)


@given(st.lists(st.builds(lambda start, rest: start + rest, STARTS, st.text(max_size=5)), unique=True))
def test_no_two_texts_become_one(texts: list[str]) -> None:
    assert len({defused(text) for text in texts}) == len(texts)


@pytest.mark.parametrize("text", ["C00000042", "12", "a=b", "'quoted'", " =1", "", "#REF", "ä-ö"])
def test_usual_ids_stay_as_they_are(text: str) -> None:
    assert defused(text) == text


def test_of_a_frame_only_texts_change() -> None:
    frame = pd.DataFrame(
        {
            "customer_id": pd.array(["=1+1", "-5", "C1", None], dtype="str"),
            "mixed": pd.Series(["+x", -1.5, None, "y"], dtype=object),
            "points": [-1.5, 2.0, 0.0, -3.0],
            "at": pd.to_datetime(["2025-01-01"] * 4),
            "=name": ["a"] * 4,
        }
    )
    found = defused_frame(frame)
    assert found["customer_id"].tolist()[:3] == ["'=1+1", "'-5", "C1"]
    assert found["customer_id"].isna().tolist() == [False, False, False, True]
    assert found["points"].tolist() == [-1.5, 2.0, 0.0, -3.0]
    assert found["mixed"].tolist()[:2] == ["'+x", -1.5]
    assert list(found.columns) == ["customer_id", "mixed", "points", "at", "'=name"]
    assert frame.columns[-1] == "=name"


def test_ids_of_a_written_file_come_back(tmp_path: Path) -> None:
    ids = ["=HYPERLINK(1)", "+49 170", "-7", "@x", "'=x", "plain", "\ttab"]
    write(pd.DataFrame({"customer_id": ids, "clv": range(7)}), tmp_path / "scores.csv")
    read = pd.read_csv(io.StringIO((tmp_path / "scores.csv").read_text()), dtype={"customer_id": "str"})
    assert [restored(cell) for cell in read["customer_id"]] == ids
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in read["customer_id"])
    write(pd.DataFrame({"customer_id": ids}), tmp_path / "scores.parquet")
    assert pd.read_parquet(tmp_path / "scores.parquet")["customer_id"].tolist() == ids
