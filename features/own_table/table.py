"""A table of one's own, read and understood: whose rows, who churned, which columns, which copies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.catalog import Dimension
from features.errors import SourceError
from features.own_table.columns import Kind, Read, read_column
from features.own_table.copies import Copies, find_copies
from features.own_table.dimensions import guessed, read_dimensions
from features.own_table.label import Label, read_label
from features.own_table.reading import read_file

ID_NAMES = ("customerid", "clientid", "clientnum", "userid", "accountid", "memberid", "customer", "id")


@dataclass(frozen=True)
class Roles:
    """What the user says of the columns: who churned, whose row it is, and a file of dimensions."""

    label: str
    id: str | None = None
    dimensions: Path | None = None


@dataclass(frozen=True)
class OwnColumn:
    """One column that a model sees. `guessed`: whether the dimension is only what its name suggests."""

    name: str
    kind: Kind
    dimension: Dimension
    guessed: bool
    says: str = ""


@dataclass(frozen=True)
class OwnTable:
    """`ids`, `churned` and `values` share their rows; `values` has one typed column for each of `columns`.

    `left_out`: column → why. `id_column`: null where rows are numbered instead.
    """

    path: Path
    id_column: str | None
    ids: pd.Series
    label: Label
    columns: tuple[OwnColumn, ...]
    left_out: Mapping[str, str]
    values: pd.DataFrame
    copies: Copies
    fingerprint: str

    @property
    def churned(self) -> np.ndarray:
        return self.label.churned.to_numpy(dtype=float)


def read_table(path: Path, roles: Roles) -> OwnTable:
    """Raises SourceError where the file can't be read or nothing can be learnt from its columns.

    Also ConfigError for a file of dimensions that doesn't fit, HistoryError for too few customers.
    """
    frame = read_file(path)
    id_column = _id_column(frame, roles)
    label = read_label(frame, roles.label)
    there = label.churned.notna().to_numpy()
    frame = frame[there].reset_index(drop=True)
    label = Label(label.churned[there].reset_index(drop=True), label.says)
    names = [name for name in frame.columns if name not in (roles.label, id_column)]
    given = read_dimensions(roles.dimensions, names) if roles.dimensions else {}
    reads = {name: read_column(name, frame[name], label.churned) for name in names}
    columns = tuple(_column(name, read, given) for name, read in reads.items() if read.values is not None)
    if not columns:
        raise SourceError(f"{path} has no column to learn from: {_reasons(reads) or 'only the label'}.")
    values = pd.DataFrame({column.name: reads[column.name].values for column in columns})
    return OwnTable(
        path=path,
        id_column=id_column,
        ids=customer_ids(frame, id_column),
        label=label,
        columns=columns,
        left_out={name: read.why_not for name, read in reads.items() if read.values is None},
        values=values,
        copies=find_copies(
            values.assign(**{roles.label: label.churned}), frame[id_column] if id_column else None
        ),
        fingerprint=_fingerprint(frame),
    )


def customer_ids(frame: pd.DataFrame, id_column: str | None) -> pd.Series:
    """Texts; the numbers of the rows from 1 where there is no column of ids."""
    if id_column is None:
        return pd.Series([str(number + 1) for number in range(len(frame))], index=frame.index, dtype="str")
    ids = frame[id_column]
    if pd.api.types.is_float_dtype(ids) and (ids.dropna() % 1 == 0).all():
        ids = ids.astype("Int64")
    return ids.astype("str").str.strip()


def says(table: OwnTable) -> list[str]:
    """What was understood of the table, a sentence a line."""
    whose = f"The customers' ids are in {table.id_column}." if table.id_column else "Rows are numbered."
    guesses = [column.name for column in table.columns if column.guessed]
    lines = [table.label.says, whose]
    lines += [f"{column.name}: {column.says}." for column in table.columns if column.says]
    lines += [f"{name} is left out: {why}." for name, why in table.left_out.items()]
    lines.append(table.copies.says)
    if all(column.dimension == "profile" for column in table.columns):
        lines.append("All columns are of profile, which nobody can repair, so no weak point will be named.")
    if guesses:
        lines.append("Dimensions are guessed by name; correct them with --dimensions FILE.")
    return lines


def to_dict(table: OwnTable) -> dict[str, object]:
    """The same for a program."""
    copies = table.copies
    return {
        "rows": len(table.ids),
        "id_column": table.id_column,
        "understood": says(table),
        "columns": [vars(column) for column in table.columns],
        "left_out": dict(table.left_out),
        "copies": {"exact": copies.exact, "near": copies.near, "may_differ": copies.may_differ},
    }


def _id_column(frame: pd.DataFrame, roles: Roles) -> str | None:
    if roles.id is not None:
        if roles.id not in frame:
            raise SourceError(
                f"There is no column {roles.id!r} of ids. There are: {', '.join(frame.columns)}."
            )
        missing = int(frame[roles.id].isna().sum())
        if missing:
            raise SourceError(f"The column {roles.id!r} of ids is empty in {missing:,} rows. Fill them in.")
        return roles.id
    plain = {
        "".join(filter(str.isalnum, name.lower())): name for name in frame.columns if name != roles.label
    }
    found = next((plain[name] for name in ID_NAMES if name in plain), None)
    return found if found is not None and frame[found].notna().all() else None


def _column(name: str, read: Read, given: Mapping[str, Dimension]) -> OwnColumn:
    return OwnColumn(name, read.kind, given.get(name, guessed(name)), name not in given, read.says)


def _reasons(reads: Mapping[str, Read]) -> str:
    return "; ".join(f"{name}: {read.why_not}" for name, read in reads.items())


def _fingerprint(frame: pd.DataFrame) -> str:
    """A digest of all values, in the order of the rows."""
    digest = hashlib.sha256(",".join(frame.columns).encode())
    digest.update(pd.util.hash_pandas_object(frame.astype("str"), index=False).to_numpy().tobytes())
    return digest.hexdigest()[:16]
