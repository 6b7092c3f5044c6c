"""Rows as CSV that a spreadsheet opens without running any cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from serving.rows import COLUMNS, Row
from serving.spreadsheets import defused


def csv_lines(rows: Iterable[Row]) -> Iterator[str]:
    """The header, then a line for each row. Null is empty; times are ISO 8601 in UTC."""
    yield _line(COLUMNS)
    for row in rows:
        yield _line([_cell(row[name]) for name in COLUMNS])


def _line(cells: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).isoformat().replace("+00:00", "Z")
    return defused(value) if isinstance(value, str) else value
