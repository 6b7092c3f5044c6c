"""Which side of the relationship a column's name speaks of, and a file that says it better."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.errors import ConfigError
from features.own_table.dimensions import guessed, read_dimensions


@pytest.mark.parametrize(
    ("dimension", "columns"),
    [
        (
            "profile",
            "Tenure CityTier Gender MaritalStatus Contract EstimatedSalary Qux WarehouseToHome",
        ),
        ("service", "Complain num_tickets customer_service_calls TechSupport"),
        ("satisfaction", "SatisfactionScore NPS last_csat"),
        (
            "spend",
            "OrderCount CashbackAmount CouponUsed OrderAmountHikeFromlastYear MonthlyCharges",
        ),
        ("rhythm", "DaySinceLastOrder recency Months_Inactive_12_mon order_frequency"),
        ("engagement", "HourSpendOnApp NumberOfDeviceRegistered PreferredLoginDevice visits_30d"),
        ("product", "PreferedOrderCat returns NumOfProducts"),
    ],
)
def test_guesses(dimension: str, columns: str) -> None:
    assert {name: guessed(name) for name in columns.split()} == dict.fromkeys(columns.split(), dimension)


def test_a_file_says_it(tmp_path: Path) -> None:
    file = tmp_path / "dimensions.yaml"
    file.write_text("dimensions:\n  Complain: service\n  Qux: rhythm\n")
    assert read_dimensions(file, ["Complain", "Qux", "Other"]) == {"Complain": "service", "Qux": "rhythm"}


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "dimensions.yaml"
    file.write_text("dimensions:\n  Gone: service\n  Qux: fun\n")
    told = r"there is no column 'Gone'; Qux: 'fun' is no dimension\. The dimensions: rhythm, spend"
    with pytest.raises(ConfigError, match=told):
        read_dimensions(file, ["Qux"])
    file.write_text("Qux: rhythm\n")
    with pytest.raises(ConfigError, match="must hold a mapping `dimensions`"):
        read_dimensions(file, ["Qux"])
    with pytest.raises(ConfigError, match="can't be read as YAML"):
        read_dimensions(tmp_path / "none.yaml", ["Qux"])
