"""A table as it was found, before anything is known about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import ibis.expr.types as ir

from features.tables import CONTRACT, Table

ROW = "row number"


@dataclass(frozen=True)
class Engine:
    """How raw columns may be read.

    `parses`: the engine can try text as a date or number without failing. `loose`: the file knows no types,
    all is text (CSV). `now`: the time after which dates are in the future, UTC without a zone.
    """

    parses: bool
    loose: bool
    now: datetime


@dataclass(frozen=True)
class Raw:
    """A table of the contract as found. `numbered`: it has the column «row number», counted from 1."""

    name: str
    table: ir.Table
    engine: Engine
    numbered: bool = False

    @property
    def contract(self) -> Table:
        return CONTRACT[self.name]
