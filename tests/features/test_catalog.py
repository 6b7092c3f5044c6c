"""The registry: what it refuses, what it can give, and the names that others rely on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ibis
import pytest

from features import engagement, product, profile, rhythm, satisfaction, service, spend
from features.build import catalog
from features.catalog import DIMENSIONS, Aggregate, Catalog, Dimension, Feature

NAMES: dict[Dimension, str] = {
    "rhythm": """
        days_since_first_order days_since_order first_order_at gap_longest gap_mean gap_median gap_spread
        last_order_at months_with_order order_days orders orders_14d orders_180_to_365d orders_180d
        orders_30d orders_365d orders_60d orders_90_to_180d orders_90d orders_season orders_trend overdue
        overdue_longest recency_days usual_gap
    """,
    "spend": """
        amount_180_to_365d amount_180d amount_30d amount_365d amount_90_to_180d amount_90d amount_total
        basket_90d basket_before basket_change basket_mean biggest_order discount_change
        discount_share_90d discount_share_before margin_share_365d
    """,
    "product": """
        categories categories_90_to_180d categories_90d days_since_return last_return_at
        lines_per_order_365d products_90_to_180d products_90d return_rate_365d return_rate_90d
        return_rate_before returned_90d returned_share_365d returned_total returns returns_180d
        returns_365d returns_90d
    """,
    "service": """
        complaint_after_order complaint_open_days complaint_rate_365d complaints complaints_180d
        complaints_30d complaints_365d complaints_90d complaints_open days_since_complaint
        first_complaint_180d_at last_complaint_at oldest_open_at questions_180d reopened_180d
        response_hours_180d response_hours_before unanswered_180d
    """,
    "satisfaction": """
        answers answers_180d ces_last csat_last csi_last days_since_answer last_answer_at low_answers_180d
        mood_180d mood_before mood_change mood_last mood_lowest nps_last
    """,
    "engagement": """
        activities activities_30_to_90d activities_30d activities_365d activities_90_to_180d
        activities_90d activity_change clicks_30d clicks_90_to_180d clicks_90d contacts_180d
        days_since_activity last_activity_at opens_30d opens_90_to_180d opens_90d posts_365d
        redeemed_share_365d visits_30d visits_90_to_180d visits_90d visits_per_order_90d
    """,
    "profile": """
        acquisition_channel acquisition_cost age_years country days_since_sign_up opted_out segment
    """,
}


def aggregate(name: str, table: str = "orders", needs: Iterable[str] = ()) -> Aggregate:
    return Aggregate(name, table, lambda f: f.count(), tuple(needs), empty=0)


def feature(name: str, **fields: Any) -> Feature:
    return Feature(**{"name": name, "dimension": "rhythm", "unit": "orders", "words": "orders ever"} | fields)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_the_names_are_those_that_others_rely_on(dimension: Dimension) -> None:
    assert sorted(f.name for f in catalog({}) if f.dimension == dimension) == NAMES[dimension].split()


def test_every_feature_can_be_told_to_a_person() -> None:
    features = list(catalog({}))
    assert len({f.words for f in features}) == len(features)
    assert all(f.words == f.words.strip() and not f.words.endswith(".") for f in features)
    assert all(f.null and f.unit for f in features)


def test_nothing_is_aggregated_that_no_feature_needs() -> None:
    rooms = (rhythm, spend, product, service, satisfaction, engagement, profile)
    declared = {a.name for room in rooms for a in room.AGGREGATES}
    assert declared == {name for f in catalog({}) for name in f.aggregates}


@pytest.mark.parametrize("field", ["words", "unit"])
@pytest.mark.parametrize("empty", ["", "  "])
def test_a_feature_without_words_or_unit_is_refused(field: str, empty: str) -> None:
    with pytest.raises(ValueError, match="feature visits has no words or no unit for a person"):
        Catalog([aggregate("visits")], [feature("visits", **{field: empty})])


def test_a_name_declared_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="visits is declared twice in the catalogue"):
        Catalog([aggregate("visits"), aggregate("visits", "engagement")], [])
    with pytest.raises(ValueError, match="visits is declared twice in the catalogue"):
        Catalog([aggregate("visits")], [feature("visits"), feature("visits")])


def test_unknown_aggregates_are_refused_all_at_once() -> None:
    with pytest.raises(ValueError, match="feature rate needs unknown aggregates: visits, clicks"):
        Catalog([aggregate("orders")], [feature("rate", needs=("orders", "visits", "clicks"))])
    with pytest.raises(ValueError, match="feature visits needs unknown aggregates: visits"):
        Catalog([], [feature("visits")])


def test_a_catalogue_is_asked_by_name_and_keeps_its_order() -> None:
    book = Catalog([aggregate("b"), aggregate("a")], [feature("b"), feature("a")])
    assert [f.name for f in book] == ["b", "a"]
    assert "a" in book
    assert "c" not in book
    assert book["a"].name == "a"
    with pytest.raises(KeyError, match="c"):
        book["c"]


def test_a_feature_comes_from_the_tables_of_its_aggregates() -> None:
    aggregates = [aggregate("visits", "engagement"), aggregate("orders"), aggregate("clicks", "engagement")]
    rate = feature("rate", needs=("visits", "orders", "clicks"))
    book = Catalog(aggregates, [rate, feature("orders")])
    assert book.tables(rate) == ("engagement", "orders")
    assert {t: [a.name for a in given] for t, given in book.aggregates(book).items()} == {
        "engagement": ["visits", "clicks"],
        "orders": ["orders"],
    }
    assert list(book.aggregates([book["orders"]])) == ["orders"]


def test_only_what_the_tables_and_columns_give_is_available() -> None:
    aggregates = [
        aggregate("orders"),
        aggregate("margin", needs=["margin"]),
        aggregate("visits", "engagement"),
    ]
    names = ("orders", "margin", "visits")
    book = Catalog(aggregates, [*map(feature, names), feature("all", needs=names)])
    orders = ibis.table({"order_id": "string"}, name="orders")
    with_margin = ibis.table({"order_id": "string", "margin": "float64"}, name="orders")
    engagement = ibis.table({"customer_id": "string"}, name="engagement")

    def available(**tables: ibis.Table) -> list[str]:
        return [f.name for f in book.available(tables)]

    assert available() == []
    assert available(orders=orders) == ["orders"]
    assert available(orders=orders, engagement=engagement) == ["orders", "visits"]
    assert available(orders=with_margin, engagement=engagement) == ["orders", "margin", "visits", "all"]
