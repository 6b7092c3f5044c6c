"""`amity assess` as a person calls it."""

from __future__ import annotations

import json
import re
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
    assert re.search(r"^\d+ figures as of 2025-01-01, \d+ not measured\.$", told, re.MULTILINE)
    assert "Early warnings: 0." in told
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Customer relationships as of 1 January 2025" in page
    assert "Not measured: nothing is known of these" in page
    assert "EUR\N{NO-BREAK SPACE}4,680" in page  # twelve months of 20 customers with 10 to 29 each


def test_json_holds_the_same(door: Any, orders: Path) -> None:
    found = door.done("assess", orders, "--as-of", "2025-01-01", "--json").json
    revenue = next(one for one in found["period"] if one["indicator"] == "revenue")
    assert revenue["figure"] == 12 * sum(range(10, 30))
    assert found["weak_points"] is None


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    row: dict[str, Any] = {
        "customer_id": "3",
        "as_of": "2025-01-01",
        "status": "active",
        "churn_probability": 0.5,
        "clv": 100.0,
        "value_at_risk": 50.0,
        "weak_point_1": "spend",
        "weak_point_1_points": 5.0,
        "weak_point_1_repaired": 0.4,
    }
    row |= {f"weak_point_{place}{part}": None for place in (2, 3) for part in ("", "_points", "_repaired")}
    pd.DataFrame([row]).to_csv(tmp_path / "scores.csv", index=False)
    return tmp_path / "scores.csv"


def test_scores_add_weak_points_and_a_plan(door: Any, orders: Path, scored: Path) -> None:
    told = door.done("assess", orders, "--as-of", "2025-01-01", "--json", "--scores", scored).json
    assert [(one["money"], one["customer_ids"]) for one in told["weak_points"]] == [(5.0, ["3"])]
    (action,) = told["plan"]
    assert action["saved"] == pytest.approx(10)


def test_scores_of_the_store_are_taken(door: Any, shop: Path, scores: pd.DataFrame) -> None:
    """As of the day that was scored; each weak point's money by hand."""
    told = door.done("assess", shop, "--json")
    assert "Mind" not in told.err
    money: dict[str, float] = {}
    for row in scores.to_dict("records"):
        for place in (1, 2, 3):
            if pd.notna(name := row[f"weak_point_{place}"]):
                money[name] = money.get(name, 0.0) + row[f"weak_point_{place}_points"] / 100 * row["clv"]
    whole = {one["weak_point"]: one["money"] for one in told.json["weak_points"] if one["breakdown"] == "all"}
    assert whole == pytest.approx(money)
    assert told.json["scored_as_of"] == "2025-01-01"


def test_what_is_kept_is_followed_by_the_next(door: Any, orders: Path, scored: Path) -> None:
    month = ("assess", orders, "--scores", scored, "--keep", "--as-of")
    told = door.done(*month, "2024-12-01", "--lang", "de").out
    assert "assessments/2024-12-01, for `amity serve` and the next plan." in told
    report = door.home / "assessments" / "2024-12-01" / "report.html"
    assert "Kundenbeziehungen zum 1. Dezember 2024" in report.read_text(encoding="utf-8")
    door.done(*month, "2025-01-01")
    kept = json.loads((door.home / "assessments" / "2025-01-01" / "assessment.json").read_text())
    assert kept["plan_before"] == "2024-12-01"
    assert [one["weak_point"] for one in kept["followed"]] == ["spend"]
    assert kept["weak_points"][0]["customer_ids"] is None


def test_the_rows_behind_a_figure(door: Any, orders: Path, tmp_path: Path) -> None:
    """20 customers with an order each month."""
    wanted = ("rows", orders, "order_count", "--as-of", "2025-01-01")
    told = door.done(*wanted, "--out", tmp_path / "rows.csv").out
    assert "240 rows are behind order_count" in told
    assert len(pd.read_csv(tmp_path / "rows.csv")) == 240
    found = door.done("rows", orders, "group:champions", "--as-of", "2025-01-01", "--json").json
    assert {row["table"] for row in found} <= {"orders"}
    door.refuses("Name the file to write with --out rows.csv", *wanted)
    door.refuses("no value; write it as ticket_channel=phone", *wanted, "--json", "--by", "segment")
    door.refuses("Is order_count meant", "rows", orders, "order_counts", "--json")


def test_what_can_not_be_done_is_refused(
    door: Any, orders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door.refuses("Name the page to write with --out report.html", "assess", orders)
    door.refuses(
        "ends in '.pdf'; write to a file ending in .html", "assess", orders, "--out", tmp_path / "report.pdf"
    )
    door.refuses("There is no folder", "assess", orders, "--out", tmp_path / "nowhere" / "report.html")
    door.refuses("nothing in orders before 2022-07-01", "assess", orders, "--json", "--as-of", "2022-07-20")
    (tmp_path / "other.csv").write_text("customer_id,clv\n1,2\n")
    wrong = ("assess", orders, "--json", "--scores", tmp_path / "other.csv")
    door.refuses("has no column as_of, status, churn_probability, value_at_risk, weak_point_1", *wrong)
    door.refuses("There is no language 'fr'", "assess", orders, "--json", "--lang", "fr")
    monkeypatch.setenv("AMITY_WATCHED", "npss")
    door.refuses("watched", "assess", orders, "--json")
