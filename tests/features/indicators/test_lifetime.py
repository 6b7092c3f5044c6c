"""CLV beside what it cost, by hand."""

from __future__ import annotations

from math import nan

import pandas as pd
import pytest

from features.indicators.lifetime import lifetime, payback
from features.indicators.measure import Measured
from features.snapshots import before
from features.sources import source_from_rows
from tests.features.indicators.conftest import AS_OF, COMPANY

SCORES = pd.DataFrame({"customer_id": ["a", "e"], "clv": [100.0, 200.0]})
MARGIN = 4.0 * sum(range(1, 14))  # of all thirteen orders


@pytest.fixture(scope="module")
def told(company: Measured) -> pd.DataFrame:
    frame = lifetime(before(source_from_rows(COMPANY).tables, AS_OF), company, SCORES)
    return frame.set_index(["breakdown", "value"])


def test_the_company(told: pd.DataFrame) -> None:
    """Margin is 0.4 of revenue, so 0.4 of the CLV is expected of it; CAC is 90 for b, e and f."""
    row = told.loc[("all", "all")]
    assert row["customers"] == 7
    assert row["to_date"] == pytest.approx(MARGIN / 7)
    assert row["expected"] == pytest.approx(0.4 * 300 / 7)
    assert row["clv"] == pytest.approx((MARGIN + 120) / 7)
    assert row["acquisition_cost"] == 30
    assert row["clv_over_cac"] == pytest.approx((MARGIN + 120) / 7 / 30)


def test_channels(told: pd.DataFrame) -> None:
    """b and e came by search, for 60: 16 and 68 in their first month are 42 each on average."""
    row = told.loc[("acquisition_channel", "search")]
    assert (row["customers"], row["acquisition_cost"], row["payback_months"]) == (2, 30, 1)
    assert row["to_date"] == pytest.approx((16 + 4 * (8 + 9)) / 2)
    assert row["expected"] == pytest.approx(0.4 * 200 / 2)


def test_years_of_the_first_order(told: pd.DataFrame) -> None:
    assert told.loc["year"]["customers"].to_dict() == {"2023": 4, "2024": 3}
    assert told.loc[("year", "2024"), "expected"] == pytest.approx(0.4 * 200 / 3)


def test_what_it_cost_is_that_booked_where_there_is_no_advertising(told: pd.DataFrame) -> None:
    """b, of the segment old, cost 12; e, young, 18."""
    assert told.loc[("segment", "old"), "acquisition_cost"] == 12
    assert told.loc[("segment", "young"), "acquisition_cost"] == 18


def test_without_scores_nothing_is_expected(company: Measured) -> None:
    frame = lifetime(before(source_from_rows(COMPANY).tables, AS_OF), company, None)
    assert frame["expected"].isna().all()
    assert frame["clv"].isna().all()


COHORTS = pd.DataFrame(
    [(10, 10, 2, 200_000), (10, 12, 1, 100_000), (11, 11, 2, 400_000)],
    columns=["cohort", "month", "active", "revenue"],
).assign(margin=None)
"""Cohort 10 of two customers brings 20, two months later 10; cohort 11 of two brings 40."""


@pytest.mark.parametrize(
    ("cost", "end", "months"),
    [
        (15.0, 13, 1),  # (20 + 40) / 4
        (15.1, 13, 3),  # nothing in month 1; then cohort 10 alone is old enough: 15 + 10 / 2
        (20.0, 13, 3),
        (20.1, 13, nan),
        (15.1, 12, nan),  # no cohort is as old yet
        (0.0, 13, nan),
        (nan, 13, nan),
    ],
)
def test_payback(cost: float, end: int, months: float) -> None:
    assert payback(COHORTS, cost, end) == pytest.approx(months, nan_ok=True)
