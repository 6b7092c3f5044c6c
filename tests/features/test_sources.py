"""The reader: addresses, clean types, rows in memory; and what must change nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import SourceError
from features.sources import IN_MEMORY, Source, inspect, open_source, source_from_rows

HEADER = "order_id,customer_id,ordered_at,amount\n"
Put = Callable[..., str]
Read = Callable[..., Source]
Deliver = Callable[..., dict[str, Any]]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def rows_of(source: Source, name: str) -> list[dict[str, Any]]:
    """The rows of a clean table in one order, whatever the engine's."""
    return sorted(source.tables[name].to_pyarrow().to_pylist(), key=repr)


SHOP: dict[str, Any] = {
    "customers": [{"customer_id": "c1", "signed_up_at": date(2023, 1, 1), "country": "AT"}],
    "orders": [
        {
            "order_id": 1,
            "customer_id": "c1",
            "ordered_at": at("2024-01-05 10:00"),
            "amount": Decimal("12.50"),
        },
        {
            "order_id": 2,
            "customer_id": " c1",
            "ordered_at": at("2024-02-05 10:00"),
            "amount": Decimal("0.00"),
        },
    ],
    "tickets": [
        {
            "ticket_id": "t1",
            "customer_id": "c1",
            "opened_at": datetime(2024, 1, 6, 1, tzinfo=timezone(timedelta(hours=2))),
            "kind": "Complaint",
            "text": "",
        },
    ],
}


FORMS = ["parquet", "csv", "duckdb", "postgres", "spark", "spark csv"]


@pytest.fixture(scope="module", params=FORMS)
def opened(request: pytest.FixtureRequest, deliver: Deliver, read: Read) -> Source:
    place = deliver(request.param, SHOP)
    source = read(**place)
    assert source.address == place["address"]
    return source


def test_every_form_gives_the_same_clean_tables(opened: Source) -> None:
    assert rows_of(opened, "orders") == [
        {"order_id": "1", "customer_id": "c1", "ordered_at": at("2024-01-05 10:00"), "amount": 12.5},
        {"order_id": "2", "customer_id": "c1", "ordered_at": at("2024-02-05 10:00"), "amount": 0.0},
    ]
    assert rows_of(opened, "customers") == [
        {"customer_id": "c1", "signed_up_at": at("2023-01-01 00:00"), "country": "AT"}
    ]
    ticket = {
        "ticket_id": "t1",
        "customer_id": "c1",
        "opened_at": at("2024-01-05 23:00"),
        "kind": "complaint",
    }
    assert rows_of(opened, "tickets") == [{**ticket, "text": None}]


def test_every_form_gives_the_same_types(opened: Source) -> None:
    types = {name: str(kind) for name, kind in opened.tables["orders"].schema().items()}
    assert types == {
        "order_id": "string",
        "customer_id": "string",
        "ordered_at": "timestamp(6)",
        "amount": "float64",
    }


def folder(place: Path, **files: str | bytes) -> Path:
    """A folder of files; «__» in a name is a dot, «_in_» a slash."""
    for name, content in files.items():
        path = place / name.replace("_in_", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


ONE = "1,c1,2024-01-05,3\n"


@pytest.mark.parametrize(
    "files",
    [
        {"orders__csv": HEADER + ONE},
        {"Orders__CSV": HEADER + ONE},
        {"orders__csv": (HEADER + ONE).replace(",", ";")},
        {"orders__csv": (HEADER + ONE).replace(",", "\t").replace("\n", "\r\n")},
        {"orders__csv": b"\xef\xbb\xbf" + (HEADER + ONE).encode()},
        {"orders__csv": "Order ID,customerId, ORDERED_AT ,Amount\n" + ONE},
        {"orders_in_part-1__csv": HEADER + ONE, "orders_in__SUCCESS": ""},
        {
            "orders_in_1__csv": HEADER,
            "orders_in_2__csv": "amount,order_id,customer_id,ordered_at\n3,1,c1,2024-01-05\n",
        },
        {"orders__csv": HEADER + '"1","c1","2024-01-05","3"\n', "tickets__csv": "", "readme__txt": "hello"},
    ],
    ids=["plain", "case", "semicolons", "tabs", "mark", "spelling", "folder", "parts", "others"],
)
def test_csv_as_it_comes(files: Mapping[str, str | bytes], tmp_path: Path, read: Read) -> None:
    source = read(folder(tmp_path / "a [b] *", **files))
    order = {"order_id": "1", "customer_id": "c1", "ordered_at": at("2024-01-05 00:00"), "amount": 3.0}
    assert rows_of(source, "orders") == [order]
    assert set(source.tables) == {"orders"}


def test_parquet_in_a_folder_of_parts_is_one_table(tmp_path: Path, read: Read) -> None:
    for number in (1, 2):
        place = tmp_path / "orders.parquet" / f"month={number}"
        place.mkdir(parents=True)
        order = {"order_id": number, "customer_id": "c", "ordered_at": at("2024-01-05 10:00"), "amount": 1.0}
        extra = {"channel": "web"} if number == 2 else {}
        pq.write_table(pa.Table.from_pylist([order | extra]), place / "part.parquet")
    source = read(tmp_path)
    assert [(row["order_id"], row["channel"]) for row in rows_of(source, "orders")] == [
        ("1", None),
        ("2", "web"),
    ]


REFUSED = [
    ({}, "there is no table «orders» .and no «subscriptions».*orders.parquet or orders.csv"),
    ({"orders__csv": ""}, "orders: the table is empty. Export it again"),
    ({"orders__csv": HEADER}, "orders: the table is empty. Export it again"),
    ({"orders__parquet": b"PAR1 junk PAR1"}, "orders: it can't be read: .*Mend it or export it anew"),
    ({"orders__csv": HEADER + ONE, "orders__parquet": b""}, "orders: it is there both as Parquet and as CSV"),
    (
        {"orders__csv": HEADER + ONE + "2,c1,2024-01-05,3,4\n"},
        "Line: 3; Expected Number of Columns: 4 Found: 5",
    ),
    ({"orders__csv": (HEADER + "1,José,2024-01-05,3\n").encode("latin-1")}, "Line: 2; Invalid unicode"),
    ({"orders__csv": HEADER + '1,"c1,2024-01-05,3\n'}, "Value with unterminated quote"),
]


@pytest.mark.parametrize(("files", "message"), REFUSED)
def test_a_folder_that_cannot_be_used_is_refused_and_reported(
    files: Mapping[str, str | bytes], message: str, tmp_path: Path
) -> None:
    place = folder(tmp_path, **files)
    with pytest.raises(SourceError, match=f"^The source .* can't be used as it is: .*{message}"):
        open_source(place, skip_bad_rows=True)
    assert any(re.search(message, problem.sentence) for problem in inspect(place).problems)


@pytest.mark.parametrize("reader", [open_source, inspect])
def test_nothing_at_the_address_is_told_by_both(reader: Callable[[str], object], tmp_path: Path) -> None:
    (tmp_path / "notes.duckdb").write_text("these are notes")
    (tmp_path / "orders.csv").write_text(HEADER)
    with pytest.raises(SourceError, match=r"There is no folder and no file at .*/nowhere\."):
        reader(str(tmp_path / "nowhere"))
    with pytest.raises(
        SourceError, match=r"notes.duckdb can't be opened as a DuckDB file: .*not a valid DuckDB"
    ):
        reader(str(tmp_path / "notes.duckdb"))
    with pytest.raises(SourceError, match=r"orders.csv is a single file: give the folder it is in"):
        reader(str(tmp_path / "orders.csv"))
    with pytest.raises(SourceError, match=r"https://shop.example is no source: give a folder, a DuckDB file"):
        reader("https://shop.example")


def test_a_password_is_not_told() -> None:
    with pytest.raises(
        SourceError, match=r"postgresql://me:\*\*\*@127.0.0.1:1/db\?password=\*\*\* can't be"
    ) as caught:
        open_source("postgresql://me:s3cret@127.0.0.1:1/db?password=s3cret")
    assert "s3cret" not in str(caught.value)


def test_a_duckdb_file_is_only_read(put: Put, read: Read) -> None:
    source = read(put("duckdb", SHOP))
    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        source.backend.raw_sql("DELETE FROM orders")


def test_postgres_looks_along_the_search_path(put: Put, postgres: str, read: Read) -> None:
    first = put("postgres", {"orders": SHOP["orders"][:1]}).rpartition("schema=")[2]
    second = put("postgres", SHOP).rpartition("schema=")[2]
    joint = "&" if "?" in postgres else "?"
    source = read(f"{postgres}{joint}options=-c%20search_path%3D{first}%2C{second}")
    assert set(source.tables) == set(SHOP)
    assert len(rows_of(source, "orders")) == 1
    with pytest.raises(SourceError, match="there is no table «orders»"):
        open_source(postgres)


def test_rows_in_memory_are_read_like_any_source() -> None:
    shop = {
        "orders": [
            {"order_id": 1, "customer_id": 7, "ordered_at": "2024-01-05T10:00+02:00", "amount": 3},
            {
                "order_id": "2",
                "customer_id": "7",
                "ordered_at": datetime(2024, 1, 5, 9, tzinfo=UTC),
                "amount": 2.5,
            },
            {"order_id": 3, "customer_id": 7, "ordered_at": date(2024, 1, 6), "amount": Decimal("1.25")},
        ],
        "tickets": [],
    }
    source = source_from_rows(shop)
    assert source.address == IN_MEMORY
    assert [tuple(row.values()) for row in rows_of(source, "orders")] == [
        ("1", "7", at("2024-01-05 08:00"), 3.0),
        ("2", "7", at("2024-01-05 09:00"), 2.5),
        ("3", "7", at("2024-01-06 00:00"), 1.25),
    ]


def test_a_table_given_without_rows_is_there_with_all_its_columns() -> None:
    source = source_from_rows({"orders": [], "tickets": []})
    assert rows_of(source, "tickets") == []
    assert "resolved_at" in source.tables["tickets"].columns
    assert str(source.tables["tickets"].opened_at.type()) == "timestamp(6)"


def test_two_sources_in_memory_never_meet() -> None:
    order = {"customer_id": "c", "ordered_at": "2024-01-01", "amount": 1}
    first, second = (source_from_rows({"orders": [order | {"order_id": key}]}) for key in "ab")
    assert [row["order_id"] for source in (first, second) for row in rows_of(source, "orders")] == ["a", "b"]


def test_rows_in_memory_tell_all_problems_at_once() -> None:
    order = {"order_id": "1", "customer_id": "c", "ordered_at": "2024-01-01", "amount": 1}
    wrong: dict[str, Any] = {
        "ordres": [],
        "orders": [
            order,
            order | {"order_id": "2", "amount": -1},
            order | {"order_id": "3", "ordered_at": "soon"},
        ],
        "tickets": [{"ticket_id": {"a": 1}}, "row"],
        "surveys": {"response_id": 1},
    }
    with pytest.raises(
        SourceError, match="The source in memory can't be used as it is: 6 problems"
    ) as caught:
        source_from_rows(wrong)
    told = str(caught.value)
    for expected in (
        "ordres: there is no such table. The tables are customers, orders",
        "tickets.ticket_id: row 1 holds dict where one value is due. Give one plain value.",
        "tickets: row 2 is str, not an object of columns.",
        "surveys: received dict where a list of rows is due. Give a list of objects.",
        'orders.amount: a negative number in 1 of 3 rows (for example "-1" in row 2). Refunds belong',
        'orders.ordered_at: text where a date is due in 1 of 3 rows (for example "soon" in row 3). Write',
    ):
        assert expected in told


def test_rows_in_memory_need_orders_or_subscriptions() -> None:
    with pytest.raises(
        SourceError, match=r"there is no table «orders».* Give orders, if only an empty list\."
    ):
        source_from_rows({"customers": [{"customer_id": 1}]})


moments = st.datetimes(at("2000-01-01"), at("2030-01-01")).map(lambda time: time.replace(microsecond=0))
orders = st.lists(
    st.fixed_dictionaries(
        {
            "order_id": st.text("abcXYZ09-_é", min_size=1, max_size=6),
            "customer_id": st.sampled_from(["c1", "c2", "ü3"]),
            "ordered_at": moments,
            "amount": st.floats(0, 1e9).map(lambda amount: round(amount, 2)),
        }
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda order: order["order_id"],
)
few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(place: Path, tables: Mapping[str, Sequence[Mapping[str, object]]]) -> Path:
    place.mkdir()
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist(list(rows)), place / f"{name}.parquet")
    return place


@few
@given(orders, st.randoms(use_true_random=False), st.integers(1, 3))
def test_neither_row_order_nor_splitting_changes_the_clean_tables(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], chance: Any, parts: int
) -> None:
    doubled = [*rows, *({**row, "amount": row["amount"] + 1} for row in rows[::2]), *rows[::3]]
    whole = write(tmp_path_factory.mktemp("whole") / "shop", {"orders": doubled})
    shuffled = chance.sample(doubled, len(doubled))
    split = tmp_path_factory.mktemp("split")
    (split / "orders").mkdir()
    for part in range(parts):
        if shuffled[part::parts]:
            pq.write_table(pa.Table.from_pylist(shuffled[part::parts]), split / "orders" / f"{part}.parquet")
    first, second = (open_source(place, skip_bad_rows=True) for place in (whole, split))
    assert rows_of(first, "orders") == rows_of(second, "orders")
    assert first.report.tables == second.report.tables


@few
@given(orders, st.integers(-12, 14))
def test_the_notation_of_the_zone_changes_nothing(rows: list[dict[str, Any]], hours: int) -> None:
    zone = timezone(timedelta(hours=hours))

    def told(row: Mapping[str, Any], how: Callable[[datetime], object]) -> dict[str, object]:
        return {**row, "ordered_at": how(row["ordered_at"].replace(tzinfo=UTC))}

    ways: list[Callable[[datetime], object]] = [
        lambda time: time.replace(tzinfo=None),
        lambda time: time.astimezone(zone),
        lambda time: time.astimezone(zone).isoformat(),
        lambda time: f"{time:%Y-%m-%d %H:%M:%SZ}",
        lambda time: f"{time:%Y-%m-%dT%H:%M:%S}",
    ]
    clean = [
        rows_of(source_from_rows({"orders": [told(row, how) for row in rows]}), "orders") for how in ways
    ]
    assert all(table == clean[0] for table in clean)


BROKEN: list[dict[str, object]] = [
    {"amount": "-0.01"},
    {"amount": "nan"},
    {"amount": "-inf"},
    {"amount": "12,50 €"},
    {"amount": ""},
    {"ordered_at": "soon"},
    {"ordered_at": "2024-02-30"},
    {"ordered_at": "infinity"},
    {"ordered_at": None},
    {"customer_id": " \t"},
    {"order_id": None},
]


@few
@given(st.lists(st.sampled_from(BROKEN), max_size=11), st.randoms(use_true_random=False))
def test_a_hundredth_of_broken_rows_left_out_leaves_the_clean_source(
    tmp_path_factory: pytest.TempPathFactory, broken: list[dict[str, object]], chance: Any
) -> None:
    good = [
        {
            "order_id": f"o{n}",
            "customer_id": f"c{n % 7}",
            "ordered_at": f"2024-01-{n % 28 + 1:02}",
            "amount": f"{n}.5",
        }
        for n in range(1100)
    ]
    bad = [{**row, **wrong} for row, wrong in zip(good, broken, strict=False)]
    mixed = good + bad + [{**row, "order_id": f" {row['order_id']} "} for row in good[50:60]]
    chance.shuffle(mixed)
    lines = [{"order_id": f"o{n}", "product_id": "p"} for n in range(100)]
    lost = [{"order_id": "nowhere", "product_id": "p"}]
    place = tmp_path_factory.mktemp("mixed")
    source = open_source(write(place / "clean", {"orders": good, "order_lines": lines}))
    other = open_source(
        write(place / "dirty", {"orders": mixed, "order_lines": lines + lost}), skip_bad_rows=True
    )
    for name in source.tables:
        assert rows_of(source, name) == rows_of(other, name)
    assert other.report.tables["orders"].left_out == len(bad) + 10


@pytest.mark.parametrize("more", [{"AMOUNT": 1}, {"": 1}, {"a\0b": 1}])
def test_columns_without_a_name_of_their_own_are_refused(more: dict[str, object]) -> None:
    order = {"order_id": "1", "customer_id": "a", "ordered_at": "2024-01-01", "amount": 1.0}
    with pytest.raises(
        SourceError, match="orders: columns have no name, unprintable names, or names that differ"
    ):
        source_from_rows({"orders": [order | more]})


def test_money_beyond_exact_sums_is_refused() -> None:
    order = {"order_id": "1", "customer_id": "a", "ordered_at": "2024-01-01", "amount": 2e12}
    with pytest.raises(SourceError, match=r"orders\.amount: a number above 1e\+12"):
        source_from_rows({"orders": [order]})


def test_duckdb_spills_beyond_the_memory_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    def limit() -> str:
        source = source_from_rows({"orders": []})
        return str(source.backend.con.execute("SELECT current_setting('memory_limit')").fetchone()[0])

    assert limit() == "3.7 GiB"
    monkeypatch.setenv("AMITY_MEMORY", "1GiB")
    assert limit() == "1.0 GiB"
    monkeypatch.setenv("AMITY_MEMORY", "a lot")
    with pytest.raises(SourceError, match="AMITY_MEMORY is 'a lot', and no size of memory: write"):
        limit()
