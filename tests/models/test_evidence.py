"""The evidence in words: its numbers are the customer's or their peers', and what is better is never told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from math import ceil, isfinite
from typing import Any

import ibis
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from configs.loading import load
from configs.settings import Playbook
from features.build import catalog
from features.catalog import DIMENSIONS
from models.bundle import Bundle
from models.evidence import Customer, evidence, sentence
from models.language import language
from models.scoring import score

TOLD = [name for name in DIMENSIONS if name != "profile"]
DAY = datetime(2024, 3, 1)  # noqa: DTZ001
WINDOWS = {14, 30, 60, 76, 90, 180, 365, 10}
"""Numbers that a sentence may hold without their being facts: windows of days, and the top of the mood."""


def figures(text: str) -> dict[str, Any]:
    """`orders=40 gap_mean=21` → the same as a dict."""
    return {name: float(value) for name, value in (pair.split("=") for pair in text.split())}


# Nothing is worse than before, nor than others.
FINE = figures("""
    days_since_order=5 orders=40 order_days=38 gap_mean=21 orders_90d=6 orders_90_to_180d=4 orders_365d=20
    days_since_first_order=900
    basket_90d=61 basket_before=50 basket_mean=55 usual_basket=54
    discounted_orders=10 usual_discounted_share=0.25
    basket_at_last_order=61 basket_before_last_order=50 discount_share_at_last_order=0.1
    discount_share_before_last_order=0.1
    discount_share_90d=0.1 discount_share_before=0.1
    returns_90d=0 returns_365d=0 return_rate_90d=0 return_rate_before=0.1 return_rate_365d=0
    returns_before=3 orders_before=34 returned_365d=0 amount_365d=1200 returns_at_last_order=0
    returned_share_365d=0 categories_90d=5 categories_90_to_180d=5 products_90d=9 products_90_to_180d=8
    complaints_open=0 complaints_180d=0 reopened_180d=0 response_hours_180d=2 unanswered_180d=0
    answers=3 mood_last=9 answered_mood_before=8 mood_lowest=8 low_answers_180d=0 low_answers_at_last_order=0
    fell_silent=0 answers_180_to_365d=2 orders_180d=10
    activities_30d=12 activities_30_to_90d=15 activity_change=1.6 activities_90d=27 activities_90_to_180d=20
    days_since_activity=1 contacts_365d=10 redeemed_365d=5 redeemed_share_365d=0.4
    contacts_without_response=1 activities_at_last_order=27 activities_before_last_order=20
""") | {"last_order_at": DAY, "last_answer_at": DAY, "last_activity_at": DAY}
PEERS = figures("""
    returns_at_last_order=0.24
    usual_basket=42 usual_discounted_share=0.3
    orders_365d=8.2 return_rate_365d=0.12 returned_share_365d=0.08 complaints_180d=0.23
    reopened_180d=0.11 response_hours_180d=11 unanswered_180d=0.31
    complaints_repeated_180d=0.06 mood_last=7.4 mood_lowest=6.3
    low_answers_180d=0.41 low_answers_at_last_order=0.3
    activities_90d=14 days_since_activity=17 redeemed_share_365d=0.22
""")

QUIET = {"days_since_order": 15.0}
COMPLAINED_AT_LAST_ORDER = QUIET | figures(
    "complaints_at_last_order=3 orders_at_last_order=2 complaints_per_order_before_last_order=0.25"
)


def told(dimension: str, peers: Mapping[str, float] = PEERS, **changes: Any) -> str | None:
    return sentence(evidence(dimension, Customer(FINE | changes, peers)), language())


def numbers(text: str) -> list[str]:
    """The figures of a text in order, but for dates."""
    return re.findall(r"\d[\d,]*(?:\.\d+)?", re.sub(r"\d+ [A-Z][a-z]+ \d{4}", "", text))


@pytest.mark.parametrize("dimension", TOLD)
def test_where_nothing_is_worse_nothing_is_told(dimension: str) -> None:
    assert told(dimension) is None


@pytest.mark.parametrize("dimension", TOLD)
def test_without_peers_only_the_customers_own_past_can_tell(dimension: str) -> None:
    assert told(dimension, peers={}) is None


@pytest.mark.parametrize(
    ("dimension", "changes", "found"),
    [
        ("rhythm", {"days_since_order": 64.2}, ["65", "21"]),
        ("rhythm", {"orders_90d": 1, "orders_90_to_180d": 7}, ["1", "90", "7", "90"]),
        ("rhythm", {"orders_365d": 3}, ["3", "365", "8.2"]),
        ("spend", {"basket_90d": 40, "basket_before": 60.5}, ["40.00", "90", "60.50"]),
        ("spend", {"basket_90d": None, "basket_at_last_order": 40}, ["40.00", "76", "50.00"]),
        ("spend", {"discount_share_90d": 0.25}, ["25", "90", "10"]),
        ("spend", {"discount_share_90d": None, "discount_share_at_last_order": 0.3}, ["30", "76", "10"]),
        ("spend", {"basket_mean": 30.25, "usual_basket": 33}, ["30.25", "42.00"]),
        ("spend", {"discounted_orders": 28, "usual_discounted_share": 0.6}, ["28", "40", "30"]),
        ("product", {"returns_90d": 3, "return_rate_90d": 0.4}, ["3", "6", "90", "3", "34"]),
        ("product", QUIET | {"returns_at_last_order": 2}, ["2", "90", "14", "0.24"]),
        (
            "product",
            {"returns_365d": 4, "return_rate_365d": 0.2, "orders_365d": 20},
            ["4", "20", "365", "0.12"],
        ),
        (
            "product",
            {"returns_365d": 1, "returned_365d": 480, "returned_share_365d": 0.3},
            ["480", "1,200", "365", "8"],
        ),
        ("product", {"categories_90d": 2}, ["2", "90", "5", "90"]),
        ("product", {"products_90d": 4}, ["4", "90", "8", "90"]),
        ("service", {"complaints_open": 1, "complaint_open_days": 12.3, "oldest_open_at": DAY}, ["1", "13"]),
        ("service", {"complaints_180d": 2, "first_complaint_180d_at": DAY}, ["2", "0.23", "180"]),
        ("service", {"reopened_180d": 1}, ["1", "180", "0.11"]),
        ("service", {"response_hours_180d": 49.6}, ["50", "180", "11"]),
        ("service", {"unanswered_180d": 2}, ["2", "180"]),
        ("service", {"complaints_repeated_180d": 1}, ["1", "180", "0.06"]),
        ("service", {"silence_after_complaint": 43.2, "last_complaint_at": DAY}, ["44", "21"]),
        ("service", COMPLAINED_AT_LAST_ORDER, ["3", "2", "90", "14", "0.25"]),
        (
            "satisfaction",
            {"mood_last": 3.3, "mood_lowest": 3.3, "answers_180d": 1},
            ["3.3", "10", "180", "8.0"],
        ),
        (
            "satisfaction",
            {"mood_last": 7.0, "answered_mood_before": 7.2, "mood_lowest": 7.0},
            ["7.0", "10", "7.4"],
        ),
        ("satisfaction", {"low_answers_180d": 2}, ["2", "180", "0.41"]),
        ("satisfaction", {"mood_lowest": 1.1}, ["1.1", "10", "6.3"]),
        ("satisfaction", QUIET | {"low_answers_at_last_order": 1}, ["1", "90", "14", "0.3"]),
        ("satisfaction", {"fell_silent": 1}, ["10", "180", "180", "365", "2"]),
        ("engagement", {"activities_30d": 2, "activity_change": 0.27}, ["2", "30", "15", "60"]),
        ("engagement", {"activities_90d": 9}, ["9", "90", "20", "90"]),
        ("engagement", {"activities_90d": 9, "activities_90_to_180d": None}, ["9", "90", "14"]),
        ("engagement", {"days_since_activity": 50.0}, ["50", "17"]),
        ("engagement", {"redeemed_365d": 1, "redeemed_share_365d": 0.12}, ["1", "10", "365", "22"]),
        ("engagement", {"contacts_without_response": 3}, ["3"]),
        (
            "engagement",
            {"days_since_order": 80.0, "activities_at_last_order": 6, "activity_change": 0.2},
            ["6", "90", "14", "20", "90"],
        ),
    ],
)
def test_each_worse_fact_is_told_with_both_its_numbers(
    dimension: str, changes: dict[str, Any], found: list[str]
) -> None:
    text = told(dimension, **changes)
    assert text is not None
    assert numbers(text) == found


@pytest.mark.parametrize(
    ("dimension", "changes"),
    [
        ("spend", {"basket_90d": 90.0}),
        ("spend", {"discount_share_90d": 0.0}),
        ("spend", {"usual_basket": 33.0}),
        ("spend", {"usual_discounted_share": 0.6}),
        ("spend", {"basket_at_last_order": 10.0, "discount_share_at_last_order": 0.9}),
        ("product", {"returns_90d": 1, "return_rate_90d": 0.05}),
        ("product", {"returns_90d": 1, "return_rate_90d": 0.12, "orders_90d": 12}),
        ("product", {"returns_90d": 1, "return_rate_90d": 0.12, "orders_90d": 0}),
        ("product", {"returns_90d": 1, "return_rate_90d": 0.12, "orders_before": 0}),
        ("product", {"returns_365d": 1, "return_rate_365d": 0.13}),
        ("product", {"returns_365d": 1, "returned_365d": 80, "returned_share_365d": 0.09}),
        ("product", {"returns_365d": 1, "returned_365d": 80, "returned_share_365d": 0.4, "amount_365d": 0}),
        ("product", {"categories_90d": 9}),
        ("product", {"categories_90d": 4}),
        ("product", {"orders_90d": 0, "categories_90d": 0, "products_90d": 0}),
        ("product", {"orders_90d": 3, "categories_90d": 2, "products_90d": 3}),
        ("service", {"complaints_180d": 1, "first_complaint_180d_at": DAY}),
        ("service", {"complaints_repeated_180d": 0}),
        ("service", {"silence_after_complaint": 20.0, "last_complaint_at": DAY}),
        ("service", COMPLAINED_AT_LAST_ORDER | {"complaints_per_order_before_last_order": 1.5}),
        ("service", COMPLAINED_AT_LAST_ORDER | {"complaints_per_order_before_last_order": None}),
        ("service", COMPLAINED_AT_LAST_ORDER | {"complaints_180d": 1, "first_complaint_180d_at": DAY}),
        ("satisfaction", {"answers": 0, "mood_last": None, "mood_lowest": None}),
        ("satisfaction", {"mood_last": 10.0}),
        ("engagement", {"activities_30d": 40, "activity_change": 5.3}),
        ("engagement", {"contacts_365d": 0, "redeemed_365d": 0, "redeemed_share_365d": 0.1}),
        ("engagement", {"redeemed_365d": 3, "redeemed_share_365d": 0.2}),
        ("engagement", {"days_since_order": 80.0}),
        ("engagement", {"activities_at_last_order": 6}),
        ("product", {"returns_at_last_order": 2}),
        ("satisfaction", {"low_answers_at_last_order": 1}),
        ("service", COMPLAINED_AT_LAST_ORDER | {"days_since_order": 5}),
        ("rhythm", {"orders_90d": 9}),
        ("rhythm", {"days_since_order": 21.7, "gap_mean": 21.6}),
        (
            "service",
            {"silence_after_complaint": 21.7, "gap_mean": 21.6, "last_complaint_at": DAY},
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value,
)
def test_what_got_better_or_did_not_happen_is_not_told(dimension: str, changes: dict[str, Any]) -> None:
    peers = PEERS | {"complaints_180d": 1.4}
    assert told(dimension, peers, **changes) is None


def test_a_new_customer_is_told_as_one() -> None:
    one = {"orders": 1, "order_days": 1, "gap_mean": None, "orders_90d": 0, "orders_90_to_180d": 1}
    text = told("rhythm", **one, days_since_order=100, orders_365d=1)
    assert text is not None
    assert text.startswith("One order so far, 100 days ago (1 March 2024)")


def test_two_days_of_orders_are_no_rhythm() -> None:
    two = {"orders": 3, "order_days": 2, "orders_90d": 0, "orders_90_to_180d": 0, "orders_365d": 30}
    text = told("rhythm", **two, gap_mean=1, days_since_order=100)
    assert text == "Ordered on two days so far, 1 day apart, the last time 100 days ago (1 March 2024)."
    often = told("rhythm", **two | {"order_days": 3}, gap_mean=1, days_since_order=100)
    assert often == "Last order 100 days ago (1 March 2024); until then one a day."


def test_who_always_ordered_seldom_is_told_so() -> None:
    """Nothing broke, and there was no year to count; others order more often. By the day, not beyond."""
    seldom = {"orders": 3, "order_days": 3, "days_since_first_order": 360, "days_since_order": 50}
    text = told("rhythm", PEERS | {"gap_mean": 33.6}, **seldom, gap_mean=151.5)
    assert (
        text
        == "Orders on 3 days so far, one every 152 days on average; customers like this: one every 34 days."
    )
    assert told("rhythm", PEERS | {"gap_mean": 151.2}, **seldom, gap_mean=151.4) is None
    assert told("rhythm", PEERS, **seldom, gap_mean=151.5) is None


def test_at_most_two_facts_make_a_sentence() -> None:
    busy = figures(
        "complaints_open=2 complaint_open_days=40 complaints_180d=5 reopened_180d=3 unanswered_180d=4"
    )
    text = told("service", **busy, oldest_open_at=DAY, first_complaint_180d_at=DAY)
    assert text is not None
    assert text.count(". ") == 1
    assert text.endswith(".")
    assert text[0].isupper() or text[0].isdigit()


book = catalog({})
counts, shares, money = st.integers(0, 400), st.floats(0, 1.5), st.floats(0, 1e5)
dates = st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1))  # noqa: DTZ001


def _value(unit: str) -> st.SearchStrategy[Any]:
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "money": money,
        "share": shares,
        "ratio": shares,
        "date": dates,
    }
    return kinds.get(unit, st.floats(0, 10) if unit.startswith(("mood", "points")) else counts)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """Features at random: missing where they may be, tables absent, changes agreeing with their parts."""
    absent = draw(
        st.sets(st.sampled_from(["returns", "order_lines", "tickets", "surveys", "engagement", "contacts"]))
    )
    row: dict[str, Any] = {}
    for feature in book:
        if absent.isdisjoint(book.tables(feature)) and feature.kind != "category":
            missing = (
                st.nothing() if feature.null == "never missing" else st.sampled_from([None, float("nan")])
            )
            row[feature.name] = draw(_value(feature.unit) | missing)
    for change, now, before, times in (("activity_change", "activities_30d", "activities_30_to_90d", 2),):
        given_both = row.get(now) == row.get(now) and row.get(before) and row.get(now) is not None
        row[change] = times * row[now] / row[before] if given_both and row[before] == row[before] else None
    for date, needs in (
        ("oldest_open_at", "complaints_open"),
        ("first_complaint_180d_at", "complaints_180d"),
    ):
        if row.get(needs):
            row |= {date: draw(dates), "complaint_open_days": draw(counts)}
    if row.get("answers"):
        row |= {"last_answer_at": draw(dates), "mood_last": draw(st.floats(0, 10))}
    if (seen := row.get("days_since_activity")) is not None and seen == seen:
        row["last_activity_at"] = draw(dates)
    return row


peers = st.dictionaries(st.sampled_from(sorted(PEERS)), money | shares, max_size=len(PEERS))


def _spoken(value: float) -> set[float]:
    return {value, max(1, ceil(value)), 100 * value, 100 * min(1.0, value)}


def _is_told(token: str, known: set[float]) -> bool:
    value, decimals = float(token.replace(",", "")), len(token.partition(".")[2])
    return any(abs(value - number) <= 0.5000001 * 10**-decimals for number in known)


def check_numbers(text: str, row: Mapping[str, Any], peers: Mapping[str, float]) -> None:
    """Every number in the text is one of the row or of the peers, a percentage of one, or a window."""
    figures = [v for v in [*row.values(), *peers.values()] if isinstance(v, int | float) and isfinite(v)]
    known = {number for value in figures for number in _spoken(float(value))} | set(map(float, WINDOWS))
    assert [token for token in numbers(text) if not _is_told(token, known)] == []
    days = {f"{v.day} {v:%B %Y}" for v in row.values() if isinstance(v, datetime) and v is not pd.NaT}
    assert set(re.findall(r"\d+ [A-Z][a-z]+ \d{4}", text)) <= days


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(row=rows(), peers=peers)
def test_any_row_is_told_from_its_own_numbers(row: dict[str, Any], peers: dict[str, float]) -> None:
    for dimension in TOLD:
        text = sentence(evidence(dimension, Customer(row, peers)), language())
        if text is not None:
            assert "None" not in text
            assert "nan" not in text
            check_numbers(text, row, peers)


def test_sentences_of_scored_customers_are_told_from_their_features(
    bundle: Bundle, tables: Mapping[str, ibis.Table], as_of: datetime
) -> None:
    scored = score(bundle, tables, as_of, load(Playbook))
    rows: list[dict[Any, Any]] = scored.features.to_dict("records")
    of: Callable[[str | None], Mapping[str, float]] = bundle.peers.of
    texts = 0
    for row, (_, told_row) in zip(rows, scored.scores.iterrows(), strict=True):
        for place in (1, 2, 3):
            if pd.notna(text := told_row[f"weak_point_{place}_says"]):
                check_numbers(text, row, of(row["segment"]))
                texts += 1
    assert texts > 100
