"""A customer who stands everywhere under the home: a search finds them nowhere, and all others are there."""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from sqlalchemy import insert, select

from configs.settings import Definitions
from features.errors import ConfigError, RequestError
from serving.forgetting import forget as module
from serving.forgetting.forget import forget
from serving.forgetting.sweep import sweep
from serving.forgetting.tombstones import Tombstones
from serving.locks.audit import Audit, Entry, Pulled
from serving.schema import METADATA
from serving.store import Store

WHO, OTHER = "C0000042", "C0000043"
DAY = datetime(2025, 6, 1)  # noqa: DTZ001


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMITY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def store(home: Path, make_scored: Any) -> Any:
    """Two scorings and an audit entry name the customer."""
    store = Store.open(f"sqlite:///{home}/store.db")
    for version in ("1", "2"):
        scored = make_scored(40, version=version)
        ids = scored.scores["customer_id"].replace({"C1": WHO, "C2": OTHER})
        scored.scores["customer_id"] = ids
        store.save(scored, source="shop", definitions=Definitions())
    named = {"method": "GET", "route": "/explain", "filters": {}, "status": 200, "role": "admin"}
    entry = {"at": DAY, "request_id": "r", "key_id": "k", "key_name": "n"} | named
    Audit(store.engine).add([Entry(**entry, pulled=Pulled(1, (WHO, OTHER)))])
    yield store
    store.close()


def scatter(home: Path) -> None:
    """The customer in files of every kind."""
    frame = pd.DataFrame(
        {"customer_id": [WHO, OTHER, WHO], "clv": [1.5, 2.5, 3.5], "segment": ["a", None, "b"]}
    )
    frame.to_csv(home / "scores.csv", index=False)
    frame.to_parquet(home / "features.parquet", index=False)
    with gzip.open(home / "export.csv.gz", "wt") as out:
        out.write(f"CustomerID;note\n {WHO} ;ä\n{OTHER};b\n")
    folder = home / "shop"
    folder.mkdir()
    orders = pd.DataFrame({"order_id": ["o1", "o2"], "customer_id": [WHO, OTHER], "amount": [1.0, 2.0]})
    orders.to_parquet(folder / "orders.parquet", index=False)
    pd.DataFrame({"order_id": ["o1", "o1", "o2"], "product_id": ["p", "q", "p"]}).to_parquet(
        folder / "order_lines.parquet", index=False
    )
    with duckdb.connect(str(home / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE orders AS SELECT * FROM orders")
    with closing(sqlite3.connect(home / "other.db")) as connection:
        connection.execute("CREATE TABLE judged (customer_id TEXT, churned INT)")
        connection.executemany("INSERT INTO judged VALUES (?, 1)", [(WHO,), (OTHER,)] * 500)
        connection.commit()
    (home / "serve.log").write_text(f'{{"message": "explain {WHO}"}}\n{{"message": "{OTHER}"}}\n')
    (home / "report.html").write_text(f"<td>{WHO}</td><td>{OTHER}</td>")


def search(home: Path, customer_id: str) -> list[str]:
    """Every file that holds the id: by its bytes, or by the values that are packed in it."""
    found = [file for file in home.rglob("*") if file.is_file()]
    return sorted(file.name for file in found if customer_id.encode() in _content(file))


def _content(file: Path) -> bytes:
    if file.suffix == ".parquet":
        return pd.read_parquet(file).to_csv().encode()
    if file.suffix == ".duckdb":
        with duckdb.connect(str(file), read_only=True) as connection:
            return file.read_bytes() + connection.sql("SELECT * FROM orders").df().to_csv().encode()
    return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()


def test_afterwards_a_search_finds_nothing_and_the_others_are_all_there(home: Path, store: Any) -> None:
    scatter(home)
    everywhere = search(home, WHO)
    assert {"scores.csv", "features.parquet", "export.csv.gz", "orders.parquet", "shop.duckdb"} < set(
        everywhere
    )
    assert {"other.db", "serve.log", "report.html"} < set(everywhere)
    assert any(name.startswith("store.db") for name in everywhere)
    found = forget(store.engine, f" {WHO} ")
    assert search(home, WHO) == []
    assert found.left == []
    assert found.store == {"scores": 2, "audit_customers": 1}
    counts = {Path(file).name: count for file, count in found.files.items()}
    assert counts == {
        "scores.csv": 2,
        "features.parquet": 2,
        "export.csv.gz": 1,
        "orders.parquet": 1,
        "order_lines.parquet": 2,
        "shop.duckdb": 1,
        "other.db": 500,
        "serve.log": 1,
        "report.html": 1,
    }
    assert set(everywhere) - {"store.db-wal"} - set(search(home, OTHER)) == set()
    (kept,) = pd.read_parquet(home / "features.parquet").itertuples(index=False)
    assert (kept.customer_id, kept.clv, pd.isna(kept.segment)) == (OTHER, 2.5, True)
    assert pd.read_parquet(home / "shop" / "order_lines.parquet")["order_id"].tolist() == ["o2"]
    assert gzip.decompress((home / "export.csv.gz").read_bytes()).decode() == f"CustomerID;note\n{OTHER};b\n"
    page = store.at_risk(top=100)
    assert (len(page.rows), page.matching) == (39, 39)
    assert page.value_at_risk == pytest.approx(sum(row["value_at_risk"] for row in page.rows))
    assert store.row(OTHER)["customer_id"] == OTHER


def test_while_a_service_reads_the_store(home: Path, store: Any) -> None:
    serving = Store.open(f"sqlite:///{home}/store.db")
    assert serving.row(WHO)["customer_id"] == WHO
    forget(store.engine, WHO)
    assert search(home, WHO) == []
    assert serving.rows_of([WHO], serving.current()) == []
    serving.close()


def test_every_table_of_the_store_that_names_a_customer_is_erased(store: Any) -> None:
    """Whatever a table holds besides: a row of it with the customer is gone."""
    tables = [table for table in METADATA.sorted_tables if "customer_id" in table.c]
    assert {"scores", "audit_customers"} <= {table.name for table in tables}
    forget(store.engine, WHO)
    with store.engine.connect() as connection:
        for table in tables:
            assert connection.execute(select(table).where(table.c.customer_id == WHO)).all() == []


def test_a_dry_run_tells_the_same_and_changes_nothing(home: Path, store: Any) -> None:
    scatter(home)
    before = {
        file: file.read_bytes() for file in home.rglob("*") if file.is_file() and "store" not in file.name
    }
    told = forget(store.engine, WHO, dry_run=True)
    assert {file: file.read_bytes() for file in before} == before
    assert not (home / "forgotten.key").exists()
    assert not Tombstones(store.engine).any()
    assert store.row(WHO)["customer_id"] == WHO
    done = forget(store.engine, WHO)
    assert (told.store, told.files) == (done.store, done.files)


def test_again_finds_nothing(store: Any) -> None:
    forget(store.engine, WHO)
    assert forget(store.engine, WHO).times == 0
    assert Tombstones(store.engine).among([OTHER, WHO]) == [WHO]


def test_what_cannot_be_rewritten_is_named(home: Path, store: Any) -> None:
    (home / "bundle").mkdir()
    (home / "bundle" / "manifest.json").write_text("{}")
    (home / "bundle" / "peers.json").write_text(f'["{WHO}"]')
    (home / "model.pkl").write_bytes(b"\x80\x04" + WHO.encode())
    (home / f"explain-{WHO}.txt").write_text("nobody")
    broken = home / "broken.parquet"
    broken.write_bytes(b"PAR1" + WHO.encode())
    found = forget(store.engine, WHO)
    assert [Path(file).name for file in found.left] == [
        "broken.parquet",
        "peers.json",
        f"explain-{WHO}.txt",
        "model.pkl",
    ]


def test_what_lies_elsewhere_is_told(home: Path, store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example")
    (home / "data").mkdir()
    with store.engine.begin() as connection:
        head = connection.execute(select(METADATA.tables["scorings"])).mappings().first()
        values = dict(head) | {"id": 99, "source": str(home / "data")}
        connection.execute(insert(METADATA.tables["scorings"]), values)
    told = forget(store.engine, "C1", dry_run=True).elsewhere
    assert [sentence.split(":")[0] for sentence in told[:2]] == ["The source shop", "MLflow at https"]
    assert told[-1].startswith("Free text: the id is too short")


@pytest.mark.parametrize("customer_id", ["", "  ", "x" * 201])
def test_what_is_no_id_is_refused(store: Any, customer_id: str) -> None:
    with pytest.raises(RequestError, match="has 1 to 200 characters; this one has"):
        forget(store.engine, customer_id)


def test_the_tombstone_stands_even_where_erasing_fails(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> Any:
        raise ConfigError("away")

    monkeypatch.setattr(module, "erase_from_store", away)
    with pytest.raises(ConfigError, match="away"):
        forget(store.engine, WHO)
    assert Tombstones(store.engine).among([WHO]) == [WHO]


def test_a_longer_id_is_another_customer(home: Path, store: Any) -> None:
    for longer in (f"{WHO}1", f"A{WHO}", f"{WHO}_2"):
        (home / "serve.log").write_text(longer)
        pd.DataFrame({"customer_id": [longer]}).to_csv(home / "scores.csv", index=False)
        found = forget(store.engine, WHO)
        assert (found.files, found.left) == ({}, [])
        assert longer in (home / "scores.csv").read_text()


def test_short_ids_are_erased_from_tables_and_left_in_free_text(home: Path) -> None:
    pd.DataFrame({"customer_id": ["12", "7"], "n": ["12", "12"]}).to_csv(home / "a.csv", index=False)
    (home / "b.json").write_text('{"rows": 12}')
    found = sweep(home, "12")
    assert (home / "a.csv").read_bytes() == b"customer_id,n\n7,12\n"
    assert (home / "b.json").read_text() == '{"rows": 12}'
    assert list(found.erased.values()) == [1]
    assert found.left == []


def test_a_customer_of_postgresql(home: Path, postgres: str, make_scored: Any) -> None:
    store = Store.open(postgres)
    scored = make_scored(10)
    scored.scores["customer_id"] = scored.scores["customer_id"].replace({"C1": WHO})
    store.save(scored, source="shop", definitions=Definitions())
    assert forget(store.engine, WHO).store["scores"] >= 1
    assert store.rows_of([WHO], store.current()) == []
    assert any("is the server's" in sentence for sentence in forget(store.engine, WHO).elsewhere)
    store.close()
    assert home.exists()
