"""`amity assess` as a person calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty customers who order in each month of two years and a half."""
    folder = tmp_path_factory.mktemp("plain")
    rows = [
        {"order_id": f"{at}-{month}", "customer_id": str(at), "ordered_at": day, "amount": 10.0 + at}
        for at in range(20)
        for month, day in enumerate(pd.date_range("2022-07-01", "2024-12-31", freq="MS"))
    ]
    pd.DataFrame(rows).to_parquet(folder / "orders.parquet")
    return folder


def test_the_page_is_written_and_what_is_missing_is_said(door: Any, orders: Path, tmp_path: Path) -> None:
    told = door.done("assess", orders, "--as-of", "2025-01-15", "--out", tmp_path / "report.html").out
    assert "12 figures as of 2025-01-01, 32 not measured." in told
    assert "Early warnings: 0." in told
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Customer relationships as of 1 January 2025" in page
    assert "Not measured" in page
    assert "EUR 4,680" in page  # twelve months of 20 customers with 10 to 29 each


def test_json_holds_the_same(door: Any, orders: Path) -> None:
    found = door.done("assess", orders, "--as-of", "2025-01-01", "--json").json
    revenue = next(one for one in found["period"] if one["indicator"] == "revenue")
    assert revenue["figure"] == 12 * sum(range(10, 30))
    assert found["weak_points"] is None


def test_scores_add_the_weak_points(door: Any, orders: Path, tmp_path: Path) -> None:
    row: dict[str, Any] = {
        "customer_id": "3",
        "clv": 100.0,
        "weak_point_1": "spend",
        "weak_point_1_points": 5.0,
    }
    row |= {f"weak_point_{place}{part}": None for place in (2, 3) for part in ("", "_points")}
    pd.DataFrame([row]).to_csv(tmp_path / "scores.csv", index=False)
    words = ("assess", orders, "--as-of", "2025-01-01", "--json", "--scores", tmp_path / "scores.csv")
    assert [one["money"] for one in door.done(*words).json["weak_points"]] == [5.0]


def test_what_can_not_be_done_is_refused(
    door: Any, orders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.refuses("Name the page to write with --out report.html", "assess", orders)
    door.refuses(
        "ends in '.pdf'; the assessment is a page", "assess", orders, "--out", tmp_path / "report.pdf"
    )
    door.refuses("There is no folder", "assess", orders, "--out", tmp_path / "nowhere" / "report.html")
    door.refuses("nothing in orders before 2022-07-01", "assess", orders, "--json", "--as-of", "2022-07-20")
    (tmp_path / "other.csv").write_text("customer_id,clv\n1,2\n")
    wrong = ("assess", orders, "--json", "--scores", tmp_path / "other.csv")
    door.refuses("has no column weak_point_1, weak_point_1_points", *wrong)
    monkeypatch.setenv("AMITY_WATCHED", "npss")
    door.refuses("watched", "assess", orders, "--json")
