"""How busy days were and will be: by plain SQL, and on companies whose season is known."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import ibis
import numpy as np
import pandas as pd
import pytest

from models.uplift.season import NONE
from training.uplift_season import pace, season

AS_OF = datetime(2024, 11, 25)  # noqa: DTZ001
WINDOWS = 14
BY_SQL = """
WITH windows AS (SELECT k, $as_of::TIMESTAMP - INTERVAL (30 * (k + 1)) DAY AS first FROM range(14) w(k)),
known AS (SELECT DISTINCT k, first, customer_id FROM windows, orders
          WHERE ordered_at < first AND ordered_at >= first - INTERVAL 360 DAY)
SELECT k, count(DISTINCT customer_id) AS customers,
       count(*) FILTER (ordered_at >= first AND ordered_at < first + INTERVAL 30 DAY) AS orders
FROM known JOIN orders USING (customer_id) GROUP BY k ORDER BY k
"""


def _orders(days: int, december: float = 1.0, seed: int = 0, customers: int = 1_000) -> pd.DataFrame:
    """Each customer orders once a month; in December so many times as often."""
    dice = np.random.default_rng(seed)
    first = AS_OF - timedelta(days=days)
    each = [first + timedelta(days=day) for day in range(days)]
    pace = np.array([december if day.month == 12 else 1.0 for day in each]) / 30
    counts = dice.poisson(pace, (customers, days))
    customer, day = np.nonzero(counts)
    moments = pd.to_datetime([each[d] for d in day]) + pd.to_timedelta(dice.random(len(day)), unit="D")
    ids = [f"C{number}" for number in customer]
    return pd.DataFrame({"customer_id": ids, "ordered_at": moments.astype("datetime64[us]")})


def test_orders_and_customers_of_windows_by_sql() -> None:
    """Also those who left, who came late, and orders at the very edges of windows."""
    orders = _orders(700, customers=40)
    edges = [AS_OF - timedelta(days=30 * k) for k in (1, 3, 5)]
    more = pd.DataFrame({"customer_id": ["E", "E", "E"], "ordered_at": edges})
    late = pd.DataFrame(
        {"customer_id": "L", "ordered_at": [AS_OF - timedelta(days=d) for d in (659, 200, 2)]}
    )
    orders = pd.concat([orders, more, late], ignore_index=True).astype({"ordered_at": "datetime64[us]"})
    found = pace(ibis.memtable(orders), AS_OF, 30, WINDOWS)
    expected = duckdb.execute(BY_SQL, {"as_of": AS_OF}).df()
    np.testing.assert_array_equal(found.customers, expected["customers"])
    np.testing.assert_array_equal(found.orders, expected["orders"])


def test_a_december_twice_as_busy_is_foreseen() -> None:
    """The 30 days from 25 November hold 24 of December, so 1.8 times the usual; two years show most of it."""
    contacted = pd.Series(pd.date_range("2024-02-01", "2024-09-01", freq="MS"))
    told = season(ibis.memtable(_orders(1_000, december=2.0)), AS_OF, contacted, 30)
    assert 1.4 < told.on(pd.Timestamp(AS_OF)) < 1.9
    np.testing.assert_allclose(told.times(contacted), 1, atol=0.12)
    assert told.on(pd.Timestamp(AS_OF) + timedelta(days=120)) == pytest.approx(1, abs=0.15)


def test_one_order_long_ago_changes_nothing() -> None:
    contacted = pd.Series(pd.date_range("2024-02-01", "2024-09-01", freq="MS"))
    orders = _orders(2_300, december=2.0, customers=200)
    long_ago = pd.DataFrame({"customer_id": ["C0"], "ordered_at": pd.to_datetime(["1900-01-01"])})
    both = pd.concat([orders, long_ago.astype({"ordered_at": "datetime64[us]"})], ignore_index=True)
    told, plain = (season(ibis.memtable(each), AS_OF, contacted, 30) for each in (both, orders))
    assert told == plain


def test_a_company_without_a_season_gets_none() -> None:
    contacted = pd.Series(pd.date_range("2024-02-01", "2024-09-01", freq="MS"))
    told = season(ibis.memtable(_orders(1_000)), AS_OF, contacted, 30)
    assert told.on(pd.Timestamp(AS_OF)) == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("days", [0, 500])
def test_without_a_year_and_more_nothing_is_said(days: int) -> None:
    orders = _orders(max(days, 5)).head(10**6 if days else 0)
    assert season(ibis.memtable(orders), AS_OF, pd.Series([pd.Timestamp("2024-09-01")]), 30) == NONE


def test_contacts_of_days_that_nothing_is_known_of() -> None:
    early = pd.Series([pd.Timestamp(AS_OF) - timedelta(days=590)])
    assert season(ibis.memtable(_orders(600)), AS_OF, early, 30) == NONE
