"""Live features against `source_from_rows` and `build` on the same rows, clean and dirty."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.build import build
from features.errors import HistoryError, SourceError
from features.live import Live
from features.reader.events import InDoubt, clean_events
from features.reference import Reference, reference
from features.snapshots import before, population
from features.sources import Source, source_from_rows

Rows = dict[str, list[dict[str, Any]]]

AS_OF = datetime(2024, 9, 15)  # noqa: DTZ001
FEW = ["orders_90d", "amount_total", "complaints", "segment", "last_order_at"]

ORDER = {"order_id": "o1", "customer_id": "c1", "ordered_at": "2024-09-01", "amount": 12.5}
TICKET = {"ticket_id": "t1", "customer_id": "c1", "opened_at": "2024-09-02T10:00:00Z", "kind": "complaint"}
ANSWER = {
    "response_id": "r1",
    "customer_id": "c1",
    "responded_at": "2024-09-02",
    "metric": "nps",
    "score": 7,
}


def slowly(rows: Mapping[str, Sequence[Mapping[str, object]]]) -> Rows | str:
    """What the full check makes of the rows, or says of them."""
    try:
        source = source_from_rows(rows)
    except SourceError as error:
        return str(error)
    tables = {name: table.to_pyarrow().to_pylist() for name, table in source.tables.items()}
    source.backend.disconnect()
    return tables


def live(rows: Mapping[str, Sequence[Mapping[str, object]]], reader: Live) -> Rows | str:
    try:
        return {name: table.to_pylist() for name, table in reader.read(rows).items()}
    except SourceError as error:
        return str(error)


def comparable(tables: Rows | str) -> Any:
    """Rows in any order; NaN equals NaN; true is 1, as it is for a feature."""
    if isinstance(tables, str):
        return tables
    return {name: sorted(map(plain, rows)) for name, rows in tables.items()}


def plain(row: Mapping[str, Any]) -> str:
    return repr(sorted((name, shown(value)) for name, value in row.items()))


def shown(value: Any) -> str:
    return str(float(value)) if isinstance(value, int | float) else repr(value)


@pytest.fixture(scope="module")
def typical() -> Reference:
    source = source_from_rows({"orders": [ORDER]})
    told = reference(source.tables, AS_OF)
    source.backend.disconnect()
    return told


@pytest.fixture(scope="module")
def few(typical: Reference) -> Live:
    return Live(typical, only=FEW)


@pytest.fixture(scope="module")
def some(shop: Source) -> Rows:
    """The rows of twelve customers of the simulated retailer, as JSON holds them."""
    customers = [f"{row}" for row in shop.tables["customers"].customer_id.to_pyarrow().to_pylist()]
    wanted = sorted(customers)[::25]
    rows: Rows = {}
    for name, table in shop.tables.items():
        if "customer_id" in table.columns:
            rows[name] = table.filter(table.customer_id.isin(wanted)).to_pyarrow().to_pylist()
    orders = {row["order_id"] for row in rows["orders"]}
    lines = shop.tables["order_lines"].to_pyarrow().to_pylist()
    rows["order_lines"] = [row for row in lines if row["order_id"] in orders]
    return {name: [told(row) for row in given] for name, given in rows.items()}


def told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


@pytest.fixture(scope="module")
def expected(some: Rows, typical: Reference) -> pd.DataFrame:
    return slow_features(some, typical)


def slow_features(rows: Rows, told: Reference) -> pd.DataFrame:
    source = source_from_rows(rows)
    known = before(source.tables, AS_OF)
    features = build(known, population(known, [AS_OF], 365), told).order_by("customer_id").to_pandas()
    source.backend.disconnect()
    return features


@pytest.fixture(scope="module")
def whole(typical: Reference) -> Live:
    """All features."""
    return Live(typical)


def test_live_features_are_those_of_the_batch_bit_by_bit(
    some: Rows, expected: pd.DataFrame, whole: Live
) -> None:
    assert len(expected) > 5
    pd.testing.assert_frame_equal(whole.features(some, AS_OF), expected, check_exact=True)


def test_one_customer_alone_has_the_features_of_the_crowd(
    some: Rows, expected: pd.DataFrame, whole: Live
) -> None:
    for customer in expected["customer_id"][::3]:
        alone = {
            name: [row for row in rows if row.get("customer_id", customer) == customer]
            for name, rows in some.items()
        }
        orders = {row["order_id"] for row in alone["orders"]}
        alone["order_lines"] = [row for row in alone["order_lines"] if row["order_id"] in orders]
        found = whole.features(alone, AS_OF).astype(object).iloc[0]
        wanted = expected[expected["customer_id"] == customer].astype(object).iloc[0]
        same = (found == wanted) | (found.isna() & wanted.isna())
        assert same.all(), same[~same].index.tolist()


def test_facts_at_or_after_the_day_change_nothing(few: Live) -> None:
    rows: Rows = {"orders": [ORDER], "tickets": [TICKET]}
    told = few.features(rows, AS_OF)
    later = {**ORDER, "order_id": "o2", "ordered_at": AS_OF.isoformat()}
    more = {
        **rows,
        "orders": [ORDER, later],
        "tickets": [TICKET, {**TICKET, "ticket_id": "t2"} | {"opened_at": "2024-12-01"}],
    }
    pd.testing.assert_frame_equal(few.features(more, AS_OF), told)


def test_nothing_of_a_request_is_left_for_the_next(few: Live) -> None:
    rows: Rows = {"orders": [ORDER], "tickets": [TICKET]}
    assert few.features(rows, AS_OF)["complaints"].tolist() == [1]
    nobody: Rows = {"orders": [{**ORDER, "customer_id": "c2"}], "tickets": []}
    without = {**rows, "tickets": [{**TICKET, "customer_id": "c1", "kind": "question"}]}
    assert few.features(without, AS_OF)["complaints"].tolist() == [0]
    assert few.features(nobody, AS_OF)["customer_id"].tolist() == ["c2"]


def test_nothing_is_left_after_a_failure(typical: Reference, monkeypatch: pytest.MonkeyPatch) -> None:
    live = Live(typical, only=FEW)
    assert live.features({"orders": [ORDER]}, AS_OF)["orders_90d"].tolist() == [1]

    def fails(_session: object) -> list[pa.Table]:
        raise duckdb.ConversionException("too large")

    with monkeypatch.context() as patch:
        patch.setattr("features.prepared._Session.ask", fails)
        with pytest.raises(duckdb.ConversionException, match="too large"):
            live.features({"orders": [{**ORDER, "order_id": "o2"}]}, AS_OF)
    assert live.features({"orders": [ORDER]}, AS_OF)["orders_90d"].tolist() == [1]


def test_many_threads_each_get_their_own(few: Live) -> None:
    def ask(number: int) -> tuple[str, float]:
        orders = [{**ORDER, "order_id": f"o{n}", "customer_id": f"c{number}"} for n in range(number % 7 + 1)]
        row = few.features({"orders": orders, "tickets": []}, AS_OF).iloc[0]
        return row["customer_id"], row["orders_90d"]

    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(ask, range(60)))
    assert found == [(f"c{number}", number % 7 + 1) for number in range(60)]


def test_tables_and_columns_decide_which_features_there_are(few: Live) -> None:
    assert "complaints" not in few.features({"orders": [ORDER]}, AS_OF)
    rows: Rows = {"orders": [ORDER], "tickets": [], "customers": [{"customer_id": "c1", "segment": "gold"}]}
    found = few.features(rows, AS_OF)
    assert found["complaints"].tolist() == [0]
    assert found["segment"].tolist() == ["gold"]
    assert few.dimensions(few.read(rows))["segment"] == "profile"


@pytest.mark.parametrize("value", [3, 2.5, True, "north", "2024-01-01", None])
def test_attributes_are_read_as_the_full_check_reads_them(typical: Reference, value: object) -> None:
    live = Live(typical, only=["orders_90d", "attribute_area"])
    rows: Rows = {"orders": [ORDER], "customers": [{"customer_id": "c1", "area": value}]}
    found = live.features(rows, AS_OF)["attribute_area"]
    source = source_from_rows(rows)
    known = before(source.tables, AS_OF)
    features = build(known, population(known, [AS_OF], 365), typical, only=["attribute_area"])
    pd.testing.assert_series_equal(found, features.to_pandas()["attribute_area"], check_exact=True)
    source.backend.disconnect()


def test_nobody_active_is_an_empty_frame_of_the_same_features(few: Live) -> None:
    found = few.features({"orders": [{**ORDER, "ordered_at": "2020-01-01"}]}, AS_OF)
    assert len(found) == 0
    assert list(found)[:2] == ["customer_id", "as_of"]
    assert few.features({"orders": []}, AS_OF).empty


def test_without_orders_there_is_a_clear_word(few: Live) -> None:
    subscription = {"subscription_id": "s", "customer_id": "c", "started_at": "2024-01-01"}
    with pytest.raises(HistoryError, match="There is no table of orders"):
        few.features({"subscriptions": [subscription]}, AS_OF)
    with pytest.raises(SourceError, match="there is no table «orders»"):
        few.features({"tickets": []}, AS_OF)


def test_prepared_for_the_columns_of_a_model_no_plan_is_made_later(
    typical: Reference, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = Live(typical, only=FEW)
    columns = {"orders": tuple(ORDER), "customers": ("customer_id", "area", "size"), "tickets": tuple(TICKET)}
    live.prepare(columns, ["attribute_area"])
    monkeypatch.delattr("features.live._plan")
    customer = {"customer_id": "c1", "area": "north", "size": 3}
    rows: Rows = {"tickets": [TICKET], "orders": [ORDER], "customers": [customer]}
    assert live.features(rows, AS_OF)["complaints"].tolist() == [1]


CLEAN: list[tuple[str, dict[str, Any]]] = [
    ("orders", {"ordered_at": "2024-09-01T10:00:00.123456"}),
    ("orders", {"ordered_at": "2024-09-01 10:00:00+14:00"}),
    ("orders", {"ordered_at": "2024-02-29"}),
    ("orders", {"ordered_at": "2199-12-31T23:59:59Z"}),
    ("orders", {"amount": 3}),
    ("orders", {"order_id": " o1 "}),
    ("orders", {"channel": " "}),
    ("orders", {"channel": "web\n", "discount": None}),
    ("orders", {"weather": "fine", "Amount ": 1}),
    ("tickets", {"first_response_at": None, "text": "  spaces "}),
    ("tickets", {"resolved_at": "2024-09-02T12:00:00+02:00"}),
    ("tickets", {"ticket_id": 17, "opened_at": datetime(2024, 9, 1, 10, 30)}),  # noqa: DTZ001
    ("surveys", {"score": 0, "comment": ""}),
    ("customers", {"area": "north", "size": 3, "loyal": True, "birth_year": 1980}),
    ("customers", {"area": "10115"}),
    ("customers", {"area": "20240101"}),
    ("customers", {"married": "2024-01-01"}),
    ("order_lines", {"quantity": 2, "amount": -3.5}),
]

DOUBTFUL: list[tuple[str, dict[str, Any]]] = [
    ("orders", {"ordered_at": "2024-02-30"}),
    ("orders", {"ordered_at": "2024-09-01T10:00"}),
    ("orders", {"ordered_at": "20240901"}),
    ("orders", {"ordered_at": "1899-12-31"}),
    ("orders", {"ordered_at": "2200-01-01"}),
    ("orders", {"ordered_at": " 2024-09-01"}),
    ("orders", {"ordered_at": "2024-09-01T10:00:00+15:30"}),
    ("orders", {"ordered_at": datetime(2024, 9, 1, tzinfo=UTC)}),
    ("orders", {"ordered_at": 5}),
    ("orders", {"amount": "12.50"}),
    ("orders", {"amount": -1}),
    ("orders", {"amount": 1e13}),
    ("orders", {"amount": math.nan}),
    ("orders", {"amount": None}),
    ("orders", {"amount": True}),
    ("orders", {"amount": 2**80}),
    ("orders", {"quantity": math.inf}),
    ("orders", {"customer_id": ""}),
    ("orders", {"customer_id": "\u00a0c1"}),
    ("orders", {"customer_id": 1.0}),
    ("orders", {"customer_id": ["c1"]}),
    ("orders", {"Quantity ": 1}),
    ("orders", {"row number": 1}),
    ("orders", {"order_id": "o0"}),
    ("tickets", {"kind": "Complaint"}),
    ("tickets", {"kind": "praise"}),
    ("tickets", {"first_response_at": "2024-09-02"}),
    ("tickets", {"first_response_at": "2024-08-01"}),
    ("tickets", {"resolved_at": "9999-12-31"}),
    ("surveys", {"score": 11}),
    ("surveys", {"metric": "csat", "score": 0}),
    ("customers", {"birth_year": 1700}),
    ("customers", {"size": math.nan}),
    ("customers", {"size": 2**60}),
    ("customers", {"opted_out_at": "soon"}),
    ("customers", {"married": "2024-01"}),
    ("customers", {"married": "epoch"}),
    ("customers", {"married": "infinity"}),
    ("order_lines", {"order_id": "nowhere"}),
    ("weather", {"customer_id": "c1"}),
]


def with_change(table: str, change: Mapping[str, Any]) -> Rows:
    rows: Rows = {
        "orders": [{**ORDER, "order_id": "o0"}, dict(ORDER)],
        "tickets": [dict(TICKET)],
        "surveys": [dict(ANSWER)],
        "customers": [{"customer_id": "c1"}],
        "order_lines": [{"order_id": "o0", "product_id": "p"}],
    }
    rows[table] = [*rows.get(table, [])[:-1], {**rows.get(table, [{}])[-1], **change}]
    return rows


@pytest.mark.parametrize(("table", "change"), CLEAN)
def test_clean_rows_are_recognised(table: str, change: Mapping[str, Any]) -> None:
    rows = with_change(table, change)
    found = {name: given.to_pylist() for name, given in clean_events(rows).items()}
    assert comparable(found) == comparable(slowly(rows))


@pytest.mark.parametrize(("table", "change"), DOUBTFUL)
def test_doubtful_rows_go_to_the_full_check(table: str, change: Mapping[str, Any], few: Live) -> None:
    rows = with_change(table, change)
    with pytest.raises(InDoubt, match=r"^$"):
        clean_events(rows)
    assert comparable(live(rows, few)) == comparable(slowly(rows))


CHANGES = st.lists(st.sampled_from(CLEAN * 3 + DOUBTFUL), max_size=4)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(CHANGES, st.integers(1, 4), st.randoms(use_true_random=False))
def test_any_rows_read_as_the_full_check_reads_them(
    few: Live, changes: list[tuple[str, dict[str, Any]]], copies: int, chance: Any
) -> None:
    rows: Rows = with_change("customers", {})
    for number in range(copies):
        rows["orders"].append({**ORDER, "order_id": f"o{number + 2}", "amount": number})
    for table, change in changes:
        row = {**chance.choice(rows.get(table) or [{}]), **change}
        rows.setdefault(table, []).append(row | {"order_id": f"x{len(rows[table])}"} | change)
    for given_rows in rows.values():
        chance.shuffle(given_rows)
    assert comparable(live(rows, few)) == comparable(slowly(rows))
