"""A frame as lines of a file that leaves over HTTP, a part at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pandas as pd
from fastapi.responses import StreamingResponse

from serving.spreadsheets import defused_frame

Form = Literal["csv", "jsonl"]
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
AT_ONCE = 5_000


def streamed(frame: pd.DataFrame, form: Form, name: str) -> StreamingResponse:
    """The rows as a download called `name`; in CSV no text of it runs in a spreadsheet."""
    given = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return StreamingResponse(lines(frame, form), media_type=TYPES[form], headers=given)


def lines(frame: pd.DataFrame, form: Form) -> Iterator[str]:
    """CSV begins with the names of the columns; missing is empty there, and null in JSON lines."""
    if form == "csv":
        yield defused_frame(frame.head(0)).to_csv(index=False, lineterminator="\r\n")
    for start in range(0, len(frame), AT_ONCE):
        part = frame.iloc[start : start + AT_ONCE]
        if form == "csv":
            yield defused_frame(part).to_csv(index=False, header=False, lineterminator="\r\n")
        else:
            yield part.to_json(orient="records", lines=True, date_format="iso", date_unit="s")
