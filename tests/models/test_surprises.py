"""What is news of a customer and what is none: habits, single events, silence of whoever is gone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.surprises import SURPRISES, learn_norms, named, with_surprises

USUAL: dict[str, float] = {
    "days_since_first_order": 400,
    "days_since_order": 5,
    "silence_rank": 0.2,
    "orders": 20,
    "orders_45d": 2,
    "orders_90d": 4,
    "orders_120d": 5,
    "orders_180d": 8,
    "orders_at_last_order": 4,
    "activities": 80,
    "activities_30d": 6,
    "activities_90d": 18,
    "activities_180d": 36,
    "activities_90_to_180d": 18,
    "activities_30d_at_last_order": 6,
    "activities_at_last_order": 18,
    "activities_before_last_order": 18,
    "complaints": 0,
    "complaints_30d": 0,
    "complaints_90d": 0,
    "complaints_180d": 0,
    "complaints_at_last_order": 0,
    "complaints_open": 0,
    "tickets_180d": 1,
    "unanswered_180d": 0,
    "response_hours_180d": 6,
    "returns": 1,
    "returns_30d": 0,
    "returns_90d": 0,
    "returns_180d": 0,
    "returns_at_last_order": 0,
    "answers": 6,
    "answers_180d": 2,
    "answers_at_last_order": 1,
    "mood_last": 8,
    "answered_mood_180d": 8,
    "answered_mood_before": 8,
    "answered_mood_at_last_order": 8,
    "answered_mood_before_last_order": 8,
    "last_order_amount": 50,
    "basket_90d": 50,
    "basket_before": 50,
    "basket_at_last_order": 50,
    "basket_before_last_order": 50,
    "discount_share_90d": 0.05,
    "discount_share_before": 0.05,
    "discount_share_at_last_order": 0.05,
    "discount_share_before_last_order": 0.05,
}
NORMS = {
    "more_complaints": (0.001,),
    "more_undone": (0.1,),
    "longer_waits": (np.log(6), 1.0),
    "more_returns": (0.06,),
    "lower_answers": (1.2,),
    "smaller_orders": (0.5,),
    "deeper_discounts": (0.08,),
    "fading": (0.2, 0.01, 0.15),
    "fading_before_last_order": (0.2, 0.01, 0.15),
}
LATE_COMPLAINTS = ("complaints_30d", "complaints_90d", "complaints_180d")
THREE_TIMES, TWENTY_TIMES = np.log([3, 20])


def told(**changes: float) -> dict[str, float]:
    """The surprises of a customer that are above 0."""
    row = with_surprises(pd.DataFrame([{**USUAL, **changes}]), NORMS).iloc[0]
    return {name: row[name] for name in NORMS if row[name] > 0.05}


def test_nothing_surprises_of_a_usual_customer() -> None:
    assert told() == {}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"complaints": 2, **dict.fromkeys(LATE_COMPLAINTS, 2)}, "more_complaints"),
        ({"tickets_180d": 3, "unanswered_180d": 1, "complaints_open": 2}, "more_undone"),
        ({"response_hours_180d": 180}, "longer_waits"),
        ({"returns": 3, "returns_30d": 2, "returns_90d": 2, "returns_180d": 2}, "more_returns"),
        ({"mood_last": 3, "answered_mood_180d": 3, "answered_mood_at_last_order": 3}, "lower_answers"),
        ({"basket_90d": 15, "last_order_amount": 15, "basket_at_last_order": 15}, "smaller_orders"),
        ({"discount_share_90d": 0.3, "discount_share_at_last_order": 0.3}, "deeper_discounts"),
        ({"activities_30d": 0, "activities_90d": 3, "activities_180d": 20}, "fading"),
        ({"activities_30d_at_last_order": 0, "activities_at_last_order": 3}, "fading_before_last_order"),
    ],
)
def test_each_decline_is_at_least_three_times_likelier_and_alone(changes: Any, name: str) -> None:
    found = told(**changes)
    assert list(found) == [name]
    assert found[name] > THREE_TIMES


def test_a_habit_is_no_news() -> None:
    often = {"returns_30d": 1, "returns_90d": 2, "returns_180d": 3, "returns_at_last_order": 2}
    assert told(returns=8, **often) == {}
    few = dict.fromkeys((name for name in USUAL if name.startswith("activities_")), 0.0)
    assert told(activities=1, **few) == {}


def test_without_a_past_there_is_no_telling_a_habit_from_a_decline() -> None:
    few = {"returns_30d": 2, "returns_90d": 2, "returns_180d": 2, "returns_at_last_order": 2}
    orders = {"orders_45d": 3, "orders_120d": 3, "orders_180d": 3, "orders_at_last_order": 3}
    assert told(returns=2, orders=3, **few, **orders) == {}
    assert list(told(returns=2, orders=6, **few, **orders)) == ["more_returns"]
    never = {name: 0.0 for name in USUAL if name.startswith("activities")}
    assert told(**never) == {}


def test_one_return_is_no_news_and_two_are() -> None:
    assert told(returns=2, returns_30d=1, returns_90d=1, returns_180d=1) == {}


def test_silence_of_whoever_may_be_gone_says_less_than_of_who_buys() -> None:
    quiet = {"activities_30d": 0, "activities_90d": 6, "activities_180d": 24}
    on_time = told(**quiet)["fading"]
    overdue = told(**quiet, days_since_order=60, silence_rank=0.95).get("fading", 0.0)
    assert on_time > TWENTY_TIMES
    assert overdue < on_time / 2


def test_what_is_usual_is_learnt_of_all_rows() -> None:
    rows = pd.DataFrame([USUAL, {**USUAL, "complaints": 3, "answered_mood_at_last_order": 7}, USUAL])
    norms = learn_norms(rows.assign(churned=[False, True, False]))
    assert norms["more_complaints"] == pytest.approx((3 / 1200,))
    assert "longer_waits" not in norms  # all wait alike
    # one deviation of 1 where a mean of one answer meets a mean of five
    assert norms["lower_answers"] == pytest.approx(((1 / (1 + 1 / 5) / 3) ** 0.5,))
    assert "deeper_discounts" not in norms  # nobody's discounts ever changed
    assert norms["fading"] == pytest.approx((80 / 400, 0.0, 1 / 3))


def test_only_those_are_told_whose_columns_are_there() -> None:
    rows = pd.DataFrame([USUAL]).drop(columns=["complaints_open", "mood_last", "silence_rank"])
    known = learn_norms(rows.assign(churned=True, complaints=1))
    assert {"lower_answers", "fading"}.isdisjoint(known)
    assert [surprise.name for surprise in named(known)] == list(known)
    assert set(with_surprises(rows, known).columns) == {*rows.columns, *known}


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_evidence_is_finite_and_never_below_0(data: st.DataObject) -> None:
    values = st.one_of(st.none(), st.floats(0, 500), st.integers(0, 30).map(float))
    row = {name: data.draw(values) for name in USUAL}
    known = {"days_since_order", "silence_rank", "days_since_first_order"}
    frame = pd.DataFrame([row | {name: USUAL[name] for name in known}], dtype=float)
    found = with_surprises(frame, NORMS)[list(NORMS)].to_numpy(dtype=float)
    assert np.isfinite(found).all()
    assert (found >= 0).all()


def test_surprises_have_names_of_their_own() -> None:
    assert [surprise.name for surprise in SURPRISES] == list(NORMS)
    assert {surprise.feature.worse for surprise in SURPRISES} == {"high"}
