"""A folder read by Spark and a table written by it, without a trace in the session or beside the target."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow.parquet as pq
import pytest
from ibis.common.exceptions import IbisError

from features.errors import RequestError, SourceError
from features.sources import Source, inspect, open_source
from features.spark import session as sessions
from features.spark.writing import require_folder, write

HEADER = "order_id,customer_id,ordered_at,amount\n"
ONE = "1,c1,2024-01-05,3\n"
Read = Callable[..., Source]


def folder(place: Path, **files: str) -> Path:
    """A folder of files; «__» in a name is a dot, «_in_» a slash."""
    for name, content in files.items():
        path = place / name.replace("_in_", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return place


def ids(source: Source) -> list[str]:
    orders = source.tables["orders"]
    return sorted(orders.order_id.to_pyarrow().to_pylist())


@pytest.fixture
def shop(tmp_path: Path, spark: Any, read: Read) -> Source:
    return read(
        folder(tmp_path / "a [b] *{c} %20", orders__csv=HEADER + ONE + '2,"five\nvalves ",2024/01/06,4\n'),
        spark=spark,
    )


def test_csv_is_read_as_it_comes(shop: Source) -> None:
    rows = shop.tables["orders"].order_by("order_id").to_pyarrow().to_pylist()
    assert [row["customer_id"] for row in rows] == ["c1", "five\nvalves"]
    assert [row["ordered_at"] for row in rows] == [
        datetime.fromisoformat(f"2024-01-0{day}") for day in (5, 6)
    ]


def test_parts_of_other_columns_are_one_table(tmp_path: Path, spark: Any, read: Read) -> None:
    place = folder(
        tmp_path,
        orders_in_1__csv="\ufeff" + HEADER + ONE,
        orders_in_2__csv="amount;channel;order_id;customer_id;ordered_at\n3;web;2;c1;2024-01-05\n",
        orders_in_3__csv="",
        orders_in__SUCCESS="",
        notes__txt="hello",
    )
    source = read(place, spark=spark)
    rows = source.tables["orders"].order_by("order_id").to_pyarrow().to_pylist()
    assert [(row["order_id"], row["channel"]) for row in rows] == [("1", None), ("2", "web")]
    assert any("notes.txt" in problem.says for problem in source.report.problems)


def test_an_address_that_is_no_folder_here_is_listed_by_spark(tmp_path: Path, spark: Any, read: Read) -> None:
    place = folder(
        tmp_path, orders_in_1__csv=HEADER + ONE, orders_in_2__csv=HEADER + "2" + ONE[1:], notes__txt="hello"
    )
    source = read(f"file://{place}", spark=spark)
    assert ids(source) == ["1", "2"]
    assert any("notes.txt" in problem.says for problem in source.report.problems)


REFUSED = [
    ({"orders__csv": ""}, "orders: the table is empty"),
    ({"orders__csv": HEADER + ONE + "2,c1,2024-01-05,3,4\n"}, "orders: it can't be read: .*MALFORMED"),
    ({"orders__parquet": "PAR1 junk PAR1"}, "orders: it can't be read: "),
    ({"orders__csv": HEADER + ONE, "orders__parquet": ""}, "it is there both as Parquet and as CSV"),
]


@pytest.mark.parametrize(("files", "message"), REFUSED)
def test_a_folder_that_cannot_be_used_is_refused(
    files: dict[str, str], message: str, tmp_path: Path, spark: Any
) -> None:
    place = folder(tmp_path, **files)
    with pytest.raises(SourceError, match=f"can't be used as it is: .*{message}"):
        open_source(place, spark=spark)
    assert any(re.search(message, problem.sentence) for problem in inspect(place, spark=spark).problems)


def test_what_is_no_folder_is_told(tmp_path: Path, spark: Any) -> None:
    with pytest.raises(
        SourceError, match=r"There is no folder at .*/nowhere that Spark can read: .*PATH_NOT_FOUND"
    ):
        open_source(tmp_path / "nowhere", spark=spark)
    with pytest.raises(SourceError, match=r"Spark reads folders .* postgresql://me:\*\*\*@shop isn't"):
        open_source("postgresql://me:secret@shop", spark=spark)


def test_the_session_given_keeps_its_settings_and_tables(shop: Source, spark: Any) -> None:
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    spark.conf.set("spark.sql.ansi.enabled", "false")
    try:
        again = open_source(shop.address, spark=spark)
        assert spark.conf.get("spark.sql.session.timeZone") == "America/New_York"
        assert spark.catalog.listTables() == []
        rows = again.tables["orders"].order_by("order_id").to_pyarrow()
        assert rows == shop.tables["orders"].order_by("order_id").to_pyarrow()
        again.backend.disconnect()
        assert spark.range(3).count() == 3
    finally:
        spark.conf.unset("spark.sql.session.timeZone")
        spark.conf.unset("spark.sql.ansi.enabled")


def test_what_spark_writes_is_a_folder_of_parts_replaced_as_a_whole(shop: Source, tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    for number in (1, 2):
        write(shop.backend, shop.tables["orders"].mutate(number=ibis.literal(number)), str(target))
    assert (target / "_SUCCESS").is_file()
    assert pq.read_table(target)["number"].to_pylist() == [2, 2]
    assert pq.read_schema(next(target.glob("*.parquet"))).field("ordered_at").type.tz is None
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".", "out"))] == ["out.parquet"]


def test_nothing_is_left_of_what_fails(shop: Source, tmp_path: Path) -> None:
    orders = shop.tables["orders"]
    with pytest.raises(IbisError, match=r"CAST_INVALID_INPUT|malformed"):
        write(shop.backend, orders.mutate(number=orders.customer_id.cast("int64")), str(tmp_path / "out"))
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("out.csv", "Spark writes a folder of Parquet files"),
        ("nowhere/out", "There is no folder .*nowhere to write out into"),
        ("mine", "is there and no folder that Spark has written"),
    ],
)
def test_what_spark_may_not_write_is_refused(target: str, message: str, tmp_path: Path) -> None:
    folder(tmp_path, mine_in_notes__txt="keep me")
    with pytest.raises(RequestError, match=message):
        require_folder(str(tmp_path / target))


def test_without_java_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("pyspark.sql.SparkSession.getActiveSession", lambda: None)
    with pytest.raises(SourceError, match="Spark needs Java 17"):
        sessions.start()
