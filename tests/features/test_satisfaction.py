"""Satisfaction by hand and by SQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)
OfOne = Callable[[Any, datetime], dict[str, Any]]


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def answers(*given: tuple[datetime, str, float]) -> dict[str, Any]:
    return {"surveys": [{"responded_at": time, "metric": metric, "score": s} for time, metric, s in given]}


def test_by_hand(of_one: OfOne) -> None:
    found = of_one(
        answers(
            (ago(400), "nps", 9),  # mood 9
            (ago(200), "csat", 2),  # mood (2 − 1) / 4 · 10 = 2.5
            (ago(100), "csi", 10),  # mood 10
            (ago(50), "ces", 4),  # mood (4 − 1) / 6 · 10 = 5
            (ago(20), "nps", 6),  # mood 6
        ),
        AS_OF,
    )
    expected = {
        "answers": 5,
        "answers_180d": 3,
        "low_answers_180d": 2,
        "mood_last": 6,
        "mood_180d": (10 + 5 + 6) / 3,
        "mood_before": (9 + 2.5) / 2,
        "mood_change": 6 - (9 + 2.5) / 2,
        "mood_lowest": 2.5,
        "days_since_answer": 20,
        "nps_last": 6,
        "csat_last": 2,
        "csi_last": 10,
        "ces_last": 4,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=1e-12)
    assert found["last_answer_at"] == ago(20)


def test_who_was_never_asked_has_no_mood_and_no_low_answers(of_one: OfOne) -> None:
    found = of_one({"orders": [{"ordered_at": ago(5), "amount": 1.0}]}, AS_OF)
    assert found["answers"] == found["answers_180d"] == found["low_answers_180d"] == 0
    nulls = ["mood_last", "mood_180d", "mood_before", "mood_change", "mood_lowest", "nps_last", "ces_last"]
    assert [found[name] for name in nulls] == [None] * 7
    assert found["days_since_answer"] is found["last_answer_at"] is None


@pytest.mark.parametrize(
    ("metric", "score", "mood", "low"),
    [
        ("nps", 0, 0.0, 1),
        ("nps", 6, 6.0, 1),
        ("nps", 7, 7.0, 0),
        ("nps", 10, 10.0, 0),
        ("csat", 1, 0.0, 1),
        ("csat", 3, 5.0, 1),
        ("csat", 4, 7.5, 0),
        ("csat", 5, 10.0, 0),
        ("csi", 1, 0.0, 1),
        ("csi", 6, 5.556, 1),
        ("csi", 7, 6.667, 0),
        ("csi", 10, 10.0, 0),
        ("ces", 1, 0.0, 1),
        ("ces", 4, 5.0, 1),
        ("ces", 5, 6.667, 0),
        ("ces", 7, 10.0, 0),
    ],
)
def test_every_scale_goes_from_0_to_10(
    of_one: OfOne, metric: str, score: float, mood: float, low: int
) -> None:
    found = of_one(answers((ago(5), metric, score)), AS_OF)
    assert found["mood_last"] == found["mood_180d"] == found["mood_lowest"] == mood
    assert found[f"{metric}_last"] == score
    assert found["low_answers_180d"] == low


def test_the_window_begins_at_its_first_instant_and_ends_before_as_of(of_one: OfOne) -> None:
    times = [ago(180) - MICROSECOND, ago(180), AS_OF - MICROSECOND, AS_OF]
    found = of_one(
        answers(*[(time, "nps", score) for time, score in zip(times, range(4), strict=True)]), AS_OF
    )
    assert (found["answers"], found["answers_180d"], found["low_answers_180d"]) == (3, 2, 2)
    assert (found["mood_before"], found["mood_180d"], found["mood_last"]) == (0, (1 + 2) / 2, 2)


def test_a_time_within_a_second_changes_no_value(of_one: OfOne) -> None:
    found = of_one(answers((ago(5) + timedelta(milliseconds=300), "nps", 7)), AS_OF)
    assert found["mood_last"] == found["nps_last"] == 7


def test_of_several_answers_in_one_second_the_lowest_is_the_last(of_one: OfOne) -> None:
    found = of_one(
        answers((ago(9), "nps", 1), (ago(5), "csat", 5), (ago(5), "nps", 8), (ago(5), "nps", 9)), AS_OF
    )
    assert (found["mood_last"], found["nps_last"], found["csat_last"]) == (8, 8, 5)


def test_agrees_with_sql(agrees: Callable[[str], None]) -> None:
    agrees("""
        WITH seen AS (
            SELECT *, responded_at >= as_of - INTERVAL 180 DAY AS recent,
                round(CASE metric WHEN 'nps' THEN score WHEN 'csat' THEN (score - 1) * 10 / 4
                    WHEN 'csi' THEN (score - 1) * 10 / 9 WHEN 'ces' THEN (score - 1) * 10 / 6 END, 3) AS mood
            FROM snap LEFT JOIN surveys USING (customer_id)
        )
        SELECT customer_id, as_of, count(mood) FILTER (responded_at < as_of) AS answers,
            count(mood) FILTER (responded_at < as_of AND recent) AS answers_180d,
            count(mood) FILTER (responded_at < as_of AND recent AND mood <= 6) AS low_answers_180d,
            arg_max(mood, responded_at) FILTER (responded_at < as_of) AS mood_last,
            avg(mood) FILTER (responded_at < as_of AND recent) AS mood_180d,
            avg(mood) FILTER (responded_at < as_of AND NOT recent) AS mood_before,
            min(mood) FILTER (responded_at < as_of) AS mood_lowest,
            arg_max(score, responded_at) FILTER (responded_at < as_of AND metric = 'csat') AS csat_last,
            max(responded_at) FILTER (responded_at < as_of) AS last_answer_at
        FROM seen GROUP BY customer_id, as_of
    """)
