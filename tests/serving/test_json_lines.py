"""Rows as JSON lines."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from serving.json_lines import json_lines
from serving.rows import COLUMNS

ROW: dict[str, Any] = dict.fromkeys(COLUMNS)


def test_each_row_is_one_object_on_a_line_of_its_own() -> None:
    day = datetime(2025, 6, 1)  # noqa: DTZ001
    rows = [ROW | {"customer_id": "=1\n🦜", "as_of": day, "rank": 1, "clv": 1 / 3}, ROW]
    lines = list(json_lines(rows))
    assert [line.count("\n") for line in lines] == [1, 1]
    first, second = map(json.loads, lines)
    assert tuple(first) == COLUMNS
    assert first["customer_id"] == "=1\n🦜"
    assert first["as_of"] == "2025-06-01T00:00:00Z"
    assert (first["rank"], first["clv"], first["segment"]) == (1, 1 / 3, None)
    assert set(second.values()) == {None}


def test_no_rows_are_no_lines() -> None:
    assert list(json_lines([])) == []
