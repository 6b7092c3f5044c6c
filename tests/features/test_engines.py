"""One definition, three engines: DuckDB, PostgreSQL and Spark give the same figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from features.build import KEYS, build, catalog
from features.labels import labels
from features.reference import Reference, reference
from features.snapshots import population, span
from features.sources import Source

Tables = Mapping[str, ibis.Table]
OTHERS = ("postgres", "spark")


def indexed(table: ibis.Table) -> pd.DataFrame:
    return table.to_pandas().set_index(list(KEYS)).sort_index()


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Equal to 1e-9 relative, null where null."""
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-9, atol=0)


@pytest.fixture(scope="module")
def some(shop: Source) -> dict[str, pa.Table]:
    """The tables of forty customers, with times within seconds and an attribute that is true or false."""
    few = shop.tables["customers"].order_by("customer_id").limit(40)
    owned = {n: t.semi_join(few, "customer_id") for n, t in shop.tables.items() if "customer_id" in t.columns}
    owned["order_lines"] = shop.tables["order_lines"].semi_join(owned["orders"], "order_id")
    owned["customers"] = few.mutate(vip=few.birth_year % 2 == 0)
    for name, time in (("orders", "ordered_at"), ("surveys", "responded_at"), ("tickets", "opened_at")):
        table = owned[name]
        owned[name] = table.mutate(**{time: table[time] - ibis.interval(microseconds=1)})
    return {name: table.to_pyarrow() for name, table in owned.items()}


@pytest.fixture(scope="module")
def open_on(
    some: dict[str, pa.Table], deliver: Callable[..., dict[str, Any]], read: Callable[..., Source]
) -> Callable[[str], Tables]:
    """Opens the same tables on an engine."""
    return lambda form: read(**deliver(form, some)).tables


@pytest.fixture(scope="module")
def embedded(open_on: Callable[[str], Tables]) -> Tables:
    return open_on("parquet")


@pytest.fixture(scope="module", params=OTHERS)
def other(request: pytest.FixtureRequest, open_on: Callable[[str], Tables]) -> Tables:
    return open_on(request.param)


@pytest.fixture(scope="module")
def learnt(embedded: Tables, days: tuple[datetime, ...]) -> Reference:
    return reference(embedded, days[0])


@pytest.fixture(scope="module")
def expected(embedded: Tables, learnt: Reference, days: tuple[datetime, ...]) -> pd.DataFrame:
    """The features that DuckDB gives of everyone who has ordered, on two days."""
    return indexed(build(embedded, population(embedded, days, None), learnt))


def test_every_engine_gives_the_features_of_duckdb(
    other: Tables, expected: pd.DataFrame, learnt: Reference, days: tuple[datetime, ...]
) -> None:
    assert len(expected) > 40
    assert list(expected.columns) == [feature.name for feature in catalog(other).available(other)]
    same(indexed(build(other, population(other, days, None), learnt)), expected)


def test_every_engine_gives_the_labels_of_duckdb(
    embedded: Tables, other: Tables, days: tuple[datetime, ...]
) -> None:
    ours, theirs = (indexed(labels(t, population(t, days, 365), 90)) for t in (embedded, other))
    assert ours["churned"].nunique() == 2
    same(theirs, ours)


def test_every_engine_gives_the_contractual_labels_of_duckdb(
    embedded: Tables, other: Tables, days: tuple[datetime, ...]
) -> None:
    def found(tables: Tables) -> pd.DataFrame:
        return indexed(labels(tables, population(tables, days, 365, "contractual"), 90, "contractual"))

    ours = found(embedded)
    assert len(ours) > 5
    assert ours["revenue"].gt(0).any()
    same(found(other), ours)
    assert span(other, "contractual") == span(embedded, "contractual")


def test_every_engine_gives_the_reference_of_duckdb(
    embedded: Tables, other: Tables, days: tuple[datetime, ...]
) -> None:
    ours, theirs = (flat(reference(t, days[1]).to_dict()) for t in (embedded, other))
    assert theirs == pytest.approx(ours, rel=1e-9)


def flat(entry: Any, path: str = "") -> dict[str, Any]:
    """The entries of nested mappings and sequences by their path."""
    if isinstance(entry, tuple):
        entry = dict(enumerate(entry))
    if not isinstance(entry, Mapping):
        return {path: entry}
    return {
        key: value for name, inner in entry.items() for key, value in flat(inner, f"{path}/{name}").items()
    }
