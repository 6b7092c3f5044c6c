"""A retailer with a hundredth of its rows broken in every way that the check knows, beside the clean one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path

import pandas as pd
import pytest

from features.build import KEYS, build
from features.reference import reference
from features.snapshots import population
from features.sources import Source, open_source
from features.tables import CONTRACT, Column

DAY = datetime.fromisoformat("2024-09-15")
TABLES = ("orders", "order_lines", "returns", "tickets", "surveys", "engagement", "contacts", "customers")
WRONG: Mapping[str, tuple[str, ...]] = {
    "id": ("", " \t"),
    "text": ("nonsense",),
    "time": ("soon", "2024-02-30", ""),
    "money": ("-0.01", "nan", "2e12", "12,50 €", ""),
    "number": ("many", "inf"),
}

Tables = dict[str, pd.DataFrame]


def ways(column: Column) -> tuple[str, ...]:
    """What may stand in a column and can't be used."""
    if column.kind == "text" and not column.one_of:
        return ()
    wrong = WRONG[column.kind]
    if column.low is not None and column.low < 0:
        wrong = tuple(value for value in wrong if value != "-0.01")
    return tuple(value for value in wrong if value.strip() or not column.optional)


def broken_rows(name: str, table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Copies of rows with keys of their own, each with one value that makes the row unusable."""
    contract = CONTRACT[name]
    wrong = [(c.name, value) for c in contract.columns if c.spoils == "row" for value in ways(c)]
    wrong = [(column, value) for column, value in wrong if column in table.columns]
    count = max(len(wrong), len(table) // 100)
    for number, (column, value) in enumerate(islice(cycle(wrong), count)):
        row = table.iloc[[number % len(table)]].copy()
        if contract.key:
            row[contract.key] = f"broken {number}"
        yield row.assign(**{column: value})


def spoiled(name: str, table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table with values that can't be used in its optional columns, and with nothing in their place."""
    dirty, clean = table.copy(), table.copy()
    optional = [c for c in CONTRACT[name].columns if c.spoils == "value" and c.name in table.columns]
    wrong = [(c.name, value) for c in optional for value in (*ways(c), *(["1999-01-01"] if c.after else []))]
    count = max(len(wrong), len(table) // 100) if wrong else 0
    for number, (column, value) in enumerate(islice(cycle(wrong), count)):
        place = table.index[number % len(table)]
        untouched = dirty.loc[place].equals(table.loc[place])
        dirty.loc[place, column] = value if untouched else dirty.loc[place, column]
        clean.loc[place, column] = None if untouched else clean.loc[place, column]
    return dirty, clean


def write(folder: Path, tables: Tables) -> Path:
    folder.mkdir()
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def features(source: Source) -> pd.DataFrame:
    people = population(source.tables, [DAY], 365)
    table = build(source.tables, people, reference(source.tables, DAY)).to_pandas()
    return table.sort_values(list(KEYS), ignore_index=True)


@pytest.fixture(scope="module")
def clean_and_dirty(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Tables]:
    clean: Tables = {}
    dirty: Tables = {}
    broken: Tables = {}
    for name in TABLES:
        table = pd.read_parquet(folder / f"{name}.parquet").astype("string").astype(object)
        table = table.where(table.notna(), None)
        spoilt, clean[name] = spoiled(name, table)
        broken[name] = pd.concat(broken_rows(name, table))
        dirty[name] = pd.concat([broken[name], spoilt]).sample(frac=1, random_state=1)
    place = tmp_path_factory.mktemp("broken")
    return write(place / "clean", clean), write(place / "dirty", dirty), broken


def test_the_features_are_those_of_the_clean_source(clean_and_dirty: tuple[Path, Path, Tables]) -> None:
    clean, dirty, _ = clean_and_dirty
    expected, found = features(open_source(clean)), features(open_source(dirty, skip_bad_rows=True))
    assert len(expected) > 100
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_what_was_left_out_is_counted(clean_and_dirty: tuple[Path, Path, Tables]) -> None:
    _, dirty, broken = clean_and_dirty
    report = open_source(dirty, skip_bad_rows=True).report
    assert {name: report.tables[name].left_out for name in TABLES} == {
        name: len(table) for name, table in broken.items()
    }
