"""Tried with random tables: a feature knows nothing from `as_of` on, no order of rows, and no neighbour."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import ibis
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from features import known, rhythm
from features.build import build
from features.catalog import Aggregate, Feature
from features.known import _as_known
from features.neighbours import _PREPARE
from features.reference import Reference
from features.tables import CONTRACT, SURVEY_SCALES

Row = Mapping[str, Any]
World = Mapping[str, Sequence[Row]]
Measure = Callable[[World, Sequence[tuple[str, datetime]]], dict[Any, dict[str, Any]]]

AS_OF = datetime.fromisoformat("2024-07-01")
CUSTOMERS = ("a", "b", "c")
EVERYONE = [(customer, AS_OF) for customer in CUSTOMERS]
LATER = "later"
"""In a past: a column whose value at `as_of` isn't known yet; each future fills it in or leaves it null."""

few = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

_edges = [timedelta(days=days) for days in (14, 30, 60, 90, 180, 275, 360, 365)]
_instants = [edge + step for edge in _edges for step in (timedelta(0), timedelta(microseconds=1))]
past = st.one_of(
    st.timedeltas(timedelta(microseconds=1), timedelta(days=500)), st.sampled_from(_instants)
).map(lambda ago: AS_OF - ago)
future = st.one_of(st.just(timedelta(0)), st.timedeltas(timedelta(0), timedelta(days=200))).map(
    lambda ahead: AS_OF + ahead
)
late = st.one_of(st.none(), past, st.just(LATER))
amount = st.one_of(st.just(0.0), st.integers(1, 100_000).map(lambda cents: cents / 100))
owner = st.sampled_from(CUSTOMERS)

SHAPES: dict[str, dict[str, Any]] = {
    "orders": {
        "amount": amount,
        "discount": st.one_of(st.none(), amount),
        "margin": st.one_of(st.none(), amount),
    },
    "returns": {
        "amount": amount,
        "kind": st.sampled_from(["return", "exchange", None]),
        "order_id": st.sampled_from(["orders0", "orders1", "orders4", None]),
    },
    "tickets": {
        "kind": st.sampled_from(["complaint", "question"]),
        "topic": st.sampled_from(["delivery", None]),
        "first_response_at": late,
        "resolved_at": late,
        "reopened_at": late,
    },
    "surveys": {
        "metric": st.sampled_from(list(SURVEY_SCALES)),
        "score": st.sampled_from([1.0, 4.0, 5.0]),
        "comment": st.sampled_from([None, "", "Fine."]),
    },
    "engagement": {
        "kind": st.sampled_from(["visit", "open", "click", "post"]),
        "channel": st.sampled_from(["web", "email", None]),
        "text": st.sampled_from(["short", "a longer text", None]),
    },
    "contacts": {
        "campaign_id": st.just("spring"),
        "arm": st.sampled_from(["treatment", "control"]),
        "cost": st.one_of(st.none(), amount),
        "coupon_value": st.one_of(st.none(), amount),
        "redeemed_at": late,
    },
    "subscriptions": {
        "cancelled_at": late,
        "plan": st.sampled_from(["basic", "plus", None]),
        "price": st.one_of(st.none(), amount),
    },
}


def rows(name: str, times: st.SearchStrategy[datetime]) -> st.SearchStrategy[list[dict[str, Any]]]:
    row = st.fixed_dictionaries({"customer_id": owner, str(CONTRACT[name].time): times, **SHAPES[name]})
    return st.lists(row, max_size=4)


@st.composite
def pasts(draw: st.DrawFn) -> World:
    """What is known at `as_of`."""
    tables = {name: draw(rows(name, past)) for name in SHAPES}
    late_columns = st.fixed_dictionaries({"signed_up_at": late, "opted_out_at": late})
    tables["customers"] = [{"customer_id": customer, **draw(late_columns)} for customer in CUSTOMERS]
    return tables


def _in_turn(name: str, row: Row) -> Row:
    """Nothing of a row happens before it began; a source's check leaves such rows out."""
    began = row[str(CONTRACT[name].time)]
    return {
        key: None if isinstance(value, datetime) and value < began else value for key, value in row.items()
    }


@st.composite
def futures(draw: st.DrawFn, known: World) -> World:
    """A past with one future: rows at or after `as_of`, and what was filled in then."""
    world: dict[str, list[Row]] = {"order_lines": []}
    for name, before in known.items():
        after = draw(rows(name, future)) if name in SHAPES else []
        key = CONTRACT[name].key
        world[name] = []
        for number, row in enumerate([*before, *after]):
            filled = {column: draw(st.none() | future) for column, value in row.items() if value == LATER}
            named = {key: f"{name}{number}"} if key and key not in row else {}
            told = {**row, **filled, **named}
            world[name].append(told if number < len(before) else _in_turn(name, told))
    for order in world["orders"]:
        category = "known" if order["ordered_at"] < AS_OF else draw(st.sampled_from(["x", "y"]))
        line = {"order_id": order["order_id"], "product_id": category, "category": category}
        world["order_lines"].append(line)
    return world


two_futures = pasts().flatmap(lambda known: st.tuples(futures(known), futures(known)))
worlds = pasts().flatmap(futures)


@few
@given(two_futures)
def test_nothing_at_or_after_as_of_changes_a_feature(measure: Measure, pair: tuple[World, World]) -> None:
    assert measure(pair[0], EVERYONE) == measure(pair[1], EVERYONE)


@few
@given(worlds, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_bit(measure: Measure, world: World, random: Any) -> None:
    shuffled = {name: random.sample(list(own), len(own)) for name, own in world.items()}
    assert measure(world, EVERYONE) == measure(shuffled, EVERYONE[::-1])


@few
@given(worlds)
def test_a_customer_alone_has_the_features_of_the_crowd(measure: Measure, world: World) -> None:
    alone = {name: [row for row in own if row.get("customer_id") == "a"] for name, own in world.items()}
    orders = {row["order_id"] for row in alone["orders"]}
    alone["order_lines"] = [row for row in world["order_lines"] if row["order_id"] in orders]
    snapshot = ("a", AS_OF)
    assert measure(alone, [snapshot])[snapshot] == measure(world, EVERYONE)[snapshot]


@few
@given(worlds, st.lists(st.integers(-400, 100), min_size=2, max_size=4, unique=True))
def test_many_snapshots_in_one_plan_equal_each_alone(measure: Measure, world: World, days: list[int]) -> None:
    snapshots = [(customer, AS_OF + timedelta(days=day)) for day in days for customer in CUSTOMERS]
    together = measure(world, snapshots)
    one = snapshots[len(snapshots) // 2]
    assert len(together) == len(snapshots)
    assert measure(world, [one])[one] == together[one]


@pytest.fixture
def leaks(bench: Any) -> Callable[[], bool]:
    """Whether the first property fails on the features as they are declared at the moment."""

    def leaks() -> bool:
        query = bench.prepare("leaking", build(bench.tables, bench.snapshots, Reference(30.0, 0.1)))

        def asked(world: World) -> Any:
            bench.fill(world, EVERYONE)
            return bench.ask(query)

        tries = settings(few, max_examples=20, phases=[Phase.generate], database=None, derandomize=True)
        try:
            find(two_futures, lambda pair: bool(asked(pair[0]) != asked(pair[1])), settings=tries)
        except NoSuchExample:
            return False
        finally:
            bench.backend.con.execute("DEALLOCATE leaking")
        return True

    return leaks


def test_a_feature_that_looks_at_all_orders_is_caught(
    monkeypatch: pytest.MonkeyPatch, leaks: Callable[[], bool]
) -> None:
    honest = _PREPARE["orders"]

    def leaking(tables: Mapping[str, ibis.Table]) -> ibis.Table:
        orders = honest(tables)
        return orders.mutate(of_all_time=orders.order_id.count().over(group_by="customer_id"))

    monkeypatch.setitem(_PREPARE, "orders", leaking)
    leak = Aggregate("leak", "orders", lambda f: f.of_all_time.max())
    monkeypatch.setattr(rhythm, "AGGREGATES", (*rhythm.AGGREGATES, leak))
    monkeypatch.setattr(rhythm, "FEATURES", (*rhythm.FEATURES, Feature("leak", "rhythm", "orders", "a leak")))
    assert leaks()


def test_a_column_read_before_it_was_filled_in_is_caught(
    monkeypatch: pytest.MonkeyPatch, leaks: Callable[[], bool]
) -> None:
    monkeypatch.setattr(known, "_as_known", lambda joined, _fills_in, time: _as_known(joined, (), time))
    assert leaks()
