"""Customers that stand in a table several times: exact copies, and near-copies that differ a little.

With a copy of each customer in every fold, a model is asked about whom it has learnt by heart, and its score
shines. Rows are compared by hashes of groups of columns: whoever differs in `k` columns at most agrees on
all of at least one of `k + 1` groups (the pigeonhole principle), so only rows that lie together when sorted
by one hash after the other are looked at in pairs. How many pairs would agree so well by chance, were the
columns independent, bounds `k`: coarse tables, in which different people look alike, have no copies.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

MOST_SHARE = 0.25
"""Near-copies differ in at most this share of the columns …"""

BY_CHANCE = 0.01
"""… and in so few that no more pairs than this share of the rows would agree as well by chance."""

TOLERANCE = 1e-3
"""Numbers that differ by less, relative to their spread, count as equal."""

NEIGHBOURS = 8
"""Each row is compared with this many that follow it where rows of equal hashes lie together."""


@dataclass(frozen=True)
class Copies:
    """`group`: the same number for all rows of one customer, shape (rows,). `exact`, `near`: surplus rows.

    `may_differ`: in how many columns near-copies may differ; null where even equal rows may be by chance.
    """

    group: np.ndarray
    exact: int
    near: int
    may_differ: int | None

    @property
    def surplus(self) -> int:
        """Rows beyond one for each customer."""
        return self.exact + self.near

    @property
    def firsts(self) -> np.ndarray:
        """Whether a row is the first of its customer, shape (rows,)."""
        first = np.zeros(len(self.group), dtype=bool)
        first[np.unique(self.group, return_index=True)[1]] = True
        return first

    @property
    def says(self) -> str:
        """What was found and what it means, for people."""
        rows = len(self.group)
        if self.may_differ is None:
            return (
                "Its columns are so coarse that different customers look alike by chance, so copies can't be "
                "told from them and were not looked for."
            )
        if not self.surplus:
            return f"No customer is in it twice: no two of its {rows:,} rows are copies or near-copies."
        return (
            f"{self.surplus:,} of its {rows:,} rows are copies of another: {self.exact:,} exact, and "
            f"{self.near:,} that differ in at most {self.may_differ} columns. There are "
            f"{rows - self.surplus:,} different customers. A model judged on copies of those it learnt from "
            "would look better than it is, so copies are kept together, and each customer counts once."
        )


def find_copies(frame: pd.DataFrame, ids: pd.Series | None = None) -> Copies:
    """The rows that are one customer. `frame`: all columns but the id. `ids`: equal ones are copies too."""
    codes = np.column_stack([_codes(frame[name]) for name in frame.columns])
    may_differ = most_that_may_differ(codes)
    pairs = [] if may_differ is None else list(_pairs(codes, may_differ))
    same = np.zeros(len(codes), dtype=bool)
    if may_differ is not None:
        same = pd.Series(_hash(codes)).duplicated().to_numpy()
    if ids is not None:
        pairs.append(_chained(pd.factorize(ids.to_numpy())[0]))
    group = _components(pairs, len(codes))
    surplus = len(codes) - len(np.unique(group))
    exact = min(int(same.sum()), surplus)
    return Copies(group, exact, surplus - exact, may_differ)


def most_that_may_differ(codes: np.ndarray) -> int | None:
    """In how many columns two rows may differ and yet hardly agree by chance, at most a quarter of them.

    The number of agreeing columns of a pair is Poisson-binomial where the columns are independent; each
    agrees with the probability that two draws from it are equal.
    """
    rows, columns = codes.shape
    agree = [float(np.sum((np.bincount(column) / rows) ** 2)) for column in codes.T]
    differing = np.array([1.0])
    for chance in agree:
        differing = np.convolve(differing, [chance, 1.0 - chance])
    expected = np.cumsum(differing) * rows * (rows - 1) / 2
    fits = [k for k in range(int(MOST_SHARE * columns) + 1) if expected[k] <= BY_CHANCE * rows]
    return max(fits, default=None)


def _codes(values: pd.Series) -> np.ndarray:
    """Whole numbers that are equal where the values are, and almost where numbers almost are."""
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        step = TOLERANCE * float(np.nanstd(numbers)) if np.isfinite(numbers).any() else 0.0
        if step > 0 and (numbers[np.isfinite(numbers)] % 1 != 0).any():
            values = pd.Series(np.round(numbers / step))
    return np.asarray(pd.factorize(values, use_na_sentinel=False)[0], dtype=np.int32)


def _hash(codes: np.ndarray) -> np.ndarray:
    return np.asarray(pd.util.hash_pandas_object(pd.DataFrame(codes), index=False).to_numpy())


def _pairs(codes: np.ndarray, may_differ: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of rows that differ in at most so many columns, as two arrays of places."""
    keys = [_hash(codes[:, columns]) for columns in _bands(codes, may_differ + 1)]
    for turn in range(len(keys)):
        order = np.lexsort([*keys[:turn][::-1], *keys[turn:][::-1]])
        ordered = codes[order]
        for step in range(1, NEIGHBOURS + 1):
            differing = np.count_nonzero(ordered[:-step] != ordered[step:], axis=1)
            close = differing <= may_differ
            yield order[:-step][close], order[step:][close]


def _bands(codes: np.ndarray, many: int) -> list[Sequence[int]]:
    """The columns in groups that tell rows apart about equally well."""
    many = min(many, codes.shape[1])
    varied = np.argsort([-len(np.unique(column)) for column in codes.T], kind="stable")
    return [list(varied[start::many]) for start in range(many)]


def _chained(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row with the next of the same key."""
    order = np.argsort(keys, kind="stable")
    same = keys[order[:-1]] == keys[order[1:]]
    return order[:-1][same], order[1:][same]


def _components(pairs: Sequence[tuple[np.ndarray, np.ndarray]], rows: int) -> np.ndarray:
    first = np.concatenate([np.arange(0), *(pair[0] for pair in pairs)])
    second = np.concatenate([np.arange(0), *(pair[1] for pair in pairs)])
    graph = coo_matrix((np.ones(len(first), dtype=np.int8), (first, second)), shape=(rows, rows))
    return np.asarray(connected_components(graph, directed=False)[1])
