"""Logs as one JSON object a line. No customer's id and no event may stand in one at info or above."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from traceback import walk_tb
from types import TracebackType
from typing import Any

from features.errors import ConfigError

OURS = ("amity", "serving")
THEIRS = ("bentoml", "uvicorn", "uvicorn.error", "uvicorn.access")
QUIET = ("uvicorn.access",)
"""It writes whole paths, and ids stand in them."""


class JsonLines(logging.Formatter):
    """`told` in a record's extra becomes fields of the line.

    Of an exception it gives kind and places, and its message only where that is ours and tells of settings:
    others may hold the value that was wrong.
    """

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time.replace("+00:00", "Z"), "level": record.levelname.lower()}
        line |= {"logger": record.name, "message": record.getMessage()} | getattr(record, "told", {})
        if record.exc_info and record.exc_info[0]:
            line |= {"error": record.exc_info[0].__name__, "at": _places(record.exc_info[2])}
            if issubclass(record.exc_info[0], ConfigError):
                line["says"] = str(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def configure() -> None:
    """Every logger of this process writes such lines to the error stream; those not ours from warning on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in THEIRS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in OURS:
        logging.getLogger(name).setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).disabled = True


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{frame.f_code.co_filename}:{line} in {frame.f_code.co_name}" for frame, line in walk_tb(trace)]
