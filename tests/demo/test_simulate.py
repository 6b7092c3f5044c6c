"""What `simulate` writes, when it refuses, and what a run that fails leaves behind."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from unittest.mock import Mock

import duckdb
import pytest

from demo.retailer.files import Files
from demo.simulate import simulate
from features.errors import ConfigError, SourceError
from features.tables import CONTRACT

Views = Callable[[Path], duckdb.DuckDBPyConnection]


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder.parent)): hashlib.sha256(path.read_bytes()).hexdigest()
        for place in (folder, folder.with_name(f"{folder.name}-truth"))
        for path in sorted(place.iterdir())
    }


def test_tables_and_truth_lie_apart(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {f"{name}.parquet" for name in CONTRACT}
    truth = folder.with_name("retailer-truth")
    names = {"customers.parquet", "contacts.parquet", "campaigns.parquet", "simulation.json"}
    assert {path.name for path in truth.iterdir()} == names
    assert {path.name for path in folder.parent.iterdir()} == {"retailer", "retailer-truth"}


def test_equal_arguments_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        simulate(tmp_path / name / "retailer", customers=150, months=6, seed=3)
    simulate(tmp_path / "other" / "retailer", customers=150, months=6, seed=4)
    one, two, other = (_hashes(tmp_path / name / "retailer") for name in ("one", "two", "other"))
    assert one == two
    assert not set(one.values()) & set(other.values())


def test_later_customers_change_nothing_about_earlier_ones(tmp_path: Path, views: Views) -> None:
    simulate(tmp_path / "few", customers=10_000, months=3)
    simulate(tmp_path / "many", customers=10_100, months=3)
    few, many = views(tmp_path / "few"), views(tmp_path / "many")
    for name in (
        "customers",
        "orders",
        "order_lines",
        "tickets",
        "surveys",
        "engagement",
        "contacts",
        "true_contacts",
    ):
        rows = few.sql(f"from {name}").fetchall()
        assert len(rows) > 100
        assert many.sql(f"from {name} limit {len(rows)}").fetchall() == rows
        assert len(many.sql(f"from {name}").fetchall()) > len(rows)


@pytest.mark.parametrize(("customers", "months"), [(1, 1), (1, 30), (40, 2)])
def test_the_smallest_retailers_have_every_table(
    tmp_path: Path, views: Views, customers: int, months: int
) -> None:
    simulate(tmp_path / "retailer", customers=customers, months=months)
    tables = views(tmp_path / "retailer")
    assert tables.sql("select count(*) from customers").fetchone() == (customers,)
    for name, table in CONTRACT.items():
        types = dict(zip(tables.sql(f"from {name}").columns, tables.sql(f"from {name}").types, strict=True))
        for column in table.columns:
            expected = {"id": ["VARCHAR"], "text": ["VARCHAR"], "time": ["TIMESTAMP"]}
            assert str(types[column.name]) in expected.get(column.kind, ["DOUBLE", "BIGINT"])


@pytest.mark.parametrize(
    ("months", "start", "first", "last"),
    [
        (3, None, date(2023, 1, 1), date(2023, 4, 1)),
        (60, None, date(2021, 1, 1), date(2026, 1, 1)),
        (2, date(2020, 11, 1), date(2020, 11, 1), date(2021, 1, 1)),
    ],
)
def test_the_period(
    tmp_path: Path, views: Views, months: int, start: date | None, first: date, last: date
) -> None:
    simulate(tmp_path / "retailer", customers=300, months=months, start=start)
    row = views(tmp_path / "retailer").sql("select min(ordered_at), max(ordered_at) from orders").fetchone()
    assert row is not None
    assert first <= row[0].date()
    assert (row[0].date() - first).days < 5
    assert row[1].date() < last
    assert (last - row[1].date()).days < 5


@pytest.mark.parametrize("taken", ["retailer", "retailer-truth"])
def test_nothing_is_written_over(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).mkdir()
    (tmp_path / taken / "mine.txt").write_text("mine")
    with pytest.raises(SourceError, match=rf"{taken} is not an empty folder.* Name another folder"):
        simulate(tmp_path / "retailer", customers=10, months=2)
    assert [path.name for path in tmp_path.rglob("*")] == [taken, "mine.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "retailer").mkdir()
    simulate(tmp_path / "retailer", customers=10, months=2)
    assert (tmp_path / "retailer" / "orders.parquet").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"customers": 0}, "customers is 0"),
        ({"months": 0}, "months is 0; a simulation covers 1 to 240"),
        ({"months": 241}, "months is 241"),
        ({"seed": -1}, "seed is -1; give 0 or any whole number above"),
    ],
)
def test_sizes_out_of_range_are_refused(tmp_path: Path, arguments: dict[str, int], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        simulate(tmp_path / "retailer", **arguments)  # type: ignore[arg-type]


def test_a_start_within_a_month_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="start is 2023-01-15; give the first day of a month"):
        simulate(tmp_path / "retailer", start=date(2023, 1, 15))


def test_a_failed_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Files, "append", Mock(side_effect=OSError("No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        simulate(tmp_path / "retailer", customers=10, months=2)
    assert not list(tmp_path.iterdir())


def test_a_killed_run_leaves_no_tables(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from demo.simulate import simulate; "
    code += "simulate(Path(sys.argv[1]), customers=1_000_000)"
    run = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "retailer")])
    try:
        while not list(tmp_path.rglob("orders.parquet")):
            assert run.poll() is None
            time.sleep(0.02)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert not (tmp_path / "retailer").exists()
    assert not (tmp_path / "retailer-truth").exists()
    simulate(tmp_path / "retailer", customers=10, months=2)
