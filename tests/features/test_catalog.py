"""The registry: what it refuses and what it can give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import ibis
import pytest

from features import engagement, product, profile, rhythm, satisfaction, service, spend
from features.build import catalog
from features.catalog import Aggregate, Catalog, Feature, Step


def aggregate(name: str, table: str = "orders", needs: Iterable[str] = ()) -> Aggregate:
    return Aggregate(name, table, lambda f: f.count(), tuple(needs), empty=0)


def feature(name: str, **fields: Any) -> Feature:
    return Feature(**{"name": name, "dimension": "rhythm", "unit": "orders", "words": "orders ever"} | fields)


def test_every_feature_can_be_told_to_a_person() -> None:
    features = list(catalog({}))
    assert len({f.words for f in features}) == len(features)
    assert all(f.words == f.words.strip() and not f.words.endswith(".") for f in features)
    assert all(f.null and f.unit for f in features)


def test_nothing_is_aggregated_that_no_feature_needs() -> None:
    rooms = (rhythm, spend, product, service, satisfaction, engagement, profile)
    declared = {a.name for room in rooms for a in room.AGGREGATES}
    learnt_from = {name for room in rooms for rate in getattr(room, "RATES", ()) for name in rate.aggregates}
    assert declared == {name for f in catalog({}) for name in f.aggregates} | learnt_from


def test_every_step_serves_several_features() -> None:
    steps = Counter(step.name for feature in catalog({}) for step in feature.steps)
    assert {name: count for name, count in steps.items() if count < 2} == {}


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


def test_a_step_that_has_the_name_of_an_aggregate_or_of_another_step_is_refused() -> None:
    def stepped(name: str, step: str) -> Feature:
        return feature(name, needs=("orders",), steps=(Step(step, ("orders",), lambda row: row.orders),))

    with pytest.raises(ValueError, match="orders is declared twice in the catalogue"):
        Catalog([aggregate("orders")], [stepped("doubled", "orders")])
    with pytest.raises(ValueError, match="pace is declared twice in the catalogue"):
        Catalog([aggregate("orders")], [stepped("one", "pace"), stepped("two", "pace")])


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


def test_what_a_column_makes_superfluous_is_there_only_without_it() -> None:
    without = Aggregate("products", "orders", lambda f: f.count(), empty=0, unless=("category",))
    book = Catalog([without], [feature("products")])
    orders = ibis.table({"order_id": "string"}, name="orders")
    assert [f.name for f in book.available({"orders": orders})] == ["products"]
    assert book.available({"orders": orders.mutate(category=ibis.literal("shoes"))}) == ()
