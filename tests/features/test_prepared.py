"""Statements prepared for some features: what they ask for, and what they answer."""

from __future__ import annotations

from datetime import datetime

import ibis
import pyarrow as pa
import pytest

from features.build import catalog
from features.prepared import SNAPSHOT, SNAPSHOTS, Prepared
from features.reader.events import empty_events
from features.reference import Reference

AS_OF = datetime.fromisoformat("2024-07-01")
GROUPS = (("orders_90d", "amount_total"), ("complaints", "days_since_complaint"))
SCHEMAS = {name: empty_events(name).schema for name in ("orders", "tickets", "engagement")}


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    tables = {name: ibis.table(ibis.Schema.from_pyarrow(schema), name) for name, schema in SCHEMAS.items()}
    book = catalog(tables)
    groups = [[book[name] for name in group] for group in GROUPS]
    return Prepared.of(SCHEMAS, groups, Reference(typical_gap_days=30.0, return_share=0.1))


def rows(name: str, *given: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(list(given), schema=SCHEMAS[name])


def test_only_the_tables_that_the_features_need_are_filled(prepared: Prepared) -> None:
    assert set(prepared.given) == {"orders", "tickets", SNAPSHOTS}


def test_each_group_has_an_answer_for_every_snapshot(prepared: Prepared) -> None:
    bought = {"customer_id": "a", "ordered_at": datetime.fromisoformat("2024-06-01"), "amount": 12.5}
    told = {"customer_id": "a", "opened_at": datetime.fromisoformat("2024-06-02"), "kind": "complaint"}
    tables = {
        "orders": rows(
            "orders", {"order_id": "1", **bought}, {"order_id": "2", **bought, "customer_id": "b"}
        ),
        "tickets": rows("tickets", {"ticket_id": "1", **told}),
        SNAPSHOTS: pa.Table.from_pylist([{"customer_id": c, "as_of": AS_OF} for c in "ab"], schema=SNAPSHOT),
    }
    of_orders, of_tickets = (answer.sort_by("customer_id").to_pydict() for answer in prepared.ask(tables))
    assert of_orders == {
        "customer_id": ["a", "b"],
        "as_of": [AS_OF] * 2,
        "orders_90d": [1.0, 1.0],
        "amount_total": [12.5, 12.5],
    }
    assert of_tickets["complaints"] == [1.0, 0.0]
    assert set(prepared.types) == {*of_orders, *of_tickets}


def test_another_session_compiles_nothing(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("features.prepared._sql")
    with prepared.session() as one, prepared.session() as another:
        assert one is not another
