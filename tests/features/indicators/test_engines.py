"""One definition, three engines: PostgreSQL and Spark give the indicators of DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from features.indicators.aftermath import aftermath
from features.indicators.clumps import clumps
from features.indicators.cohorts import cohorts
from features.indicators.concentration import concentration
from features.indicators.gains import gains
from features.indicators.groups import grouped, moves
from features.indicators.measure import Measured, measure
from features.indicators.rules import Rules
from features.indicators.sheets import Known, sheets
from features.indicators.spans import customers
from features.indicators.tree import tree
from features.snapshots import before
from features.sources import Source
from tests.conftest import Put, to_arrow
from tests.features.indicators.conftest import AS_OF, COMPANY

SCORES = pd.DataFrame(
    {
        "customer_id": ["a", "e"],
        "clv": [100.0, 200.0],
        "churn_probability": [0.5, 0.1],
        "weak_point_1": ["service", None],
        "weak_point_1_points": [10.0, None],
    }
)
TIMES = ("_at",)
ON_SPARK = ("orders", "customers", "tickets")
"""Each question takes Spark seconds, of whatever size."""


def typed(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if name.endswith(TIMES) and value else value
        for name, value in row.items()
    }


@pytest.fixture(scope="module")
def rows() -> dict[str, pa.Table]:
    return {name: to_arrow([typed(row) for row in some]) for name, some in COMPANY.items()}


@pytest.fixture(scope="module", params=["postgres", "spark"])
def tables(
    request: pytest.FixtureRequest, rows: dict[str, pa.Table], put: Put, read: Callable[..., Source]
) -> Iterator[Mapping[str, ibis.Table]]:
    """The company's tables on another engine; Spark's are taken as they are, unchecked."""
    if request.param == "postgres":
        yield read(put("postgres", rows)).tables
        return
    from features.spark.backend import connect

    folder = put("parquet", {name: rows[name] for name in ON_SPARK})
    backend = connect(request.getfixturevalue("spark"))
    frames = {name: backend.session.read.parquet(f"{folder}/{name}.parquet") for name in ON_SPARK}
    yield {name: backend.view(name, frame) for name, frame in frames.items()}
    backend.disconnect()


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    keys = [name for name in ("indicator", "breakdown", "value", "month") if name in found]
    if keys:
        found, expected = (frame.set_index(keys).sort_index() for frame in (found, expected))
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-9, atol=1e-12)


def test_every_engine_gives_the_indicators_of_duckdb(
    tables: Mapping[str, ibis.Table], company: Measured
) -> None:
    found = measure(tables, AS_OF)
    assert len(found.measured) > 20
    same(found.months, company.months[company.months.indicator.isin(found.months.indicator)])
    ours = company.period[company.period.indicator.isin(found.period.indicator)]
    same(found.period.drop(columns="significant"), ours.drop(columns="significant"))


def test_every_engine_gives_the_tables_of_duckdb(
    tables: Mapping[str, ibis.Table], rows: dict[str, pa.Table], company: Measured
) -> None:
    known = before({name: ibis.memtable(some) for name, some in rows.items()}, AS_OF)
    ours = sheets(Known(known, company, SCORES))
    if "surveys" not in tables:  # Spark: see ON_SPARK
        theirs = {
            "cohorts": cohorts(before(tables, AS_OF), AS_OF, Rules()),
            "aftermath": aftermath(before(tables, AS_OF), AS_OF, Rules()),
        }
        ours = {name: ours[name] for name in theirs}
    else:
        theirs = sheets(Known(before(tables, AS_OF), company, SCORES))
        names = ("complaint_rate", "answered_in_time", "first_response_hours", "nps", "line_return_rate")
        of_theirs, of_ours = (clumps(some, company, names) for some in (before(tables, AS_OF), known))
        assert of_theirs == pytest.approx(of_ours, rel=1e-9)
    assert set(theirs) == set(ours)
    for name, frame in ours.items():
        pd.testing.assert_frame_equal(theirs[name], frame, check_dtype=False, rtol=1e-9, atol=1e-12)


def test_every_engine_gives_the_customers_of_duckdb(
    tables: Mapping[str, ibis.Table], rows: dict[str, pa.Table]
) -> None:
    theirs, ours = (customers(t, AS_OF) for t in (tables, {n: ibis.memtable(r) for n, r in rows.items()}))
    same(gains(theirs, "segment"), gains(ours, "segment"))
    same(moves(grouped(theirs, AS_OF)), moves(grouped(ours, AS_OF)))
    if "surveys" in tables:  # not Spark's: see ON_SPARK
        same(concentration(theirs), concentration(ours))
        assert tree(theirs) == tree(ours)
