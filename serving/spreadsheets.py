"""Texts that a spreadsheet would run as formulas, made harmless in CSV, and the way back."""

from __future__ import annotations

import re

import pandas as pd

FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""How a text begins that a spreadsheet would run, in half or full width (OWASP, CSV injection).

Apostrophes before it belong to it, so that what is made harmless is told from what began so.
"""


def defused(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would run it; `restored` takes it off."""
    return f"'{text}" if FORMULA.match(text) else text


def restored(cell: str) -> str:
    """The text of which `defused` made this cell; for every text `restored(defused(text)) == text`."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell


def defused_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The same with all its texts defused, names of columns too; numbers and times stay."""
    texts = [name for name in frame.columns if pd.api.types.is_string_dtype(frame[name].dtype)]
    changed = {name: _defused(frame[name]) for name in texts}
    return frame.assign(**changed).rename(columns=lambda name: defused(str(name)))


def _defused(column: pd.Series) -> pd.Series:
    runs = column.map(lambda value: isinstance(value, str) and FORMULA.match(value) is not None)
    return column.where(~runs.astype(bool), "'" + column.astype("str"))
