"""The mood of everyone and of each segment, and what a few answers say of a customer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pytest

from features.catalog import Rate
from features.mood import SEGMENTS, typical_moods, with_moods
from features.priors import Prior, learn
from features.reference import Reference, reference
from features.sources import Source, source_from_rows

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)
YEAR_AGO = AS_OF - timedelta(days=365)
MOODS = Rate("mood", "total", "answers", squares="squares")


def tables(
    answers: list[tuple[str, datetime, float]], segments: dict[str, str | None] | None = None
) -> dict[str, ibis.Table]:
    rows: dict[str, Any] = {
        "orders": [],
        "surveys": [
            {
                "response_id": str(n),
                "customer_id": customer,
                "responded_at": at,
                "metric": "nps",
                "score": score,
            }
            for n, (customer, at, score) in enumerate(answers)
        ],
    }
    if segments is not None:
        rows["customers"] = [{"customer_id": key, "segment": value} for key, value in segments.items()]
    return source_from_rows(rows).tables


RECENT = AS_OF - timedelta(days=5)
ANSWERS = [
    ("a", RECENT, 9.0),
    ("a", YEAR_AGO, 6.0),
    ("b", AS_OF - MICROSECOND, 3.0),
    ("c", RECENT, 8.0),
    ("d", RECENT, 1.0),
    ("a", YEAR_AGO - MICROSECOND, 0.0),
    ("b", AS_OF, 10.0),
]


def test_each_segment_has_the_mean_of_its_answers_of_a_year() -> None:
    found = typical_moods(tables(ANSWERS, {"a": "gold", "b": "gold", "c": "silver", "d": None}), AS_OF)
    assert found == {"": (9 + 6 + 3 + 8 + 1) / 5, "gold": (9 + 6 + 3) / 3, "silver": 8.0}


def test_without_segments_there_is_the_mean_of_all() -> None:
    assert typical_moods(tables(ANSWERS), AS_OF) == {"": 5.4}


def test_without_answers_there_is_no_mood() -> None:
    assert typical_moods(tables([], {"a": "gold"}), AS_OF) == {}
    assert typical_moods({"orders": tables([])["orders"]}, AS_OF) == {}


def test_only_the_segments_with_the_most_answers_have_their_own() -> None:
    many = [f"c{number:02}" for number in range(SEGMENTS + 1)]
    answers = [(customer, RECENT, 5.0) for customer in many for _ in range(2 if customer != "c07" else 1)]
    found = typical_moods(tables(answers, {customer: f"of {customer}" for customer in many}), AS_OF)
    assert set(found) == {"", *(f"of {customer}" for customer in many if customer != "c07")}


def test_the_reference_agrees_with_sql(shop: Source, folder: Path) -> None:
    found = duckdb.sql(f"""
        SELECT coalesce(segment, ''), avg(CASE metric WHEN 'nps' THEN score
            WHEN 'csat' THEN (score - 1) * 10 / 4 WHEN 'csi' THEN (score - 1) * 10 / 9
            WHEN 'ces' THEN (score - 1) * 10 / 6 END)
        FROM '{folder}/surveys.parquet' JOIN '{folder}/customers.parquet' USING (customer_id)
        WHERE responded_at < '{AS_OF}' AND responded_at >= TIMESTAMP '{AS_OF}' - INTERVAL 365 DAY
        GROUP BY GROUPING SETS ((), (segment))
    """).fetchall()
    assert reference(shop.tables, AS_OF).moods == pytest.approx(dict(found), abs=5e-4)
    assert len(found) > 2


def test_the_moods_go_through_json_bit_for_bit(told: Reference) -> None:
    found = Reference.from_dict(json.loads(json.dumps(told.to_dict())))
    assert found.moods == told.moods
    assert len(found.moods) > 2


def test_the_answer_before_is_the_same_customers_to_the_same_question() -> None:
    times = [AS_OF - timedelta(days=day) for day in (9, 8, 7, 7, 6)]
    given = tables(
        [("a", t, s) for t, s in zip(times, (1.0, 2.0, 3.0, 4.0, 5.0), strict=True)] + [("b", RECENT, 6.0)]
    )
    surveys = with_moods(given["surveys"])
    found = {row["points"]: row["points_before"] for row in surveys.to_pyarrow().to_pylist()}
    assert found == {1_000: None, 2_000: 1_000, 4_000: 2_000, 3_000: 4_000, 5_000: 3_000, 6_000: None}


@pytest.fixture
def learnt() -> Callable[[list[list[int]]], Prior | None]:
    """The answers of each customer → the prior of their mean."""

    def learnt(customers: list[list[int]]) -> Prior | None:
        rows = [(sum(own), len(own), sum(value * value for value in own)) for own in customers]
        schema = {"total": "int64", "answers": "int64", "squares": "int64"}
        return learn(ibis.memtable(rows, schema=schema), [MOODS]).get("mood")

    return learnt


def test_the_credibility_constant_by_hand(learnt: Callable[[list[list[int]]], Prior | None]) -> None:
    # means 5 and 9, of all 7. Within: 8 · 9 / (8 − 2) = 12.
    # Between: (4·2² + 4·2² − (2 − 1)·12) / (8 − (4² + 4²)/8) = 20 / 4 = 5. So k = 12 / 5.
    found = learnt([[2, 8, 2, 8], [6, 12, 6, 12], []])
    assert found is not None
    assert (found.events, found.chances) == pytest.approx((7 * 2.4, 2.4))


def test_customers_who_differ_by_chance_alone_are_taken_for_alike(
    learnt: Callable[[list[list[int]]], Prior | None],
) -> None:
    assert learnt([[0, 10], [10, 0]]) == Prior(20.0, 4.0)


def test_customers_who_never_change_their_mind_are_believed(
    learnt: Callable[[list[list[int]]], Prior | None],
) -> None:
    assert learnt([[2, 2], [8, 8]]) == Prior(5.0, 1.0)


def test_without_answers_there_is_no_prior(learnt: Callable[[list[list[int]]], Prior | None]) -> None:
    assert learnt([[], []]) is None
