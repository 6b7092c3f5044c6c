"""Satisfaction by hand and by SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from features.build import build, catalog
from features.priors import Prior
from features.reference import Reference
from features.satisfaction import FEATURES
from features.sources import Source
from features.tables import SURVEY_SCALES

AS_OF = datetime.fromisoformat("2024-07-01")
MICROSECOND = timedelta(microseconds=1)
OfOne = Callable[[Any, datetime], dict[str, Any]]
NAMES = [feature.name for feature in FEATURES]


def ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


def answers(*given: tuple[Any, ...]) -> dict[str, Any]:
    columns = ("responded_at", "metric", "score", "comment")
    return {"surveys": [dict(zip(columns, answer, strict=False)) for answer in given]}


def orders(*days: float) -> dict[str, Any]:
    return {"orders": [{"ordered_at": ago(day), "amount": 1.0} for day in days]}


ANSWERS = answers(
    (ago(400), "nps", 9, "So good!"),  # mood 9
    (ago(200), "csat", 2),  # mood (2 − 1) / 4 · 10 = 2.5
    (ago(100), "csi", 10, ""),  # mood 10
    (ago(50), "ces", 4, "Meh."),  # mood (4 − 1) / 6 · 10 = 5
    (ago(20), "nps", 6, "Too slow"),  # mood 6
)
# The last sign of life was 60 − 14 = 46 days ago; the 90 days up to it begin 136 days ago.
ROWS = ANSWERS | orders(390, 210, 120, 60) | {"customers": [{"segment": "gold"}]}

LEARNT = Reference(
    typical_gap_days=30.0,
    return_share=0.1,
    priors={
        "mood": Prior(2 * 7_000.0, 2.0),
        "nps": Prior(2 * 8_000.0, 2.0),
        "low_answer_share": Prior(0.5, 2.0),
        "comment_share": Prior(1.0, 2.0),
        "comment_length": Prior(40.0, 2.0),
        "answer_rate": Prior(0.4, 2.0),
        "answer_pace": Prior(1.0, 100.0),
    },
    moods={"": 7.0, "gold": 8.0, "silver": 6.5},
)


@pytest.fixture(scope="module")
def learnt(bench: Any, of_one: OfOne) -> Iterator[OfOne]:
    """As `of_one`, satisfaction alone, with the priors and moods of LEARNT."""
    query = bench.prepare("learnt", build(bench.tables, bench.snapshots, LEARNT, only=NAMES))

    def learnt(rows: Any, as_of: datetime) -> dict[str, Any]:
        of_one(rows, as_of)
        found: dict[str, Any] = bench.ask(query)["c", as_of]
        return found

    yield learnt
    bench.backend.con.execute("DEALLOCATE learnt")


def check(found: dict[str, Any], expected: dict[str, Any]) -> None:
    numbers = {name: value for name, value in expected.items() if value is not None}
    assert {name: found[name] for name in numbers} == pytest.approx(numbers, rel=1e-12)
    missing = set(expected) - set(numbers)
    assert {name for name in expected if found[name] is None} == missing


def test_what_was_answered_by_hand(of_one: OfOne) -> None:
    found = of_one(ROWS, AS_OF)
    check(
        found,
        {
            "answers": 5,
            "answers_180d": 3,
            "answers_180_to_365d": 1,
            "answers_at_last_order": 2,
            "low_answers_180d": 2,
            "low_answers_at_last_order": 1,
            "mood_last": 6,
            "answered_mood_180d": (10 + 5 + 6) / 3,
            "answered_mood_before": (9 + 2.5) / 2,
            "answered_mood_at_last_order": (10 + 5) / 2,
            "answered_mood_before_last_order": (9 + 2.5) / 2,
            "mood_change": 6 - (9 + 2.5) / 2,
            "mood_lowest": 2.5,
            "mood_lowest_at_last_order": 5,
            "days_since_answer": 20,
            "nps_last": 6,
            "csat_last": 2,
            "csi_last": 10,
            "ces_last": 4,
            "nps_lowest_180d": 6,
            "csat_lowest_180d": None,
            "csi_lowest_180d": 10,
            "ces_lowest_180d": 4,
            "nps_group": -1,
            "nps_group_before": 1,
            "nps_step": 6 - 9,
            "fell_silent": 0,
        },
    )
    assert found["last_answer_at"] == ago(20)


def test_estimates_by_hand(learnt: OfOne) -> None:
    check(
        learnt(ROWS, AS_OF),
        {
            # two answers of 7 added
            "mood_180d": (10 + 5 + 6 + 14) / (3 + 2),
            "mood_before": (9 + 2.5 + 14) / (2 + 2),
            "mood_at_last_order": (10 + 5 + 14) / (2 + 2),
            # 7 of three answers, before 2.5 of one: the difference times 3·1 / (3·1 + (3 + 1)·2/2)
            "mood_trend": (7 - 2.5) * 3 / 7,
            # 7.5 of two answers, before 5.75 of two
            "mood_change_at_last_order": (7.5 - 5.75) * 4 / 8,
            "nps_180d": (6 + 16) / (1 + 2),
            "nps_trend": 0,
            # nobody of the training answered these
            "csat_180d": None,
            "csat_trend": None,
            "low_answer_share_180d": (2 + 0.5) / (3 + 2),
            "low_answer_share_before": (1 + 0.5) / (2 + 2),
            "low_answer_share_at_last_order": (1 + 0.5) / (2 + 2),
            "low_answer_share_trend": (2 / 3 - 1) * 3 / 7,
            "low_answer_share_change_at_last_order": 0,
            "comment_share_365d": (2 + 1) / (4 + 2),
            "comment_length_365d": (4 + 8 + 40) / (2 + 2),
            "comment_length_trend": 0,
            "answer_rate_365d": (4 + 0.4) / (3 + 2),
            # four more answers in 380 days, and one in 100
            "answer_overdue": 20 / (480 / 5),
            "mood_gap_segment": (2.5 + 10 + 5 + 6 - 4 * 8) / (4 + 2),
        },
    )


def test_who_was_never_asked_has_the_estimates_of_all_and_no_answers(learnt: OfOne) -> None:
    found = learnt(orders(5), AS_OF)
    moods = {f"mood{window}": 7.0 for window in ("_180d", "_before", "_at_last_order")}
    check(
        found,
        moods
        | {
            "nps_180d": 8.0,
            "low_answer_share_180d": 0.25,
            "comment_share_365d": 0.5,
            "comment_length_365d": 20.0,
            "answer_rate_365d": 0.4 / 3,
            "mood_gap_segment": 0.0,
            "fell_silent": 0,
        },
    )
    assert [found[name] for name in NAMES if name.startswith(("answers", "low_answers"))] == [0] * 6
    nothing = [
        *(f"{metric}_{what}" for metric in SURVEY_SCALES for what in ("last", "lowest_180d")),
        *("mood_last", "mood_lowest", "mood_lowest_at_last_order"),
        *("mood_change", "mood_trend", "mood_change_at_last_order", "low_answer_share_trend"),
        *("nps_group", "nps_group_before", "nps_step", "days_since_answer", "answer_overdue"),
        *("answered_mood_180d", "answered_mood_before", "last_answer_at", "comment_length_trend"),
    ]
    assert [found[name] for name in nothing] == [None] * len(nothing)


def test_one_answer_moves_the_estimate_and_no_trend(learnt: OfOne) -> None:
    found = learnt(answers((ago(5), "nps", 0, "Never again")) | orders(5), AS_OF)
    check(
        found,
        {
            "mood_180d": 14 / 3,
            "mood_before": 7.0,
            "mood_trend": 0.0,
            "mood_change_at_last_order": 0.0,
            "low_answer_share_180d": 1.5 / 3,
            "comment_length_365d": (11 + 40) / 3,
            "nps_group": -1,
            "nps_group_before": None,
            "nps_step": None,
            "mood_change": None,
            "answer_overdue": 0.05,
            "mood_gap_segment": -7 / 3,
        },
    )


@pytest.mark.parametrize(
    ("segment", "typical"), [("gold", 8.0), ("silver", 6.5), ("unheard of", 7.0), (None, 7.0)]
)
def test_the_gap_is_to_the_segment_and_else_to_everyone(
    learnt: OfOne, segment: str | None, typical: float
) -> None:
    found = learnt(answers((ago(5), "nps", 5)) | {"customers": [{"segment": segment}]}, AS_OF)
    assert found["mood_gap_segment"] == pytest.approx((5 - typical) / 3, rel=1e-12)


@pytest.mark.parametrize(("score", "group"), [(10, 1), (9, 1), (8, 0), (7, 0), (6, -1), (0, -1)])
def test_nine_promotes_and_six_detracts(of_one: OfOne, score: int, group: int) -> None:
    found = of_one(answers((ago(9), "nps", score), (ago(5), "nps", 3)), AS_OF)
    assert (found["nps_group_before"], found["nps_group"], found["nps_step"]) == (group, -1, 3 - score)


@pytest.mark.parametrize(
    ("answered", "ordered", "silent"),
    [
        ([200], [100], 1),
        ([365], [180], 1),
        ([181, 180], [100], 0),
        ([366], [100], 0),
        ([200], [181], 0),
        ([200], [], 0),
        ([], [100], 0),
    ],
)
def test_silent_fell_who_answered_before_and_not_on_newer_orders(
    of_one: OfOne, answered: list[int], ordered: list[int], silent: int
) -> None:
    given = answers(*[(ago(day), "nps", 8) for day in answered]) | orders(*ordered)
    assert of_one(given, AS_OF)["fell_silent"] == silent


def test_what_is_answered_after_the_last_sign_of_life_is_not_of_the_last_order(of_one: OfOne) -> None:
    days = [190 - 14, 100 - 14, 100 - 14 - 0.00002]
    found = of_one(answers(*[(ago(day), "nps", 5) for day in days]) | orders(100), AS_OF)
    assert found["answers_at_last_order"] == 1
    assert found["answers"] == 3
    early = of_one(answers((ago(190 - 14 + 0.00002), "nps", 5)) | orders(100), AS_OF)
    assert (early["answers_at_last_order"], early["answered_mood_before_last_order"]) == (0, 5)


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
    assert found[f"{metric}_last"] == found[f"{metric}_180d"] == found[f"{metric}_lowest_180d"] == score
    assert found["low_answers_180d"] == found["low_answer_share_180d"] == low


def test_the_window_begins_at_its_first_instant_and_ends_before_as_of(of_one: OfOne) -> None:
    times = [ago(365) - MICROSECOND, ago(365), ago(180) - MICROSECOND, ago(180), AS_OF - MICROSECOND, AS_OF]
    given = answers(*[(time, "nps", score, "o" * score) for time, score in zip(times, range(6), strict=True)])
    found = of_one(given, AS_OF)
    check(
        found,
        {
            "answers": 5,
            "answers_180_to_365d": 2,
            "answers_180d": 2,
            "answered_mood_before": (0 + 1 + 2) / 3,
            "mood_before": (0 + 1 + 2) / 3,
            "nps_180d": (3 + 4) / 2,
            "nps_lowest_180d": 3,
            "nps_trend": (3 + 4) / 2 - (1 + 2) / 2,
            "comment_length_365d": (1 + 2 + 3 + 4) / 4,
            "mood_last": 4,
            "nps_step": 4 - 3,
        },
    )


def test_a_time_within_a_second_changes_no_value(of_one: OfOne) -> None:
    found = of_one(answers((ago(5) + timedelta(milliseconds=300), "nps", 7)), AS_OF)
    assert found["mood_last"] == found["nps_last"] == 7


def test_of_several_answers_in_one_second_the_lowest_is_the_last(of_one: OfOne) -> None:
    found = of_one(
        answers((ago(9), "nps", 1), (ago(5), "csat", 5), (ago(5), "nps", 8), (ago(5), "nps", 9)), AS_OF
    )
    assert (found["mood_last"], found["nps_last"], found["csat_last"]) == (8, 8, 5)
    assert found["nps_step"] == 8 - 9


def test_a_null_comment_counts_as_none(of_one: OfOne) -> None:
    found = of_one(answers((ago(9), "nps", 1, None), (ago(5), "nps", 8, "Grüße")), AS_OF)
    assert (found["comment_share_365d"], found["comment_length_365d"]) == (0.5, 5)


@pytest.mark.parametrize(
    ("table", "column", "gone"),
    [
        ("surveys", "comment", [name for name in NAMES if name.startswith("comment")]),
        ("customers", "segment", ["mood_gap_segment"]),
    ],
)
def test_a_column_that_is_missing_removes_its_features_alone(
    shop: Source, table: str, column: str, gone: list[str]
) -> None:
    less = {**shop.tables, table: shop.tables[table].drop(column)}
    there = [f.name for f in catalog(less).available(less) if f.dimension == "satisfaction"]
    assert there == [name for name in NAMES if name not in gone]


def test_every_feature_lies_in_its_range(frame: pd.DataFrame) -> None:
    numbers = [f for f in FEATURES if f.name != "last_answer_at"]
    low, high = (
        pd.Series([getattr(f, end) for f in numbers], [f.name for f in numbers]) for end in ("low", "high")
    )
    found = frame[list(low.index)].agg(["min", "max"]).T
    assert found.notna().all().all()
    assert (found["min"] >= low).all()
    assert (found["max"] <= high).all()


SEEN = """
    WITH moments AS (
        SELECT customer_id, as_of,
            least(as_of, max(date_trunc('second', ordered_at)) + INTERVAL 14 DAY) AS ending
        FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of GROUP BY customer_id, as_of
    ), rated AS (
        SELECT *, coalesce(length(comment), 0) AS chars, round(CASE metric WHEN 'nps' THEN score
            WHEN 'csat' THEN (score - 1) * 10 / 4 WHEN 'csi' THEN (score - 1) * 10 / 9
            WHEN 'ces' THEN (score - 1) * 10 / 6 END, 3) AS mood
        FROM surveys
    ), seen AS (
        SELECT moments.*, rated.* EXCLUDE customer_id,
            responded_at >= as_of - INTERVAL 180 DAY AS in_180d,
            responded_at >= as_of - INTERVAL 365 DAY AS in_365d, NOT in_180d AS in_before,
            in_365d AND NOT in_180d AS in_between,
            responded_at < ending AND responded_at >= ending - INTERVAL 90 DAY AS in_at_last_order,
            responded_at < ending - INTERVAL 90 DAY AS in_before_last_order
        FROM moments LEFT JOIN rated ON rated.customer_id = moments.customer_id AND responded_at < as_of
    )
"""


def asked(columns: list[str]) -> str:
    return f"{SEEN} SELECT customer_id, as_of, {', '.join(columns)} FROM seen GROUP BY customer_id, as_of"


def estimate(prior: Prior, total: str, count: str) -> str:
    return f"({total} + {prior.events}) / ({count} + {prior.chances})"


def change(prior: Prior, *means: tuple[str, str]) -> str:
    """Of (total, count) now and before: their means' difference times its credibility."""
    (total, n), (total_before, m) = means
    mean = f"coalesce({total} / nullif({n}, 0) - {total_before} / nullif({m}, 0), 0)"
    return f"{mean} * {n} * {m} / nullif({n} * {m} + ({n} + {m}) * {prior.chances} / 2, 0)"


def tally(value: str, window: str, where: str = "true") -> tuple[str, str]:
    """Total and count of the rows of a window."""
    held = f"FILTER (WHERE in_{window} AND {where})"
    return f"coalesce(sum({value}) {held}, 0)", f"count(mood) {held}"


MEANS = {
    "mood": ("mood", "true"),
    **{metric: ("score", f"metric = '{metric}'") for metric in SURVEY_SCALES},
    "low_answer_share": ("(mood <= 6)::INT", "true"),
    "comment_share": ("(chars > 0)::INT", "true"),
    "comment_length": ("chars", "chars > 0"),
}


@pytest.mark.parametrize("name", MEANS)
def test_estimates_agree_with_sql(agrees: Callable[[str], None], told: Reference, name: str) -> None:
    value, where = MEANS[name]
    parts = 1_000 if name in ("mood", *SURVEY_SCALES) else 1
    prior = Prior(told.prior(name).events / parts, told.prior(name).chances)
    windows = ("180d", "365d", "before", "at_last_order")
    columns = [
        f"{estimate(prior, *tally(value, window, where))} AS {name}_{window}"
        for window in windows
        if f"{name}_{window}" in NAMES
    ]
    assert prior.chances >= 1
    for suffix, now, before in (
        ("trend", "180d", "between"),
        ("change_at_last_order", "at_last_order", "before_last_order"),
    ):
        if f"{name}_{suffix}" in NAMES:
            means = (tally(value, window, where) for window in (now, before))
            columns.append(f"{change(prior, *means)} AS {name}_{suffix}")
    assert columns
    agrees(asked(columns))


@pytest.mark.parametrize("scale", ["mood", *SURVEY_SCALES])
def test_last_and_lowest_agree_with_sql(agrees: Callable[[str], None], scale: str) -> None:
    value, where = MEANS[scale]
    window = "at_last_order" if scale == "mood" else "180d"
    agrees(
        asked(
            [
                f"arg_max({value}, responded_at) FILTER ({where}) AS {scale}_last",
                f"min({value}) FILTER (in_{window} AND {where}) AS {scale}_lowest_{window}",
            ]
        )
    )


def test_counts_means_and_groups_agree_with_sql(agrees: Callable[[str], None]) -> None:
    group = "CASE WHEN {0} >= 9 THEN 1 WHEN {0} >= 7 THEN 0 WHEN {0} >= 0 THEN -1 END"
    nps = [f"arg_max(score, responded_at, 2) FILTER (metric = 'nps')[{place}]" for place in (1, 2)]
    agrees(
        asked(
            [
                "count(mood) AS answers",
                *(f"{tally('1', w)[1]} AS answers_{w}" for w in ("180d", "at_last_order")),
                f"{tally('1', 'between')[1]} AS answers_180_to_365d",
                *(f"{tally('1', w, 'mood <= 6')[1]} AS low_answers_{w}" for w in ("180d", "at_last_order")),
                *(
                    f"avg(mood) FILTER (in_{w}) AS answered_mood_{w}"
                    for w in ("180d", "before", "at_last_order", "before_last_order")
                ),
                "min(mood) AS mood_lowest",
                "arg_max(mood, responded_at) - avg(mood) FILTER (in_before) AS mood_change",
                f"{group.format(nps[0])} AS nps_group",
                f"{group.format(nps[1])} AS nps_group_before",
                f"{nps[0]} - {nps[1]} AS nps_step",
                "max(responded_at) AS last_answer_at",
                "epoch(as_of - max(responded_at)) / 86400 AS days_since_answer",
            ]
        )
    )


def test_silence_and_gaps_agree_with_sql(agrees: Callable[[str], None], told: Reference) -> None:
    pace, rate, mood = (told.prior(name) for name in ("answer_pace", "answer_rate", "mood"))
    gap = f"({pace.chances} + span) / ({pace.events} + greatest(answers - 1, 0))"
    typical = " ".join(f"WHEN segment = '{name}' THEN {value}" for name, value in told.moods.items() if name)
    agrees(f"""
        WITH answered AS (
            SELECT customer_id, as_of, count(response_id) AS answers, max(responded_at) AS newest,
                coalesce(floor(epoch(max(responded_at) - min(responded_at)) / 86400), 0) AS span,
                count(response_id) FILTER (responded_at >= as_of - INTERVAL 180 DAY) AS answers_180d,
                count(response_id) FILTER (responded_at >= as_of - INTERVAL 365 DAY) AS answers_365d,
                coalesce(sum(round(CASE metric WHEN 'nps' THEN score WHEN 'csat' THEN (score - 1) * 10 / 4
                    WHEN 'csi' THEN (score - 1) * 10 / 9 WHEN 'ces' THEN (score - 1) * 10 / 6 END, 3))
                    FILTER (responded_at >= as_of - INTERVAL 365 DAY), 0) AS moods
            FROM snap LEFT JOIN (
                SELECT snap.*, surveys.* EXCLUDE customer_id
                FROM snap JOIN surveys ON surveys.customer_id = snap.customer_id AND responded_at < as_of
            ) USING (customer_id, as_of) GROUP BY ALL
        ), ordered AS (
            SELECT customer_id, as_of,
                count(*) FILTER (ordered_at >= as_of - INTERVAL 180 DAY) AS orders_180d,
                count(*) FILTER (ordered_at >= as_of - INTERVAL 365 DAY) AS orders_365d
            FROM snap JOIN orders USING (customer_id) WHERE ordered_at < as_of GROUP BY ALL
        )
        SELECT customer_id, as_of,
            epoch(as_of - newest) / 86400 / ({gap}) AS answer_overdue,
            (answers_365d > answers_180d AND answers_180d = 0 AND orders_180d > 0)::INT AS fell_silent,
            {estimate(rate, "answers_365d", "orders_365d")} AS answer_rate_365d,
            (moods - answers_365d * CASE {typical} ELSE {told.moods[""]} END)
                / (answers_365d + {mood.chances}) AS mood_gap_segment
        FROM answered JOIN ordered USING (customer_id, as_of) LEFT JOIN customers USING (customer_id)
    """)
