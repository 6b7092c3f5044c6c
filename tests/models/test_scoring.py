"""Scores: their columns, their sums, and what may not change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from configs.loading import load
from configs.settings import Playbook
from features.catalog import DIMENSIONS
from features.errors import HistoryError, ModelError
from features.sources import source_from_rows
from features.tables import CONTRACT
from models.bundle import Bundle
from models.language import language
from models.scoring import Scored, in_language, score
from models.telling import open_complaint

Frames = Mapping[str, pd.DataFrame]
Tables = Mapping[str, ibis.Table]
Open = Callable[[Frames], Tables]

ENDS = ("", "_points", "_says", "_confidence", "_repaired")
WEAK_POINTS = [f"weak_point_{place}{end}" for place in (1, 2, 3) for end in ENDS]
COLUMNS = [
    *("customer_id", "as_of", "model_version", "status", "churn_probability"),
    *("clv", "clv_low", "clv_high", "value_at_risk"),
    *("expected_next_order_at", "expected_next_order_low", "expected_next_order_high"),
    *WEAK_POINTS,
    "smallest_repair",
    "action",
]


@pytest.fixture(scope="module")
def playbook() -> Playbook:
    return load(Playbook)


@pytest.fixture(scope="module")
def scored(bundle: Bundle, tables: Tables, as_of: datetime, playbook: Playbook) -> Scored:
    return score(bundle, tables, as_of, playbook)


def cut(frames: Frames, as_of: datetime) -> Frames:
    """Without any row at or after `as_of`, and nothing filled in by then."""
    kept = {}
    for name, frame in frames.items():
        contract = CONTRACT[name]
        rows = frame[frame[contract.time] < as_of] if contract.time else frame
        late = {c: rows[c].where(rows[c] < as_of) for c in contract.fills_in if c in rows}
        kept[name] = rows.assign(**late)
    lines = frames["order_lines"]
    return kept | {"order_lines": lines[lines["order_id"].isin(kept["orders"]["order_id"])]}


def of_customer(frames: Frames, customer_id: str) -> dict[str, list[dict[str, Any]]]:
    """The raw rows of one customer; the lines are those of their orders. A table may have none."""
    orders = frames["orders"]
    own = set(orders.loc[orders["customer_id"] == customer_id, "order_id"])
    kinds = {"customers", "orders", "order_lines", "returns", "tickets", "surveys", "engagement", "contacts"}
    mine = {
        name: frame[frame["customer_id"] == customer_id]
        if "customer_id" in frame
        else frame[frame["order_id"].isin(own)]
        for name, frame in frames.items()
        if name in kinds | {"subscriptions"}
    }
    return {
        name: [
            {column: None if pd.isna(value) else value for column, value in row.items()}
            for row in frame.to_dict("records")
        ]
        for name, frame in mine.items()
    }


def test_the_columns_are_those_of_the_design(scored: Scored) -> None:
    assert list(scored.scores.columns) == COLUMNS
    assert (scored.scores["model_version"] == "3").all()
    assert scored.scores["customer_id"].is_unique
    for name in (
        "customer_id",
        "model_version",
        "status",
        "churn_probability",
        "clv",
        "value_at_risk",
        "action",
    ):
        assert scored.scores[name].notna().all()


def test_everyone_who_ordered_in_the_lookback_is_scored(
    scored: Scored, frames: Frames, as_of: datetime
) -> None:
    orders = frames["orders"]
    since = as_of - timedelta(days=365)
    active = orders[(orders["ordered_at"] >= since) & (orders["ordered_at"] < as_of)]
    assert set(scored.scores["customer_id"]) == set(active["customer_id"])


def test_base_risk_and_points_add_up_to_the_probability(scored: Scored) -> None:
    assert list(scored.points.by_dimension.columns) == list(DIMENSIONS)
    total = scored.points.base_risk + scored.points.by_dimension.sum(axis=1) / 100
    np.testing.assert_allclose(total, scored.scores["churn_probability"], atol=1e-9)


def test_money_and_ranking(scored: Scored) -> None:
    scores = scored.scores
    np.testing.assert_array_equal(scores["value_at_risk"], scores["churn_probability"] * scores["clv"])
    assert scores["value_at_risk"].is_monotonic_decreasing
    assert (scores["clv_low"] <= scores["clv"]).all()
    assert (scores["clv"] <= scores["clv_high"]).all()
    assert list(scored.features["customer_id"]) == list(scores["customer_id"])


def test_the_next_order_agrees_with_the_risk(scored: Scored, bundle: Bundle, as_of: datetime) -> None:
    """Within the horizon it is as likely as not where churn is less likely than not, and later where more."""
    scores, words = scored.scores, bundle.manifest.definitions
    expected, end = scores["expected_next_order_at"], pd.Timestamp(as_of) + timedelta(words.horizon_days)
    likely = scores["churn_probability"] < 0.5
    assert likely.any()
    assert (expected[likely] <= end).all()
    assert not (expected[~likely] < end).any()
    assert expected.dropna().between(pd.Timestamp(as_of), pd.Timestamp(as_of) + timedelta(days=365)).all()
    assert (scores["expected_next_order_low"] <= expected)[expected.notna()].all()
    assert not (scores["expected_next_order_high"] < expected).any()


def test_weak_points_are_told_with_their_points_from_the_front(scored: Scored) -> None:
    scores = scored.scores
    named = [scores[f"weak_point_{place}"].notna() for place in (1, 2, 3)]
    assert named[0].any()
    assert (named[0] | ~named[1]).all()
    assert (named[1] | ~named[2]).all()
    for place, there in enumerate(named, start=1):
        assert (scores[f"weak_point_{place}_says"].notna() == there).all()
        assert (scores[f"weak_point_{place}_points"].notna() == there).all()
        assert scores.loc[there, f"weak_point_{place}_confidence"].isin(["sure", "likely", "unsure"]).all()
        for index, row in scores[there].iterrows():
            points = scored.points.by_dimension.loc[index, row[f"weak_point_{place}"]]
            assert row[f"weak_point_{place}_points"] == points >= 1.0
            assert row[f"weak_point_{place}_repaired"] <= row["churn_probability"] + 1e-12
    assert not (scores[[f"weak_point_{place}" for place in (1, 2, 3)]] == "profile").any(axis=None)


def test_the_action_is_that_of_an_open_complaint_or_of_the_first_weak_point(
    scored: Scored, playbook: Playbook
) -> None:
    is_open = scored.features["complaints_open"] > 0
    assert is_open.any()
    for row, waits in zip(scored.scores.to_dict("records"), is_open, strict=True):
        fitting = [rule.when for rule in playbook.rules if rule.text("en") == row["action"]]
        first = row["weak_point_1"] if pd.notna(row["weak_point_1"]) else "none"
        silent = row["status"] in ("slowing", "lapsed", "lost")
        if waits:
            assert fitting[0].evidence == ("complaint_open", "complaints_open")
        elif first == "none" and not silent:
            assert row["action"] == "Keep in touch as usual."
        else:
            assert any(first in when.weak_point for when in fitting)


def test_an_open_complaint_is_kept_for_whoever_calls_also_where_service_is_not_named(scored: Scored) -> None:
    named = (scored.scores[["weak_point_1", "weak_point_2", "weak_point_3"]] == "service").any(axis=1)
    beside = [open_complaint(facts, language()) for facts in scored.facts]
    waits = (scored.features["complaints_open"] > 0) & ~named
    assert waits.any()
    assert [text is not None for text in beside] == waits.tolist()
    assert all("still open" in text for text in beside if text)


def test_a_sentence_is_told_again_in_another_language(scored: Scored, playbook: Playbook) -> None:
    assert in_language(scored, language(), playbook) is scored.scores
    german = in_language(scored, language("de"), playbook)
    same = [name for name in COLUMNS if not name.endswith("_says") and name != "action"]
    pd.testing.assert_frame_equal(german[same], scored.scores[same])
    for name in ("weak_point_1_says", "weak_point_2_says", "action"):
        assert (german[name].isna() == scored.scores[name].isna()).all()
        assert (german[name] != scored.scores[name])[german[name].notna()].all()


def test_what_happens_at_or_after_the_day_changes_not_one_byte(
    scored: Scored, bundle: Bundle, frames: Frames, opened: Open, as_of: datetime, playbook: Playbook
) -> None:
    known = cut(frames, as_of)
    assert len(known["orders"]) < len(frames["orders"])
    again = score(bundle, opened(known), as_of, playbook)
    assert again.scores.to_csv().encode() == scored.scores.to_csv().encode()
    probabilities = [s.scores["churn_probability"].to_numpy().tobytes() for s in (again, scored)]
    assert probabilities[0] == probabilities[1]
    pd.testing.assert_frame_equal(again.points.by_dimension, scored.points.by_dimension, check_exact=True)


@pytest.mark.parametrize("place", [0, -1])
def test_a_customer_alone_gets_the_score_of_the_crowd(
    place: int,
    scored: Scored,
    bundle: Bundle,
    frames: Frames,
    as_of: datetime,
    playbook: Playbook,
) -> None:
    crowd = scored.scores.dropna(subset="weak_point_1").iloc[place]
    source = source_from_rows(of_customer(frames, crowd["customer_id"]))
    alone = score(bundle, source.tables, as_of, playbook).scores
    source.backend.disconnect()
    assert len(alone) == 1
    assert alone["churn_probability"][0] == pytest.approx(crowd["churn_probability"], abs=1e-9)
    assert alone["clv"][0] == pytest.approx(crowd["clv"], rel=1e-9)
    assert alone["weak_point_1_says"][0] == crowd["weak_point_1_says"]


def test_a_missing_table_or_column_is_named(
    bundle: Bundle, tables: Tables, as_of: datetime, playbook: Playbook
) -> None:
    fewer = {name: table for name, table in tables.items() if name not in ("tickets", "surveys")}
    with pytest.raises(
        ModelError, match="Model 3 was trained with surveys, tickets, which this source lacks"
    ):
        score(bundle, fewer, as_of, playbook)
    narrow = {**tables, "orders": tables["orders"].drop("discount")}
    with pytest.raises(ModelError, match=r"was trained with orders\.discount, which this source lacks"):
        score(bundle, narrow, as_of, playbook)


def test_columns_that_no_feature_needs_may_be_missing(
    scored: Scored, bundle: Bundle, tables: Tables, as_of: datetime, playbook: Playbook
) -> None:
    narrow = {
        **tables,
        "orders": tables["orders"].drop("channel"),
        "tickets": tables["tickets"].drop("text"),
    }
    pd.testing.assert_frame_equal(score(bundle, narrow, as_of, playbook).scores, scored.scores)


def test_nobody_active(bundle: Bundle, tables: Tables, playbook: Playbook) -> None:
    with pytest.raises(
        HistoryError, match=r"As of 2022-01-01 nothing is known yet: the first order is of 2023"
    ):
        score(bundle, tables, datetime(2022, 1, 1), playbook)  # noqa: DTZ001
    with pytest.raises(
        HistoryError, match=r"No customer is active as of 2027-01-01: none ordered in the 365 days"
    ):
        score(bundle, tables, datetime(2027, 1, 1), playbook)  # noqa: DTZ001
