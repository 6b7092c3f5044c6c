"""A whole table read and understood."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import SourceError
from features.own_table.table import Roles, read_table, says, to_dict


@pytest.fixture
def file(tmp_path: Path) -> Path:
    dice = np.random.default_rng(1)
    rows = 400
    left = np.arange(rows) % 4 == 0
    frame = pd.DataFrame(
        {
            "CustomerID": np.arange(rows) + 5001,
            "Tenure": dice.integers(0, 60, rows),
            "SatisfactionScore": dice.integers(1, 6, rows),
            "CashbackAmount": dice.gamma(9, 20, rows).round(2),
            "City": dice.choice(["Rome", "Oslo"], rows),
            "Complain": np.where(dice.random(rows) < 0.3, "yes", "no"),
            "SignedUp": "2024-01-01",
            "ChurnReason": pd.Series("moved", index=range(rows)).where(left),
            "Churn": np.where(left, "Yes", "No"),
        }
    )
    frame.loc[3, "SignedUp"] = "2024-01-02"
    path = tmp_path / "shop.csv"
    frame.to_csv(path, index=False)
    return path


def test_the_columns_are_understood_and_what_is_left_out_is_told(file: Path) -> None:
    table = read_table(file, Roles("Churn"))
    assert [(column.name, column.kind, column.dimension) for column in table.columns] == [
        ("Tenure", "number", "profile"),
        ("SatisfactionScore", "number", "satisfaction"),
        ("CashbackAmount", "number", "spend"),
        ("City", "category", "profile"),
        ("Complain", "yes or no", "service"),
    ]
    assert table.id_column == "CustomerID"
    assert table.ids.tolist()[:2] == ["5001", "5002"]
    assert table.churned.sum() == 100
    assert says(table) == [
        "Churn: read 'Yes' as churned (100 customers) and 'No' as stayed (300 customers).",
        "The customers' ids are in CustomerID.",
        "SignedUp is left out: it is a date; give the days since then instead.",
        "ChurnReason is left out: it alone tells who churned, so it was filled in afterwards (a leak).",
        "No customer is in it twice: no two of its 400 rows are copies or near-copies.",
        "Dimensions are guessed by name; correct them with --dimensions FILE.",
    ]
    assert to_dict(table)["copies"] == {"exact": 0, "near": 0, "may_differ": 0}


def test_dimensions_that_are_given_are_not_guessed(file: Path, tmp_path: Path) -> None:
    (tmp_path / "dimensions.yaml").write_text("dimensions: {City: engagement}")
    table = read_table(file, Roles("Churn", dimensions=tmp_path / "dimensions.yaml"))
    (city,) = (column for column in table.columns if column.name == "City")
    assert (city.dimension, city.guessed) == ("engagement", False)


def test_parquet_gives_the_same_table(file: Path, tmp_path: Path) -> None:
    pd.read_csv(file).to_parquet(tmp_path / "shop.parquet")
    csv, parquet = read_table(file, Roles("Churn")), read_table(tmp_path / "shop.parquet", Roles("Churn"))
    pd.testing.assert_frame_equal(csv.values, parquet.values, check_dtype=False)
    assert csv.columns == parquet.columns
    assert csv.left_out == parquet.left_out
    assert csv.ids.tolist() == parquet.ids.tolist()


def test_without_ids_rows_are_numbered(file: Path, tmp_path: Path) -> None:
    pd.read_csv(file).drop(columns="CustomerID").to_csv(tmp_path / "bare.csv", index=False)
    table = read_table(tmp_path / "bare.csv", Roles("Churn"))
    assert (table.id_column, table.ids.tolist()[-1]) == (None, "400")


def test_ids_that_cannot_be_are_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no column .who. of ids\. There are: CustomerID, Tenure"):
        read_table(file, Roles("Churn", id="who"))
    with pytest.raises(SourceError, match="The column 'ChurnReason' of ids is empty in 300 rows"):
        read_table(file, Roles("Churn", id="ChurnReason"))
    frame = pd.read_csv(file)[["CustomerID", "ChurnReason", "Churn"]]
    frame.to_csv(tmp_path / "nothing.csv", index=False)
    with pytest.raises(SourceError, match="has no column to learn from: ChurnReason: it alone tells"):
        read_table(tmp_path / "nothing.csv", Roles("Churn"))


def test_a_table_of_profile_alone_is_told_to_have_no_weak_points(file: Path, tmp_path: Path) -> None:
    pd.read_csv(file)[["Tenure", "City", "Churn"]].to_csv(tmp_path / "who.csv", index=False)
    told = says(read_table(tmp_path / "who.csv", Roles("Churn")))
    assert "All columns are of profile, which nobody can repair, so no weak point will be named." in told
