"""What the routes answer, against models.scoring.score on the same tables and plain SQL over the store."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from features.catalog import DIMENSIONS
from features.sources import source_from_rows
from models.scoring import score
from serving.examples import events
from serving.resources import Resources
from serving.rows import COLUMNS
from serving.store import Store

EXACT = 1e-9


def test_stored_scores_by_id_are_those_of_the_model(client: Any, shop: Any) -> None:
    expected = shop.scored.scores.set_index("customer_id")
    wanted = [*expected.index[5:8], "nobody", f" {expected.index[0]} ", expected.index[5]]
    reply = client.post("/score", {"customer_ids": wanted})
    assert reply.status_code == 200
    assert reply.json()["unknown_ids"] == ["nobody"]
    customers = reply.json()["customers"]
    assert [row["customer_id"] for row in customers] == [*expected.index[5:8], expected.index[0]]
    assert set(customers[0]) == set(COLUMNS)
    for row in customers:
        assert row["as_of"] == "2025-06-01T00:00:00Z"
        assert row["model_version"] == "7"
        told = expected.loc[row["customer_id"]]
        for name in ("churn_probability", "clv", "clv_low", "clv_high", "value_at_risk"):
            assert row[name] == pytest.approx(told[name], abs=EXACT)
        assert row["weak_point_1"] == (None if pd.isna(told["weak_point_1"]) else told["weak_point_1"])


def test_one_customer_gets_the_same_score_by_id_and_by_raw_events(client: Any, shop: Any) -> None:
    for customer_id in shop.scored.scores["customer_id"][::90]:
        stored = client.post("/score", {"customer_ids": [customer_id]}).json()["customers"][0]
        raw = client.post("/score-events", {"as_of": "2025-06-01", "tables": shop.of([customer_id])}).json()
        assert raw["inactive_ids"] == []
        assert stored.pop("last_contact_at") is None
        assert_same(raw["customers"][0], stored)


def test_raw_events_score_as_the_same_tables_do(client: Any, shop: Any) -> None:
    earlier = pd.Timestamp("2025-03-15").to_pydatetime()
    tables = shop.of([f"C{number:04d}" for number in range(100, 200)])
    source = source_from_rows(tables)
    expected = score(shop.bundle, source.tables, earlier, client.resources.playbook)
    source.backend.disconnect()
    reply = client.post("/score-events", {"as_of": "2025-03-15", "tables": tables}).json()
    assert [row["customer_id"] for row in reply["customers"]] == expected.scores["customer_id"].tolist()
    for name in ("churn_probability", "clv", "value_at_risk"):
        assert [row[name] for row in reply["customers"]] == pytest.approx(
            expected.scores[name].tolist(), abs=EXACT
        )
    inactive = {row["customer_id"] for row in tables["customers"]} - set(expected.scores["customer_id"])
    assert set(reply["inactive_ids"]) == inactive


def test_facts_at_or_after_as_of_change_nothing(client: Any, shop: Any) -> None:
    tables = shop.of([shop.scored.scores["customer_id"][10]])
    before = client.post("/score-events", {"as_of": "2025-06-01", "tables": tables}).json()
    customer_id = tables["customers"][0]["customer_id"]
    later = {
        "order_id": "later",
        "customer_id": customer_id,
        "ordered_at": "2025-06-01T00:00:00Z",
        "amount": 999,
    }
    after = {**tables, "orders": [*tables["orders"], later]}
    assert client.post("/score-events", {"as_of": "2025-06-01", "tables": after}).json() == before


@pytest.mark.parametrize("table", ["customers", "orders", "tickets", "returns"])
def test_every_table_of_the_model_must_be_given(client: Any, shop: Any, table: str) -> None:
    tables = shop.of(["C0010"])
    del tables[table]
    reply = client.post("/score-events", {"as_of": "2025-06-01", "tables": tables})
    assert reply.status_code == 422
    assert table in reply.json()["error"]


def test_the_list_is_the_stores_list(client: Any, shop: Any) -> None:
    reply = client.get("/at-risk", top=1000).json()
    assert [row["customer_id"] for row in reply["customers"]] == shop.scored.scores["customer_id"].tolist()
    assert (reply["matching"], reply["currency"], reply["next_cursor"]) == (
        len(shop.scored.scores),
        "EUR",
        None,
    )
    assert reply["value_at_risk"] == pytest.approx(shop.scored.scores["value_at_risk"].sum())


def test_filters_and_cursor_go_together(client: Any, shop: Any) -> None:
    frame = shop.scored.scores.assign(segment=shop.scored.features["segment"])
    named = (frame[["weak_point_1", "weak_point_2", "weak_point_3"]] == "rhythm").any(axis=1)
    wanted = frame[
        named & (frame["segment"] == "gold") & (frame["clv"] >= 5) & (frame["churn_probability"] >= 0.3)
    ]
    asked: dict[str, Any] = {"segment": "gold", "weak_point": "rhythm", "min_clv": 5, "country": ""}
    asked |= {"min_churn_probability": 0.3, "top": 4}
    found, cursor = [], ""
    while cursor is not None:
        page = client.get("/at-risk", **asked, cursor=cursor).json()
        found += [row["customer_id"] for row in page["customers"]]
        cursor = page["next_cursor"]
    assert found == wanted["customer_id"].tolist()
    assert len(found) > 8


def test_the_list_as_csv_holds_what_json_holds(client: Any) -> None:
    reply = client.get("/at-risk", top=100_000, format="csv")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.headers["content-disposition"] == 'attachment; filename="at-risk-2025-06-01.csv"'
    lines = list(csv.DictReader(io.StringIO(reply.text)))
    customers = client.get("/at-risk", top=1000).json()["customers"]
    assert tuple(lines[0]) == COLUMNS
    assert lines == [{name: "" if v is None else str(v) for name, v in row.items()} for row in customers]
    cursor = client.get("/at-risk", top=9).json()["next_cursor"]
    rest = client.get("/at-risk", top=3, format="csv", cursor=cursor).text
    assert [line["rank"] for line in csv.DictReader(io.StringIO(rest))] == ["10", "11", "12"]


def test_csv_without_top_is_the_whole_list_and_json_a_page(client: Any, shop: Any) -> None:
    everyone = len(shop.scored.scores)
    assert everyone > 60
    for asked in ({}, {"top": ""}):
        lines = list(csv.DictReader(io.StringIO(client.get("/at-risk", format="csv", **asked).text)))
        assert [line["customer_id"] for line in lines] == shop.scored.scores["customer_id"].tolist()
        assert len(client.get("/at-risk", **asked).json()["customers"]) == 50
    assert client.get("/at-risk", format="csv", top=50).text.count("\r\n") == 51
    rest = client.get("/at-risk", format="csv", cursor="1-60").text
    assert rest.count("\r\n") == 1 + everyone - 60


def test_an_explanation_adds_up(client: Any, shop: Any) -> None:
    for customer_id in shop.scored.scores["customer_id"][::40]:
        told = client.get(f"/explain/{customer_id}").json()
        assert set(told["points"]) == set(DIMENSIONS)
        risk = told["base_risk"] + sum(told["points"].values()) / 100
        assert risk == pytest.approx(told["scores"]["churn_probability"], abs=EXACT)
        for weak in told["weak_points"]:
            assert weak["points"] == told["points"][weak["dimension"]]
            assert weak["says"] in told["summary"]
        assert told["action"] in told["summary"]
        assert [past["as_of"] for past in told["history"]] == ["2025-06-01T00:00:00Z"]


def test_health_tells_the_model_and_the_age_of_the_scores(client: Any, shop: Any) -> None:
    told = client.get("/health").json()
    assert 0 <= told.pop("scores_age_hours") < 1
    assert told.pop("scored_at").endswith("Z")
    assert told == {
        "model_version": "7",
        "model_trouble": None,
        "store_reachable": True,
        "scores_model_version": "7",
        "as_of": "2025-06-01T00:00:00Z",
        "customers": len(shop.scored.scores),
    }


def test_health_and_lists_tell_the_scoring_made_last(empty_client: Any, make_scored: Any) -> None:
    store, definitions = empty_client.resources.store, empty_client.resources.bundle.manifest.definitions
    for as_of in (pd.Timestamp("2035-01-01"), pd.Timestamp("2025-06-01")):
        store.save(make_scored(as_of=as_of.to_pydatetime()), source="shop", definitions=definitions)
    told = (
        empty_client.get("/health"),
        empty_client.get("/at-risk"),
        empty_client.post("/score", {"customer_ids": ["C17"]}),
        empty_client.get("/explain/C17"),
    )
    days = [reply.json().get("as_of") or reply.json()["scores"]["as_of"] for reply in told]
    assert days == ["2025-06-01T00:00:00Z"] * 4
    assert len(told[-1].json()["history"]) == 2


def test_the_model_tells_what_events_it_needs(client: Any, shop: Any) -> None:
    manifest = shop.bundle.manifest
    told = client.get("/model").json()
    assert {name: told[name] for name in ("model_version", "as_of", "definitions", "tables")} == {
        "model_version": "7",
        "as_of": "2025-06-01T00:00:00Z",
        "definitions": manifest.definitions.model_dump(),
        "tables": {name: list(columns) for name, columns in manifest.tables.items()},
    }
    tables = shop.of(shop.scored.scores["customer_id"][:1])
    needed = {
        name: [{column: row.get(column) for column in told["tables"][name]} for row in tables[name]]
        for name in told["tables"]
    }
    assert client.post("/score-events", {"as_of": "2025-06-01", "tables": needed}).status_code == 200


def test_missing_tables_and_columns_are_told_at_once(client: Any) -> None:
    order = {"order_id": "1", "customer_id": "C1", "ordered_at": "2025-05-02", "amount": 30.5}
    wanted: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["tables.orders is missing", "needs customers, returns, tickets;"]),
        ({"orders": [], "tickets": []}, ["tables.orders is an empty list", "needs customers, returns;"]),
        ({"orders": [{"order_id": "1"}]}, ["orders.amount", "needs customers, returns, tickets;"]),
        ({"orders": [order], "customers": [{"customer_id": "C1"}]}, ["customers.segment", "tickets"]),
    ]
    for tables, parts in wanted:
        reply = client.post("/score-events", {"as_of": "2025-06-01", "tables": tables})
        assert reply.status_code == 422
        for part in parts:
            assert part in reply.json()["error"]


def test_before_the_first_scoring_events_are_scored_and_the_rest_says_what_to_do(
    empty_client: Any, shop: Any
) -> None:
    assert empty_client.get("/health").json()["customers"] == 0
    body = {"as_of": "2025-06-01", "tables": shop.of(shop.scored.scores["customer_id"][:1])}
    assert empty_client.post("/score-events", body).status_code == 200
    for reply in (
        empty_client.get("/at-risk"),
        empty_client.get("/at-risk", format="csv"),
        empty_client.get("/explain/C0010"),
        empty_client.post("/score", {"customer_ids": ["C0010"]}),
    ):
        assert reply.status_code == 404
        assert reply.json()["error"].startswith("Nothing has been scored yet; run `amity score")


def test_a_store_out_of_reach_is_a_503_in_one_sentence(client: Any, tmp_path: Any) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/store.db")
    store.close()
    for file in tmp_path.iterdir():
        file.write_bytes(b"no database" * 1000)
    asked = type(client)(Resources(client.resources.bundle, store, client.resources.playbook))
    assert asked.get("/health").json() | {"model_version": ""} == {
        **dict.fromkeys(["model_trouble", "scores_model_version", "as_of", "scored_at", "scores_age_hours"]),
        "model_version": "",
        "store_reachable": False,
        "customers": 0,
    }
    assert asked.get("/health").status_code == 503
    reply = asked.get("/at-risk")
    assert reply.status_code == 503
    assert reply.json()["error"].endswith(
        "can't be used: file is not a database. Check that it is there and may be written."
    )
    store.close()


def test_the_documentation_names_every_route_and_asks_no_other_host(client: Any) -> None:
    schema = client.get("/openapi.json").json()
    assert set(schema["paths"]) == {
        "/score",
        "/score-events",
        "/at-risk",
        "/explain/{customer_id}",
        "/scorings",
        "/definitions",
        "/what-if",
        "/what-if/{customer_id}",
        "/health",
        "/metrics",
        "/model",
        "/alarms",
        "/winback/plans",
        "/winback/plans/{plan_id}",
        "/winback/plans/{plan_id}/approve",
        "/winback/plans/{plan_id}/attempts",
        "/winback/plans/{plan_id}/dead-letters",
        "/winback/plans/{plan_id}/export",
        "/winback/plans/{plan_id}/for-service",
        "/winback/plans/{plan_id}/progress",
        "/winback/plans/{plan_id}/resend",
        "/winback/plans/{plan_id}/result",
        "/winback/plans/{plan_id}/rows",
    }
    for path, name in (("/score", "customer_ids"), ("/score-events", "tables")):
        body = schema["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert name in body["properties"]
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")
    assert client.get("/docs-assets/swagger-ui-bundle.js").status_code == 200
    assert client.get("/").headers["location"] == "/pages/at-risk"


def test_every_example_is_answered(client: Any) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/score", "/score-events"):
        example = paths[path]["post"]["requestBody"]["content"]["application/json"]["example"]
        reply = client.post(path, example)
        assert reply.status_code == 200, reply.text
        assert len(reply.json()["customers"]) == 1
    for path in ("/at-risk", "/explain/{customer_id}"):
        values = values_of(paths, path)
        for name, value in values.items():
            asked = {} if "{" in path else {name: value}
            assert client.get(path.format(**values), **asked).status_code == 200, name
    assert client.get("/at-risk", **{**values_of(paths), "cursor": ""}).json()["customers"]


def test_the_example_of_events_holds_all_that_the_model_needs(empty_client: Any, shop: Any) -> None:
    paths = empty_client.get("/openapi.json").json()["paths"]
    example = paths["/score-events"]["post"]["requestBody"]["content"]["application/json"]["example"]
    needed = shop.bundle.manifest.tables
    assert set(example["tables"]) == set(needed)
    assert [set(row) for row in example["tables"]["orders"]] == [set(needed["orders"])]
    assert empty_client.post("/score-events", example).status_code == 200


def test_a_column_beyond_the_contract_gets_a_row_in_the_example(shop: Any) -> None:
    tables = {**shop.bundle.manifest.tables, "customers": ("customer_id", "birth_year", "loyalty")}
    example = events(replace(shop.bundle.manifest, tables=tables))["tables"]
    assert example["customers"] == [{"customer_id": "C00000042", "birth_year": 1880, "loyalty": None}]
    assert example["tickets"] == []


def values_of(paths: dict[str, Any], path: str = "/at-risk") -> dict[str, Any]:
    """Of whom was contacted nothing is known there."""
    given = {parameter["name"]: parameter for parameter in paths[path]["get"]["parameters"]}
    assert "example" not in given.pop("not_contacted_since", {})
    return {name: parameter["example"] for name, parameter in given.items()}


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Equal to 1e-9, but for the rank, which is among those scored together."""
    assert set(one) == set(other)
    for name in set(one) - {"rank"}:
        if isinstance(one[name], float):
            assert one[name] == pytest.approx(other[name], abs=EXACT), name
        else:
            assert one[name] == other[name], name
