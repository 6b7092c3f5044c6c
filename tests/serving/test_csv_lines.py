"""CSV that a spreadsheet opens without running any cell."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Any

import pytest

from serving.csv_lines import csv_lines
from serving.rows import COLUMNS

ROW: dict[str, Any] = dict.fromkeys(COLUMNS)


def line(**cells: Any) -> dict[str, str]:
    text = "".join(csv_lines([ROW | cells]))
    return next(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_text_that_begins_like_a_formula_is_defused(text: str) -> None:
    assert line(customer_id=text)["customer_id"] == f"'{text}"


def test_numbers_times_and_other_texts_are_left_alone() -> None:
    told = line(customer_id="C=1", rhythm_points=-1.5, as_of=datetime(2025, 6, 1), action='say "hi",\nnow')  # noqa: DTZ001
    assert told["customer_id"] == "C=1"
    assert told["rhythm_points"] == "-1.5"
    assert told["as_of"] == "2025-06-01T00:00:00Z"
    assert told["action"] == 'say "hi",\nnow'
    assert told["segment"] == ""


def test_no_rows_is_a_header() -> None:
    assert list(csv_lines([])) == [",".join(COLUMNS) + "\r\n"]
