"""What speaks for a weak point in a table of one's own: the customer's columns, and what is usual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from features.own_table.table import OwnColumn
from models.language import Language, Message
from models.language import language as default_language

MOST_FACTS = 2


@dataclass(frozen=True)
class Typical:
    """What is usual among all customers of the training, by column.

    `numbers`: the median, the mean where that is 0. `rates`: name → share that churned. `churned`: of all.
    """

    numbers: Mapping[str, float]
    rates: Mapping[str, Mapping[str, float]]
    churned: float


def typical(columns: Sequence[OwnColumn], values: pd.DataFrame, churned: np.ndarray) -> Typical:
    """What is usual among these customers."""
    numbers, rates = {}, {}
    for column in columns:
        known = values[column.name].dropna()
        if column.kind == "category":
            by_name = pd.Series(churned[known.index]).groupby(known.to_numpy()).mean()
            rates[column.name] = {str(name): float(rate) for name, rate in by_name.items()}
        elif len(known):
            middle = known.mean() if column.kind == "yes or no" else known.median() or known.mean()
            numbers[column.name] = float(middle)
    return Typical(numbers, rates, float(churned.mean()))


class Evidence:
    """What speaks for a weak point: the columns of its dimension that raise the risk, and what is usual."""

    def __init__(self, columns: Sequence[OwnColumn], typical: Typical) -> None:
        self._columns = {column.name: column for column in columns}
        self._typical = typical

    def sentence(
        self,
        dimension: str,
        values: Mapping[str, Any],
        shares: Mapping[str, float],
        language: Language | None = None,
    ) -> str | None:
        """One sentence or two, the heaviest fact first; null where no column differs from what is usual."""
        language = language or default_language()
        raising = [n for n, c in self._columns.items() if c.dimension == dimension and shares.get(n, 0.0) > 0]
        facts = (self._fact(name, values[name]) for name in sorted(raising, key=lambda n: -shares[n]))
        told = list(islice((fact for fact in facts if fact), MOST_FACTS))
        return language.joined(language.told(told, "own")) if told else None

    def _fact(self, name: str, value: Any) -> Message | None:
        if value is None or value != value:
            return Message("not_given", {"column": name})
        if self._columns[name].kind == "category":
            return self._of_name(name, str(value))
        usual = self._typical.numbers.get(name)
        if usual is None or usual == value:
            return None
        if self._columns[name].kind == "yes or no":
            return Message("yes" if value == 1 else "no", {"column": name, "peers": usual})
        return Message("number", {"column": name, "value": value, "peers": usual})

    def _of_name(self, name: str, value: str) -> Message | None:
        rate = self._typical.rates.get(name, {}).get(value)
        if rate is None or rate <= self._typical.churned:
            return None
        shares = {"left": rate, "all": self._typical.churned}
        return Message("category", {"column": name, "value": value, **shares})
