"""One customer's lines in a CSV file, packed or not."""

from __future__ import annotations

import codecs
import csv
import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

from serving.forgetting.drafts import replaced
from serving.spreadsheets import restored

COLUMN = "customer_id"
DELIMITERS = ",;\t|"
MARK = "\N{BYTE ORDER MARK}"
CHUNK = 2**20


@dataclass(frozen=True)
class Form:
    """How a CSV is written. `place`: of the column that says whose a line is; null where none does."""

    packed: bool
    encoding: str
    delimiter: str = ","
    place: int | None = None
    line_end: str = "\n"


def erase_from_csv(file: Path, customer_id: str, *, dry_run: bool) -> int:
    """How many lines were the customer's; 0 where no column says whose they are. The rest stays as it was."""
    csv.field_size_limit(sys.maxsize)
    form = _form(file)
    with _opened(file, form) as text:
        rows = sum(_names(line, form, customer_id) for line in csv.reader(text, delimiter=form.delimiter))
    if rows and not dry_run:
        with replaced(file) as draft, _opened(file, form) as text, _opened(draft, form, "w") as out:
            writer = csv.writer(out, delimiter=form.delimiter, lineterminator=form.line_end)
            lines = csv.reader(text, delimiter=form.delimiter)
            writer.writerows(line for line in lines if not _names(line, form, customer_id))
    return rows


def id_column(names: list[str]) -> str | None:
    """The column that says whose row it is: customer_id, else the only one that ends in id; else null."""
    plain = {name.strip().removeprefix(MARK).lower(): name for name in names}
    if COLUMN in plain:
        return plain[COLUMN]
    ending = [name for short, name in plain.items() if short.endswith("id")]
    return ending[0] if len(ending) == 1 else None


def _form(file: Path) -> Form:
    packed = file.name.lower().endswith(".gz")
    encoding = "utf-8" if _is_utf8(file, packed) else "latin-1"
    with _opened(file, Form(packed, encoding)) as text:
        head = text.readline()
    delimiter = max(DELIMITERS, key=head.count)
    names = next(csv.reader([head], delimiter=delimiter), [])
    column = id_column(names)
    place = None if column is None else names.index(column)
    return Form(packed, encoding, delimiter, place, "\r\n" if head.endswith("\r\n") else "\n")


def _names(line: list[str], form: Form, customer_id: str) -> bool:
    if form.place is None or len(line) <= form.place:
        return False
    return restored(line[form.place]).strip() == customer_id


@contextmanager
def _opened(file: Path, form: Form, mode: str = "r") -> Iterator[TextIO]:
    opener = gzip.open if form.packed else open
    text = cast("TextIO", opener(file, f"{mode}t", encoding=form.encoding, newline=""))
    with text:
        yield text


def _is_utf8(file: Path, packed: bool) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with gzip.open(file) if packed else file.open("rb") as raw:
        try:
            while chunk := raw.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True
