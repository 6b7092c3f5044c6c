"""The assessment as frames."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from features.indicators.alarms import Alarm
from features.indicators.assess import Assessment, assess
from features.indicators.frames import frames
from features.indicators.measure import book
from features.sources import source_from_rows
from tests.features.indicators.conftest import AS_OF, COMPANY


@pytest.fixture(scope="module")
def told() -> Assessment:
    return assess(source_from_rows({"orders": COMPANY["orders"]}).tables, AS_OF)


def test_every_table_is_there_by_its_name(told: Assessment) -> None:
    found = frames(told)
    assert {"months", "period", "alarms", "weak_points_ranked", "moves", "concentration", "gains_all"} <= set(
        found
    )
    assert set(told.sheets) <= set(found)
    assert all(isinstance(frame, pd.DataFrame) for frame in found.values())
    assert found["alarms"].empty
    revenue = found["period"].query("indicator == 'revenue' and breakdown == 'all'")
    assert revenue.figure.to_list() == [660]


def test_an_alarm_is_a_row(told: Assessment) -> None:
    alarm = Alarm(book()["nps"], "touchpoint", "mail", AS_OF, 3.0, 9.0, 1e-6, money=80.0)
    (row,) = frames(replace(told, alarms=[alarm]))["alarms"].to_dict("records")
    assert (row["indicator"], row["value"], row["expected"], row["money"]) == ("nps", "mail", 9.0, 80.0)


def test_without_orders_there_is_nothing_of_buying(told: Assessment) -> None:
    assert "moves" not in frames(replace(told, buying=None))
