"""How grave a problem is: what refuses a source always, what may be left out, and what is only told."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest

from features.errors import SourceError
from features.sources import Source, inspect, source_from_rows
from tests.features.raw_rows import answer, at, find, order, person, plan, ticket

Put = Callable[..., str]
Read = Callable[..., Source]


ERRORS = [
    ({"amount": "12,50 €"}, "orders.amount: text where money is due in all 3 rows", "such as 12.50"),
    ({"amount": True}, "orders.amount: true and false where money is due", "such as 12.50"),
    ({"amount": None}, "orders.amount: no value in all 3 rows", "Fill it in"),
    (
        {"ordered_at": 20110909},
        "orders.ordered_at: whole numbers where a date is due",
        '"20110909" in row order_id=1',
    ),
    (
        {"ordered_at": "20110909"},
        "orders.ordered_at: text where a date is due",
        '"20110909" in row order_id=1',
    ),
    ({"ordered_at": 40812.5}, "orders.ordered_at: numbers where a date is due", "Write dates as 2024-03-31"),
    ({"ordered_at": "40812"}, "orders.ordered_at: text where a date is due", "Write dates as 2024-03-31"),
    ({"order_id": [1]}, "orders.order_id: values of type array<int64> where an id is due", "one text"),
    ({"customer_id": 1.5}, "orders.customer_id: numbers where an id is due", "one text or whole number"),
    ({"amount": -3.0}, "orders: no row of it can be used", "Mend the rows"),
]


@pytest.mark.parametrize(("wrong", "says", "remedy"), ERRORS, ids=[str(error[0]) for error in ERRORS])
def test_a_column_of_the_wrong_type_refuses_always(
    wrong: dict[str, object], says: str, remedy: str, put: Put, read: Read
) -> None:
    address = put("parquet", {"orders": [order(str(number)) | wrong for number in range(1, 4)]})
    with pytest.raises(SourceError, match=re.escape(says)) as caught:
        read(address, skip_bad_rows=True)
    assert remedy in str(caught.value)


def test_an_opt_out_that_cannot_be_read_refuses_always(put: Put, read: Read) -> None:
    rows = [{"customer_id": str(number), "opted_out_at": "2024-01-01"} for number in range(5)]
    rows[3]["opted_out_at"] = "yes"
    with pytest.raises(
        SourceError, match=r'customers.opted_out_at: text where a date is due in 1 of 5 rows .*"yes"'
    ):
        read(put("parquet", {"customers": rows, "orders": [order("1")]}), skip_bad_rows=True)


def test_an_earlier_opt_out_survives_a_doubled_customer(put: Put, read: Read) -> None:
    rows = [{"customer_id": "c1", "country": "AT", "opted_out_at": None}]
    rows += [{"customer_id": "c1", "country": "DE", "opted_out_at": at("2024-01-01 00:00")}]  # type: ignore[dict-item]
    source = read(put("parquet", {"customers": rows, "orders": [order("1")]}), skip_bad_rows=True)
    assert source.tables["customers"].to_pyarrow().to_pylist()[0]["opted_out_at"] == at("2024-01-01 00:00")


def test_missing_and_ambiguous_columns_refuse_always(put: Put, read: Read) -> None:
    rows = [{"Order ID": 1, "customer_id": 1, "Ordered-At": at("2024-01-01 00:00"), "orderedAt": None}]
    with pytest.raises(SourceError, match="2 problems") as caught:
        read(put("parquet", {"orders": rows}), skip_bad_rows=True)
    assert str(caught.value).splitlines()[1:] == [
        "  orders.ordered_at: more than one column of this name: «Ordered-At», «orderedAt». "
        "Keep one, and call it ordered_at.",
        "  orders.amount: this column is missing. "
        "Add it; the table has Order ID, customer_id, Ordered-At, orderedAt.",
    ]


def test_ids_are_text_whatever_their_type(put: Put, read: Read) -> None:
    tables = {
        "orders": [{"order_id": 1, "customer_id": 7.0, "ordered_at": date(2024, 1, 1), "amount": 1}],
        "tickets": [ticket(1) | {"customer_id": " 7"}],
    }
    source = read(put("parquet", tables))
    assert source.tables["orders"].customer_id.to_pyarrow().to_pylist() == ["7"]
    assert source.tables["tickets"].customer_id.to_pyarrow().to_pylist() == ["7"]
    note = find(source.report, "note", "", "customer_id is a number in orders and text in tickets")
    assert note.remedy == "Both are read as text."


def test_nan_in_an_optional_column_reads_as_missing(put: Put, read: Read) -> None:
    source = read(put("parquet", {"orders": [order("1", discount=float("nan")), order("2", discount=2.0)]}))
    assert source.tables["orders"].order_by("order_id").discount.to_pyarrow().to_pylist() == [None, 2.0]
    assert find(source.report, "note", "orders.discount", "NaN").rows == 1


def test_lines_without_orders_are_not_used(put: Put, read: Read) -> None:
    lines = [{"order_id": "1", "product_id": "2"}]
    source = read(put("parquet", {"subscriptions": [plan("s1", None)], "order_lines": lines}))
    assert set(source.tables) == {"subscriptions"}
    assert find(source.report, "note", "order_lines", "lines without orders").removes == "the table"


def test_a_clean_source_stays_a_cheap_expression(put: Put, read: Read) -> None:
    source = read(put("parquet", {"orders": [order("1"), order("2", 3.0)]}))
    sql = source.backend.compile(source.tables["orders"]).upper()
    assert not re.search(r"WHERE|OVER|TRIM|CASE|DISTINCT", sql)
    assert not source.report.refuses


def test_a_row_in_memory_is_named_by_its_number() -> None:
    rows = [order("1"), order("2"), order("3", amount=-4)]
    with pytest.raises(
        SourceError, match=r'in memory .* orders.amount: a negative number in 1 of 3 rows .*"-4.0" in row 3'
    ) as e:
        source_from_rows({"orders": rows})
    assert "--skip-bad-rows" not in str(e.value)


@pytest.mark.parametrize("form", ["parquet", "postgres"])
def test_ids_written_otherwise_than_in_orders_refuse_always(form: str, put: Put, read: Read) -> None:
    tables = {
        "customers": [{"customer_id": "2495"}],
        "orders": [order("1", customer_id=7), order("2", customer_id=2495)],
        "tickets": [person("00002495", 1), person("00002495", 2), person("00002496", 3)],
        "surveys": [answer(1, "nps", 9)],
    }
    address = put(form, tables)
    with pytest.raises(SourceError, match="2 problems") as caught:
        read(address, skip_bad_rows=True)
    assert set(str(caught.value).splitlines()[1:]) == {
        "  tickets.customer_id: none of its 2 customers is in orders, for example «00002495»; orders has for "
        "example «2495». Write the ids the same way in all tables.",
        "  surveys.customer_id: its only customer isn't in orders, for example «c1»; orders has for "
        "example «2495». Write the ids the same way in all tables.",
    }
    assert not inspect(address).dimensions["service"].unlocked


@pytest.mark.parametrize(("strangers", "told"), [(1, False), (2, True)])
def test_customers_who_have_not_ordered_are_a_note_where_they_are_the_most(
    strangers: int, told: bool, put: Put, read: Read
) -> None:
    people = [{"customer_id": key} for key in ["c1", "x1", "x2"][: strangers + 1]]
    report = read(put("parquet", {"customers": people, "orders": [order("1")]})).report
    assert any("in orders" in problem.says for problem in report.problems) == told
    if told:
        found = find(report, "note", "customers.customer_id", "^1 of its 3 customers is in orders$")
        assert found.example == "customer_id=x1 isn't"


def test_strangers_in_memory_are_refused_only_beside_orders() -> None:
    with pytest.raises(SourceError, match=r"tickets\.customer_id: its only customer isn't in orders"):
        source_from_rows({"orders": [order("1")], "tickets": [person("x", 1)]})
    source_from_rows({"orders": [], "tickets": [person("x", 1)]})
    source_from_rows({"orders": [order("1")], "tickets": []})


def test_a_date_that_cannot_be_is_told_once(put: Put) -> None:
    rows = [order("1"), order("2", ordered_at=at("9999-12-31 00:00"))]
    report = inspect(put("parquet", {"orders": rows}))
    assert find(report, "bad rows", "orders.ordered_at", "a date after 2199").rows == 1
    assert not [problem for problem in report.problems if "future" in problem.says]


@pytest.mark.parametrize(("bad", "level"), [(6, "error"), (5, "bad rows")])
def test_most_rows_of_a_table_are_too_much_to_leave_out(bad: int, level: str, put: Put, read: Read) -> None:
    address = put("parquet", {"orders": [order(str(n), -1.0 if n < bad else 1.0) for n in range(10)]})
    problem = find(inspect(address), level, "orders.amount", "a negative number")
    assert ("more than half of the table" in problem.remedy) == (level == "error")
    if level == "error":
        with pytest.raises(SourceError, match=r"in 6 of 10 rows .* too much to leave out") as caught:
            read(address, skip_bad_rows=True)
        assert "--skip-bad-rows" not in str(caught.value)
    else:
        assert read(address, skip_bad_rows=True).report.tables["orders"].rows == 5


def test_lines_given_as_orders_are_too_much_to_leave_out(put: Put) -> None:
    rows = [order(str(n % 3), float(n)) for n in range(10)]
    problem = find(inspect(put("parquet", {"orders": rows})), "error", "orders.order_id", "share their key")
    assert problem.rows == 7
