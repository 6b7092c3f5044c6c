"""An older store is brought up to date with all that it holds; a newer one is refused."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, text

from configs.settings import Definitions
from features.catalog import DIMENSIONS
from features.errors import ConfigError
from serving.filters import Filter
from serving.store import Store
from serving.versions import VERSION

HEAD = """
CREATE TABLE scorings (id INTEGER PRIMARY KEY, as_of TIMESTAMP NOT NULL, model_version VARCHAR NOT NULL,
 source VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL, base_risk DOUBLE PRECISION NOT NULL,
 customers INTEGER NOT NULL, definitions JSON NOT NULL)
"""
ROWS = f"""
CREATE TABLE scores (scoring_id INTEGER NOT NULL REFERENCES scorings (id), customer_id VARCHAR NOT NULL,
 rank INTEGER NOT NULL, segment VARCHAR, country VARCHAR, status VARCHAR NOT NULL,
 churn_probability DOUBLE PRECISION NOT NULL, clv DOUBLE PRECISION NOT NULL, clv_low DOUBLE PRECISION,
 clv_high DOUBLE PRECISION, value_at_risk DOUBLE PRECISION NOT NULL, expected_next_order_at TIMESTAMP,
 {
    ", ".join(
        f"weak_point_{n} VARCHAR, weak_point_{n}_points DOUBLE PRECISION, weak_point_{n}_says TEXT"
        for n in (1, 2, 3)
    )
}, action TEXT,
 {", ".join(f"{name}_points DOUBLE PRECISION NOT NULL" for name in DIMENSIONS)},
 PRIMARY KEY (scoring_id, customer_id))
"""
OLD = (
    HEAD,
    "CREATE INDEX scorings_by_day ON scorings (as_of, id)",
    ROWS,
    "CREATE UNIQUE INDEX scores_by_rank ON scores (scoring_id, rank)",
    "CREATE INDEX scores_by_customer ON scores (customer_id)",
    "INSERT INTO scorings (as_of, model_version, source, created_at, base_risk, customers, definitions) "
    "VALUES ('2025-06-01 00:00:00.000000', '7', 'shop', '2025-06-02 08:00:00.000000', 0.25, 2, '{}')",
    *(
        "INSERT INTO scores (scoring_id, customer_id, rank, status, churn_probability, clv, value_at_risk, "
        "weak_point_1, weak_point_1_points, weak_point_1_says, "
        f"{', '.join(f'{name}_points' for name in DIMENSIONS)}) VALUES (1, '{customer}', {rank}, 'new', 0.5, "
        f"{clv}, {clv / 2}, 'service', 3, 'So.', 1, 2, 3, 4, 5, 6, 7)"
        for customer, rank, clv in (("B", 1, 100.0), ("A", 2, 60.0))
    ),
)
"""The layout of version 1, before versions were written down, and a scoring of two customers."""


def run(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_an_older_store_keeps_its_lists(url: str, make_scored: Any) -> None:
    numbered = "SERIAL" if url.startswith("postgresql") else "INTEGER"
    run(url, *(statement.replace("id INTEGER PRIMARY", f"id {numbered} PRIMARY") for statement in OLD))
    for _ in range(2):
        store = Store.open(url)
        scoring = store.current()
        page = store.at_risk()
        assert (scoring.customers, scoring.value_at_risk, scoring.knows_contacts, scoring.ever) == (
            2,
            80.0,
            False,
            None,
        )
        assert [(row["customer_id"], row["value_at_risk"]) for row in page.rows] == [("B", 50.0), ("A", 30.0)]
        assert page.rows[0]["weak_point_1_says"] == "So."
        assert page.rows[0]["profile_points"] == 7.0
        assert page.rows[0]["weak_point_1_confidence"] is None
        assert store.row("A")["rank"] == 2
        store.close()
    store = Store.open(url)
    store.save(make_scored(), source="shop", definitions=scoring.definitions)
    assert store.current().customers == 400
    store.close()


@pytest.mark.parametrize("version", [2, 3])
def test_a_store_without_rankings_gets_them(url: str, make_scored: Any, version: int) -> None:
    store = Store.open(url)
    store.save(make_scored(), source="shop", definitions=Definitions())
    only = Filter(segment="gold", weak_point="service", min_clv=20)
    before = [store.at_risk(top=400), store.at_risk(only)]
    store.close()
    other = ["ALTER TABLE scores DROP COLUMN facts"] if version == 2 else []
    if url.startswith("postgresql"):
        other.append("ALTER TABLE scores RENAME CONSTRAINT scores_of_customer TO scores_by_customer")
    filters = "CREATE INDEX scores_by_filter ON scores (scoring_id, rank, clv)"
    run(url, "DROP TABLE rankings", filters, *other, f"UPDATE store_version SET version = {version}")
    store = Store.open(url)
    assert [store.at_risk(top=400), store.at_risk(only)] == before
    keys = inspect(store.engine).get_unique_constraints("scores")
    assert [key["column_names"] for key in keys] == [["scoring_id", "customer_id"]]
    named = {index["name"] for index in inspect(store.engine).get_indexes("scores")}
    assert named <= {"scores_of_customer"}
    store.close()


def test_a_newer_store_is_refused_in_one_sentence(url: str) -> None:
    Store.open(url).close()
    run(url, f"UPDATE store_version SET version = {VERSION + 1}")
    with pytest.raises(ConfigError, match=f"layout is {VERSION + 1}, and this one knows {VERSION}. Use"):
        Store.open(url)


def test_opening_a_store_that_is_up_to_date_waits_for_nobody(url: str) -> None:
    Store.open(url).close()
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM examples"))
        Store.open(url).close()
    engine.dispose()
