"""Every kind of problem: found, counted, shown by an example, with its remedy; and what stays without it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import StringIO
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from features.check.report import Report
from features.errors import SourceError
from features.sources import Source, inspect
from tests.features.raw_rows import answer, at, find, order, plan, ticket

Put = Callable[..., str]
Read = Callable[..., Source]
Deliver = Callable[..., dict[str, Any]]
Rows = dict[str, list[dict[str, Any]]]


DIRTY: dict[str, Any] = {
    "customers": [
        {
            "customer_id": "c1",
            "birth_year": 1990,
            "age": 30,
            "vip": True,
            "since": date(2020, 1, 1),
            "zip": "01",
        },
        {"customer_id": " c2 ", "birth_year": 1790, "age": None, "vip": False, "since": None, "zip": " "},
        {"customer_id": "c3", "birth_year": None, "age": 41, "vip": None, "since": None, "zip": "99"},
    ],
    "orders": [
        *(order(f"o{number}") for number in range(1, 8)),
        order("copied"),
        order("copied"),
        order("told twice", 7.0, ordered_at=at("2024-01-06 10:00")),
        order("told twice", 9.0, ordered_at=at("2024-01-05 10:00")),
        order("negative", -1.0),
        order("not a number", float("nan")),
        order("infinite", float("inf")),
        order(None),
        order("nobody's", customer_id=" "),
        order("undated", ordered_at=None),
        order("ancient", ordered_at=at("0024-01-05 10:00")),
        order("ahead", ordered_at=at("2190-01-05 10:00")),
        order("stranger", customer_id="c9"),
    ],
    "order_lines": [
        {"order_id": "o1", "product_id": 7, "weight": 1.5},
        {"order_id": "o1", "product_id": 7, "weight": 1.5},
        {"order_id": "gone", "product_id": 7, "weight": 1.5},
    ],
    "tickets": [
        ticket(1, at("2024-02-01 13:00")),
        ticket(2, at("2024-02-01 11:00")),
        ticket(3, at("2024-02-01 00:00")),
        ticket(4, kind=" Question"),
        ticket(5, kind="rant"),
    ],
    "surveys": [answer(1, "nps", 0), answer(2, "NPS", 11), answer(3, "csat", 0), answer(4, "ces", 7)],
    "contacts": pa.table({"contact_id": pa.array([], pa.string())}),
    "subscriptions": [
        plan("s1", None),
        plan("s2", at("2023-12-01 10:00")),
        plan("s3", at("9999-12-31 00:00")),
        plan("s4", at("2024-03-01 00:00")),
    ],
    "shipments": [{"shipment_id": 1}],
}

ROWS, VALUES = "these rows", "these values: they read as missing, the rows stay"
BAD = [
    (
        "customers.birth_year",
        "a number below 1880",
        1,
        '"1790" in row customer_id= c2 ',
        "Correct it.",
        VALUES,
    ),
    (
        "orders.order_id",
        "no value",
        1,
        "in row customer_id=c1, ordered_at=2024-01-05 10:00:00",
        "Fill it in.",
        ROWS,
    ),
    ("orders.customer_id", "no value", 1, "in row order_id=nobody's", "Fill it in.", ROWS),
    ("orders.ordered_at", "no value", 1, "in row order_id=undated", "Fill it in.", ROWS),
    ("orders.ordered_at", "a date before 1900", 1, "in row order_id=ancient", "Correct the year", ROWS),
    (
        "orders.amount",
        "an infinite number",
        1,
        "in row order_id=infinite",
        "Write it as a plain number",
        ROWS,
    ),
    ("orders.amount", "no value", 1, "in row order_id=not a number", "Fill it in.", ROWS),
    ("orders.amount", "a negative number", 1, "in row order_id=negative", "Refunds belong in returns", ROWS),
    (
        "orders.order_id",
        "exact copies of another row",
        1,
        "order_id=copied, 2 times",
        "each row once",
        "all but one",
    ),
    (
        "orders.order_id",
        "rows that share their key and differ",
        1,
        "order_id=told twice, 2 times",
        "holds",
        "all but",
    ),
    ("order_lines.order_id", "order lines whose order isn't", 1, "order_id=gone", "Add the orders", ROWS),
    (
        "tickets.kind",
        "none of the words complaint, question",
        1,
        '"rant" in row ticket_id=5',
        "Use one",
        ROWS,
    ),
    (
        "tickets.resolved_at",
        "a time before opened_at",
        1,
        "in row ticket_id=2",
        "Correct one of the two",
        VALUES,
    ),
    (
        "surveys.score",
        "a score outside its scale",
        2,
        "in row response_id=2",
        "nps 0 to 10, csat 1 to 5",
        ROWS,
    ),
    (
        "subscriptions.cancelled_at",
        "a time before started_at",
        1,
        "in row subscription_id=s2",
        "Correct one",
        ROWS,
    ),
]
NOTES = [
    ("", "no table of the contract|tables outside the contract", 0),
    ("customers", "without signed_up_at, acquisition_channel", 0),
    ("customers.customer_id", "spaces around the id", 1),
    ("orders.ordered_at", "a date in the future", 1),
    ("orders.customer_id", "1 customer has no row in customers", 0),
    ("order_lines", "columns that are not known: weight", 0),
    ("tickets.resolved_at", "a bare date on the day of opened_at", 1),
    ("contacts", "the table is empty", 0),
    ("subscriptions.cancelled_at", "stands for «never»", 1),
]
CLEAN = {
    "orders": {*(f"o{number}" for number in range(1, 8)), "copied", "told twice", "ahead", "stranger"},
    "tickets": {"1", "2", "3", "4"},
    "surveys": {"1", "4"},
    "subscriptions": {"s1", "s3", "s4"},
}


@pytest.fixture(scope="module", params=["parquet", "csv", "duckdb", "postgres", "spark"])
def dirty(request: pytest.FixtureRequest, deliver: Deliver) -> dict[str, Any]:
    return deliver(request.param, DIRTY)


@pytest.fixture(scope="module")
def report(dirty: dict[str, Any]) -> Report:
    return inspect(**dirty)


@pytest.fixture(scope="module")
def mended(dirty: dict[str, Any], read: Read) -> Source:
    return read(**dirty, skip_bad_rows=True)


@pytest.fixture(scope="module")
def rows(mended: Source) -> Rows:
    """What stays of each table, by its key; fetched once for all tests."""
    return {
        name: sorted(table.to_pyarrow().to_pylist(), key=lambda row: str(next(iter(row.values()))))
        for name, table in mended.tables.items()
    }


@pytest.mark.parametrize("expected", BAD, ids=lambda expected: f"{expected[0]} {expected[1]}")
def test_bad_rows_are_counted_shown_and_come_with_a_remedy(
    report: Report, expected: tuple[str, str, int, str, str, str]
) -> None:
    place, says, rows, example, remedy, removes = expected
    problem = find(report, "bad rows", place, says)
    assert problem.rows == rows
    assert example in problem.example
    assert remedy in problem.remedy
    assert problem.removes.startswith(removes)


def test_no_other_bad_rows_are_told(report: Report) -> None:
    assert sum(problem.level == "bad rows" for problem in report.problems) == len(BAD)
    assert not [problem for problem in report.problems if problem.level == "error"]
    assert report.refuses


@pytest.mark.parametrize("expected", NOTES, ids=lambda expected: f"{expected[0]} {expected[1]}")
def test_notes_tell_what_works_as_it_is(report: Report, expected: tuple[str, str, int]) -> None:
    place, says, rows = expected
    assert find(report, "note", place, says).rows == rows


def test_a_strict_reader_tells_all_bad_rows_at_once(deliver: Deliver, read: Read) -> None:
    place = deliver("parquet", DIRTY)
    with pytest.raises(SourceError, match=f"can't be used as it is: {len(BAD)} problems.") as caught:
        read(**place)
    lines = str(caught.value).splitlines()
    assert lines[1:-1] == [f"  {problem.sentence}" for problem in inspect(**place).blocking]
    assert lines[-1] == "Mend them, or leave these rows out with --skip-bad-rows."


@pytest.mark.parametrize("name", CLEAN)
def test_without_the_bad_rows_the_others_stay(mended: Source, rows: Rows, name: str) -> None:
    assert {next(iter(row.values())) for row in rows[name]} == CLEAN[name]
    assert mended.report.tables[name].rows == len(CLEAN[name])
    assert mended.report.tables[name].left_out == len(DIRTY[name]) - len(CLEAN[name])
    assert not mended.report.refuses


def test_of_rows_that_share_a_key_the_earliest_stays(rows: Rows) -> None:
    (row,) = (row for row in rows["orders"] if row["order_id"] == "told twice")
    assert (row["ordered_at"], row["amount"]) == (at("2024-01-05 10:00"), 9.0)


def test_times_that_fill_in_late_are_mended_by_themselves(rows: Rows) -> None:
    resolved = [row["resolved_at"] for row in rows["tickets"]]
    assert resolved == [at("2024-02-01 13:00"), None, at("2024-02-01 12:00"), None]
    assert [row["cancelled_at"] for row in rows["subscriptions"]] == [None, None, at("2024-03-01 00:00")]


def test_attributes_keep_their_types(mended: Source, rows: Rows) -> None:
    customers = rows["customers"]
    assert [row["customer_id"] for row in customers] == ["c1", "c2", "c3"]
    assert [row["birth_year"] for row in customers] == [1990, None, None]
    assert [row["age"] for row in customers] == [30, None, 41]
    assert [row["zip"] for row in customers] == ["01", None, "99"]
    assert [row["vip"] for row in customers] == [True, False, None]
    assert [row["since"] for row in customers] == [at("2020-01-01 00:00"), None, None]
    assert set(mended.tables["customers"].columns) == {
        "customer_id",
        "birth_year",
        "age",
        "vip",
        "since",
        "zip",
    }


def test_an_empty_table_and_an_unknown_one_are_not_there(mended: Source) -> None:
    assert set(mended.tables) == DIRTY.keys() - {"contacts", "shipments"}


def test_the_report_says_what_is_unlocked_and_what_stays_dark(report: Report) -> None:
    assert {name: (found.unlocked, found.why) for name, found in report.dimensions.items()} == {
        "rhythm": (True, "from orders and subscriptions"),
        "spend": (True, "from orders; discount and margin would sharpen it"),
        "product": (True, "from subscriptions"),
        "service": (True, "from tickets"),
        "satisfaction": (True, "from surveys"),
        "engagement": (False, "needs engagement or contacts"),
        "profile": (True, "from customers and subscriptions"),
    }


def test_the_report_as_text_and_as_data_says_the_same(report: Report) -> None:
    console = Console(record=True, width=200, file=StringIO())
    report.render(console)
    text = console.export_text()
    data = report.to_dict()
    assert data["refuses"]
    for problem in report.problems:
        assert problem.says in text
        assert problem.example in text
    assert "--skip-bad-rows" in text


TEXTS: dict[str, Any] = {
    "customers": [{"customer_id": "c1", "signed_up_at": when} for when in ("2024-01-05",)],
    "orders": [
        {"order_id": "1", "customer_id": "c1", "ordered_at": "2024-01-05 10:00:00", "amount": "12.5"},
        {"order_id": "2", "customer_id": "c1", "ordered_at": "2024-01-05T10:00Z", "amount": " 7 "},
        {"order_id": "3", "customer_id": "c1", "ordered_at": "2024-01-05T10:00+02:00", "amount": "1e2"},
        {"order_id": "4", "customer_id": "c1", "ordered_at": "2024-01-05", "amount": "0"},
        {"order_id": "5", "customer_id": "c1", "ordered_at": "05.01.2024", "amount": "3"},
        {"order_id": "6", "customer_id": "c1", "ordered_at": "2024-01-05", "amount": "12,50 €"},
        {"order_id": "7", "customer_id": "c1", "ordered_at": "infinity", "amount": "3"},
    ],
    "returns": [
        {"return_id": "1", "customer_id": "c1", "returned_at": "2024-02-30", "amount": "3"},
        {"return_id": "2", "customer_id": "c1", "returned_at": "2024-02-03", "amount": "3"},
    ],
}


@pytest.mark.parametrize("form", ["parquet", "csv", "duckdb", "spark csv"])
def test_dates_and_numbers_are_read_from_text(form: str, deliver: Deliver, read: Read) -> None:
    place = deliver(form, TEXTS)
    report = inspect(**place)
    when = find(report, "bad rows", "orders.ordered_at", "text where a date is due")
    money = find(report, "bad rows", "orders.amount", "text where money is due")
    assert (when.rows, when.example) == (1, '"05.01.2024" in row order_id=5')
    assert (money.rows, money.example) == (1, '"12,50 €" in row order_id=6')
    assert find(report, "bad rows", "orders.ordered_at", "after 2199").rows == 1
    assert (
        find(report, "note", "orders.ordered_at", "with a zone").example
        == '"2024-01-05T10:00+02:00" in row order_id=3'
    )
    rows = read(**place, skip_bad_rows=True).tables["orders"].order_by("order_id").to_pyarrow().to_pylist()
    assert [(row["ordered_at"], row["amount"]) for row in rows] == [
        (at("2024-01-05 10:00"), 12.5),
        (at("2024-01-05 10:00"), 7.0),
        (at("2024-01-05 08:00"), 100.0),
        (at("2024-01-05 00:00"), 0.0),
    ]


def test_text_is_not_cast_inside_postgres(put: Put, read: Read) -> None:
    with pytest.raises(
        SourceError, match="Cast it in a view, such as SELECT ordered_at::timestamptz AS ordered_at"
    ):
        read(put("postgres", TEXTS), skip_bad_rows=True)
