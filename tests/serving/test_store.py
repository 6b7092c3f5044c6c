"""The store on SQLite and on PostgreSQL, against plain SQL and plain Python over the same rows."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from configs.settings import Definitions
from features.errors import RequestError
from models.scoring import Scored
from serving.census import Census
from serving.errors import AbsentError
from serving.filters import Cursor, Filter
from serving.rows import KEPT, rows
from serving.store import Store

DEFINITIONS = Definitions(currency="CHF", horizon_days=60)
DAY = datetime(2025, 6, 1)  # noqa: DTZ001


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    store = Store.open(url)
    yield store
    store.close()


def sql(url: str, query: str, **values: Any) -> list[Any]:
    engine = create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(text(query), values).all()
    engine.dispose()
    return [tuple(row) for row in found]


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [row["customer_id"] for row in found]


def test_what_is_saved_comes_back_whole(store: Store, make_scored: Any) -> None:
    scored = make_scored()
    scoring_id = store.save(scored, source="shop", definitions=DEFINITIONS)
    scoring = store.current()
    assert (scoring.id, scoring.as_of, scoring.model_version, scoring.source) == (
        scoring_id,
        DAY,
        "1",
        "shop",
    )
    assert (scoring.base_risk, scoring.customers, scoring.definitions) == (0.25, 400, DEFINITIONS)
    page = store.at_risk(top=400)
    assert page.rows == list(rows(scored))
    assert tuple(page.rows[0]) == KEPT
    by_id = scored.scores.set_index("customer_id")
    for row in page.rows[::37]:
        assert row["churn_probability"] == by_id.loc[row["customer_id"], "churn_probability"]
        place = scored.scores.index[scored.scores.customer_id == row["customer_id"]][0]
        assert row["service_points"] == scored.points.by_dimension.loc[place, "service"]
        segment = scored.features.loc[place, "segment"]
        assert row["segment"] == (None if pd.isna(segment) else segment)


def test_some_columns_of_a_scoring_as_a_frame(
    store: Store, make_scored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the one asked for, all its customers by rank, in batches."""
    monkeypatch.setattr("serving.store.FRAME_BATCH", 7)
    scored = make_scored(rows=20)
    for one in (scored, make_scored(rows=5, seed=1)):
        store.save(one, source="shop", definitions=DEFINITIONS)
    names = ["customer_id", "as_of", "clv", "weak_point_1", "weak_point_1_repaired"]
    frame = store.frame(store.scorings()[1], names)
    ranked = scored.scores.sort_values(["value_at_risk", "customer_id"], ascending=[False, True])
    want = ranked[names].reset_index(drop=True)
    pd.testing.assert_frame_equal(frame.replace({None: np.nan}), want, check_dtype=False)


def test_the_list_is_ranked_by_value_at_risk_then_customer_id(store: Store, make_scored: Any) -> None:
    store.save(make_scored(), source="shop", definitions=DEFINITIONS)
    found = store.at_risk(top=400).rows
    assert found == sorted(found, key=lambda row: (-row["value_at_risk"], row["customer_id"]))
    assert [row["rank"] for row in found] == list(range(1, 401))
    assert len({row["value_at_risk"] for row in found}) < 200, "the made-up scores should have ties"


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        ({"segment": "gold"}, "segment = 'gold'"),
        ({"country": "DE"}, "country = 'DE'"),
        ({"status": "slowing"}, "status = 'slowing'"),
        ({"weak_point": "service"}, "'service' IN (weak_point_1, weak_point_2, weak_point_3)"),
        ({"min_clv": 125.0}, "clv >= 125"),
        ({"min_churn_probability": 0.5}, "churn_probability >= 0.5"),
        (
            {"not_contacted_since": DAY - timedelta(days=30)},
            "(last_contact_at IS NULL OR last_contact_at < '2025-05-02')",
        ),
        (
            {"segment": "silver", "weak_point": "rhythm", "min_clv": 50, "min_churn_probability": 0.2},
            "segment = 'silver' AND 'rhythm' IN (weak_point_1, weak_point_2, weak_point_3) AND clv >= 50 "
            "AND churn_probability >= 0.2",
        ),
    ],
)
def test_filters_keep_what_plain_sql_keeps(
    store: Store, url: str, make_scored: Any, asked: dict[str, Any], condition: str
) -> None:
    store.save(make_scored(seed=1), source="shop", definitions=DEFINITIONS)
    store.save(make_scored(), source="shop", definitions=DEFINITIONS, census=census())
    latest = "scoring_id = (SELECT max(id) FROM scorings)"
    order = "ORDER BY value_at_risk DESC, length(customer_id), customer_id"
    expected = sql(
        url, f"SELECT customer_id, value_at_risk FROM scores WHERE {latest} AND {condition} {order}"
    )
    page = store.at_risk(Filter(**asked), top=400)
    assert 0 < len(expected) <= 400
    assert sorted(ids(page.rows)) == sorted(customer_id for customer_id, _ in expected)
    assert [row["value_at_risk"] for row in page.rows] == [value for _, value in expected]
    assert page.matching == len(expected)
    assert page.value_at_risk == pytest.approx(sum(value for _, value in expected))


@pytest.mark.parametrize("top", [1, 7, 399, 400, 401])
def test_pages_join_without_a_gap_or_a_repeat(store: Store, make_scored: Any, top: int) -> None:
    store.save(make_scored(40 if top == 1 else 400), source="shop", definitions=DEFINITIONS)
    for only in (Filter(), Filter(segment="gold", min_clv=50)):
        pages = [store.at_risk(only, top)]
        while pages[-1].next:
            pages.append(store.at_risk(only, top, after=Cursor.parse(str(pages[-1].next))))
        joined = [row for page in pages for row in page.rows]
        assert joined == store.at_risk(only, top=1000).rows
        assert joined == list(store.each_at_risk(store.current(), only))


def test_a_page_goes_on_in_the_scoring_it_began_in(store: Store, make_scored: Any) -> None:
    store.save(make_scored(), source="shop", definitions=DEFINITIONS)
    before = store.at_risk(top=400).rows
    first = store.at_risk(top=100)
    store.save(make_scored(seed=3, as_of=DAY + timedelta(days=7)), source="shop", definitions=DEFINITIONS)
    second = store.at_risk(top=300, after=first.next)
    assert first.rows + second.rows == before
    assert store.at_risk(top=400).rows != before


def test_the_latest_is_the_scoring_made_last_of_whatever_day(store: Store, make_scored: Any) -> None:
    assert store.latest() is None
    late = DAY + timedelta(days=3650)
    far = store.save(make_scored(as_of=late), source="a", definitions=DEFINITIONS)
    first = store.save(make_scored(as_of=DAY), source="b", definitions=DEFINITIONS)
    last = store.save(make_scored(40, as_of=DAY, seed=2), source="c", definitions=DEFINITIONS)
    assert far < first < last
    assert store.current().id == last
    assert store.at_risk().scoring.id == last
    assert store.row("C17")["as_of"] == DAY
    found = [store.latest(day) for day in (DAY, late, DAY - timedelta(days=1))]
    assert [scoring and scoring.id for scoring in found] == [last, far, None]
    assert [row["as_of"] for row in store.history("C17")] == [DAY, late]


def test_history_tells_the_last_scoring_of_each_day(store: Store, url: str, make_scored: Any) -> None:
    for seed, days in ((1, 0), (2, 30), (3, 30), (4, 10)):
        scored = make_scored(as_of=DAY + timedelta(days=days), seed=seed)
        store.save(scored, source="shop", definitions=DEFINITIONS)
    expected = sql(
        url,
        "SELECT churn_probability FROM scores WHERE customer_id = 'C17' AND scoring_id IN (1, 4, 3) "
        "ORDER BY CASE scoring_id WHEN 1 THEN 1 WHEN 4 THEN 2 ELSE 3 END",
    )
    history = store.history("C17")
    assert [(row["churn_probability"],) for row in history] == expected
    assert [row["as_of"] for row in history] == [DAY + timedelta(days=days) for days in (0, 10, 30)]
    assert store.history("nobody") == []


def test_an_unknown_customer_is_told_with_how_many_are_there(store: Store, make_scored: Any) -> None:
    store.save(make_scored(), source="shop", definitions=DEFINITIONS)
    assert store.row("C17")["customer_id"] == "C17"
    with pytest.raises(
        AbsentError, match=r"'C999' is not among the 400 active customers as of 1 June 2025\. "
    ):
        store.row("C999")
    with pytest.raises(AbsentError, match="is not among the 400"):
        store.row("C\0 17")
    store.save(make_scored(10, as_of=DAY + timedelta(days=1)), source="shop", definitions=DEFINITIONS)
    with pytest.raises(AbsentError, match=r"\(last scored as of 1 June 2025\)"):
        store.row("C17")


def test_rows_of_many_customers(store: Store, make_scored: Any) -> None:
    store.save(make_scored(3000), source="shop", definitions=DEFINITIONS)
    wanted = [f"C{number}" for number in range(0, 6000, 2)]
    found = store.rows_of(wanted, store.current())
    assert set(ids(found)) == {f"C{number}" for number in range(0, 3000, 2)}


@pytest.mark.parametrize("ask", [Store.current, Store.at_risk, lambda store: store.row("C1")])
def test_before_the_first_scoring_everything_says_how_to_score(store: Store, ask: Any) -> None:
    with pytest.raises(RequestError, match="run `amity score"):
        ask(store)


def test_what_cannot_be_asked_is_told(store: Store, make_scored: Any) -> None:
    scored = make_scored()
    nowhere = replace(scored, features=scored.features.drop(columns="country"))
    store.save(nowhere, source="shop", definitions=DEFINITIONS)
    with pytest.raises(RequestError, match="of segment 'bronze'; use one of gold, silver"):
        store.at_risk(Filter(segment="bronze"))
    with pytest.raises(RequestError, match="No customer bears a country"):
        store.at_risk(Filter(country="DE"))
    with pytest.raises(RequestError, match="top is 0; ask for 1 row or more"):
        store.at_risk(top=0)
    with pytest.raises(AbsentError, match="There is no scoring 99"):
        store.at_risk(after=Cursor(99, 1))
    with pytest.raises(RequestError, match="has no table of contacts, so nobody knows who was contacted"):
        store.at_risk(Filter(not_contacted_since=DAY))
    assert store.at_risk(Filter(segment="gold", min_clv=1e9)).rows == []


def test_nobody_scored_is_refused(store: Store, make_scored: Any) -> None:
    scored = make_scored()
    with pytest.raises(RequestError, match="Nobody was scored"):
        store.save(replace(scored, scores=scored.scores.head(0)), source="shop", definitions=DEFINITIONS)


def test_a_password_in_the_source_is_not_kept(store: Store, make_scored: Any) -> None:
    store.save(make_scored(5), source="postgresql://me:hush@db/shop?schema=s", definitions=DEFINITIONS)
    assert store.current().source == "postgresql://me:***@db/shop?schema=s"


def test_readers_never_see_half_a_scoring(store: Store, url: str, make_scored: Any, tmp_path: Path) -> None:
    store.save(make_scored(), source="shop", definitions=DEFINITIONS)
    seen = set()
    with saving(url, make_scored(2_000, seed=9), tmp_path) as writer:
        while writer.poll() is None:
            scoring = store.current()
            seen.add((scoring.customers, sum(1 for _ in store.each_at_risk(scoring))))
    assert seen <= {(400, 400), (2_000, 2_000)}
    assert (400, 400) in seen
    assert store.current().customers == 2_000


def test_a_killed_writer_leaves_nothing(store: Store, url: str, make_scored: Any, tmp_path: Path) -> None:
    store.save(make_scored(), source="shop", definitions=DEFINITIONS)
    with saving(url, make_scored(2_000), tmp_path, SAVE_HALF) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "half\n"
        writer.kill()
    assert sql(url, "SELECT count(*) FROM scores") == [(400,)]
    assert sql(url, "SELECT count(*) FROM scorings") == [(1,)]
    store.save(make_scored(7), source="shop", definitions=DEFINITIONS)
    assert store.current().customers == 7


def test_odd_texts_and_missing_values_are_kept_as_they_are(store: Store, make_scored: Any) -> None:
    texts = ["", '"', "'", "a,b", "line\nbreak", "\\N", "\\.", "NULL", "nan", "%s", "🦜", " x "]
    scored = make_scored(len(texts))
    scored.scores["customer_id"] = [f"{text}{number}" for number, text in enumerate(texts)]
    scored.scores["action"] = texts
    scored.scores.loc[3, "clv_low"] = 1 / 3
    scored.scores["expected_next_order_at"] = pd.Timestamp("2025-06-10 01:02:03.000004")
    store.save(scored, source="shop", definitions=DEFINITIONS)
    kept = {row["customer_id"]: row for row in store.at_risk(top=100).rows}
    assert {name: row["action"] for name, row in kept.items()} == dict(
        zip(scored.scores["customer_id"], texts, strict=True)
    )
    assert kept["a,b3"]["clv_low"] == 1 / 3
    assert {row["expected_next_order_at"].microsecond for row in kept.values()} == {4}


def test_yesterdays_list_is_as_it_was(store: Store, make_scored: Any) -> None:
    first = store.save(make_scored(), source="shop", definitions=DEFINITIONS)
    before = store.at_risk(top=400).rows
    store.save(make_scored(seed=4, as_of=DAY + timedelta(days=1)), source="shop", definitions=DEFINITIONS)
    again = store.current(DAY)
    assert again.id == first
    assert store.at_risk(top=400, scoring=again).rows == before
    assert store.at_risk(top=400).rows != before
    assert store.row("C17", again) in before
    assert [row["as_of"] for row in store.history("C17", again)] == [DAY]
    with pytest.raises(AbsentError, match="as of 2025-05-31; there are lists of 2025-06-02, 2025-06-01"):
        store.current(DAY - timedelta(days=1))
    assert [scoring.as_of for scoring in store.scorings()] == [DAY + timedelta(days=1), DAY]


def test_the_census_is_kept_with_the_scoring(store: Store, make_scored: Any) -> None:
    store.save(make_scored(), source="shop", definitions=DEFINITIONS, census=census())
    scoring = store.current()
    assert (scoring.knows_contacts, scoring.ever, scoring.active_then, scoring.churned_since) == (
        True,
        900,
        380,
        60,
    )
    assert store.row("C17")["last_contact_at"] == DAY - timedelta(days=17)
    assert store.row("C399")["last_contact_at"] is None
    assert store.examples(scoring, "inactive") == [
        {"customer_id": "late", "last_order_at": DAY - timedelta(days=400)},
        {"customer_id": "early", "last_order_at": DAY - timedelta(days=900)},
    ]
    assert store.examples(scoring, "churned") == []


def test_statuses_are_counted_as_plain_sql_counts_them(store: Store, url: str, make_scored: Any) -> None:
    store.save(make_scored(seed=8), source="shop", definitions=DEFINITIONS)
    store.save(make_scored(), source="shop", definitions=DEFINITIONS)
    found = store.ranking(store.current()).by_status()
    told = sql(
        url,
        "SELECT status, count(*), sum(value_at_risk), sum(churn_probability) FROM scores "
        "WHERE scoring_id = 2 GROUP BY status",
    )
    assert {name: (row["customers"], row["value_at_risk"]) for name, row in found.items()} == {
        name: (customers, pytest.approx(worth)) for name, customers, worth, _ in told
    }
    assert sum(row["expected_to_churn"] for row in found.values()) == pytest.approx(
        sum(expected for *_, expected in told)
    )


def test_pruning_takes_whole_days_and_leaves_the_last(store: Store, url: str, make_scored: Any) -> None:
    for days in (0, 1, 2):
        scored = make_scored(as_of=DAY + timedelta(days=days))
        store.save(scored, source="shop", definitions=DEFINITIONS, census=census())
    old = store.current(DAY)
    reading = store.each_at_risk(old)
    next(reading)
    assert store.prune(DAY + timedelta(days=1)) == 1
    assert sql(url, "SELECT DISTINCT scoring_id FROM scores ORDER BY 1") == [(2,), (3,)]
    assert sql(url, "SELECT DISTINCT scoring_id FROM examples ORDER BY 1") == [(2,), (3,)]
    with pytest.raises(AbsentError, match="There is no scoring 1"):
        list(reading)
    assert store.prune(DAY + timedelta(days=99)) == 1
    assert [scoring.id for scoring in store.scorings()] == [3]


def census() -> Census:
    """Of the customers C0 to C99, the last contact was as many days ago."""
    ago = {f"C{number}": DAY - timedelta(days=number) for number in range(100)}
    examples = pd.DataFrame(
        {
            "customer_id": ["early", "late"],
            "kind": "inactive",
            "last_order_at": [DAY - timedelta(days=900), DAY - timedelta(days=400)],
        }
    )
    return Census(pd.Series(ago), ever=900, active_then=380, churned_since=60, examples=examples)


def test_many_may_open_a_new_store_at_once(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(Store.open, [url] * 8))
    assert [store.latest() for store in stores] == [None] * 8
    for store in stores:
        store.close()


def test_many_may_open_each_of_many_new_files_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        for number in range(15):
            for store in pool.map(Store.open, [f"sqlite:///{tmp_path}/{number}.db"] * 8):
                store.close()


SAVE = """
import pickle, sys
from configs.settings import Definitions
from serving.store import Store
scored = pickle.loads(open(sys.argv[2], "rb").read())
store = Store.open(sys.argv[1])
print("saving", flush=True)
store.save(scored, source="shop", definitions=Definitions())
"""
SAVE_HALF = """
import time
from serving import saving
def wait(*_):
    print("half", flush=True)
    time.sleep(600)
saving.ranking.keep = wait
"""
SAVE_HALF += SAVE
"""Waits once the scores are in their table, before anything else is."""


@contextmanager
def saving(url: str, scored: Scored, folder: Path, script: str = SAVE) -> Iterator[subprocess.Popen[str]]:
    """Another process that has just begun to save; it is over afterwards."""
    (folder / "scored").write_bytes(pickle.dumps(scored))
    command = [sys.executable, "-c", script, url, str(folder / "scored")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "saving\n"
        yield writer
