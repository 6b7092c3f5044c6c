"""The assessment of the company of seven customers, with and without scores."""

from __future__ import annotations

import pandas as pd
import pytest

from features.indicators.assess import Assessment, assess
from features.sources import source_from_rows
from serving.report.losses import losses
from tests.features.indicators.conftest import AS_OF, COMPANY

SCORES = pd.DataFrame(
    {
        "customer_id": ["a", "b", "f"],
        "clv": [1000.0, 200.0, 400.0],
        "weak_point_1": ["service", "rhythm", "service"],
        "weak_point_1_points": [20.0, 50.0, 10.0],
        "weak_point_2": ["rhythm", None, None],
        "weak_point_2_points": [5.0, None, None],
        "weak_point_3": [None, None, None],
        "weak_point_3_points": [None, None, None],
    }
)


@pytest.fixture(scope="session")
def told() -> Assessment:
    return assess(source_from_rows(COMPANY).tables, AS_OF)


@pytest.fixture(scope="session")
def lost() -> pd.DataFrame:
    return losses(SCORES, source_from_rows({name: COMPANY[name] for name in ("orders", "customers")}).tables)
