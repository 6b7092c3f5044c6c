"""Rows as JSON lines: one object a line, for programs that read a list as it comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from serving.rows import COLUMNS, Row


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """A line for each row, with its columns in order. Times are ISO 8601 in UTC; nothing is defused."""
    for row in rows:
        yield to_json({name: _utc(row[name]) for name in COLUMNS}).decode() + "\n"


def _utc(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
