"""What a model trained as of a day rests on: facts before it, and nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.build import build
from features.errors import HistoryError
from features.reference import reference
from features.snapshots import before, population
from features.sources import source_from_rows
from models.bundle import Bundle, save
from training.fit import (
    code_revision,
    fingerprint,
    fit,
    plan_for,
    recipe,
    training_frame,
    used,
)

TIMES = {"orders": "ordered_at", "returns": "returned_at", "customers": "signed_up_at"}


@pytest.fixture(scope="module", autouse=True)
def one_commit() -> Iterator[None]:
    """The code may be committed while the tests run; here the facts are in question."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.fit.code_revision", lambda: "abc1234")
        yield


@pytest.fixture(scope="module")
def bundle(shop: Any) -> Bundle:
    return fit(shop.tables, shop.as_of, shop.definitions, shop.settings)


def files(bundle: Bundle, folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in save(bundle, folder).iterdir()}


def later(
    change: Callable[[dict[str, Any]], dict[str, Any] | None], shop: Any
) -> dict[str, list[dict[str, Any]]]:
    """The rows with those at or after the day changed, or left out where the change gives null."""
    changed = {}
    for name, rows in shop.rows.items():
        told = (change(row) if row[TIMES[name]] >= shop.as_of else row for row in rows)
        changed[name] = [row for row in told if row is not None]
    return changed


def alter(row: dict[str, Any]) -> dict[str, Any]:
    """Another customer's, a month later, for other money."""
    times = {name: time + timedelta(days=30) for name, time in row.items() if name.endswith("_at")}
    return row | times | ({"amount": 9999.0, "customer_id": "C000"} if "amount" in row else {})


@pytest.mark.parametrize("change", [lambda _: None, alter], ids=["cut", "altered"])
def test_facts_at_or_after_the_day_change_not_one_byte(
    change: Any, shop: Any, opened: Any, bundle: Bundle, tmp_path: Path
) -> None:
    rows = later(change, shop)
    assert rows != shop.rows
    other = fit(opened(rows), shop.as_of, shop.definitions, shop.settings)
    assert files(other, tmp_path / "other") == files(bundle, tmp_path / "bundle")


def test_the_order_of_rows_changes_not_one_byte(
    shop: Any, opened: Any, bundle: Bundle, tmp_path: Path
) -> None:
    turned = opened({name: rows[::-1] for name, rows in shop.rows.items()})
    other = fit(turned, shop.as_of, shop.definitions, shop.settings)
    assert files(other, tmp_path / "other") == files(bundle, tmp_path / "bundle")


def test_a_fact_before_the_day_does_change_the_model(shop: Any, opened: Any, bundle: Bundle) -> None:
    rows = shop.rows | {"orders": [row for row in shop.rows["orders"] if row["customer_id"] != "C000"]}
    other = fit(opened(rows), shop.as_of, shop.definitions, shop.settings)
    assert other.manifest.fingerprint != bundle.manifest.fingerprint
    assert other.churn != bundle.churn


def test_the_manifest_says_what_was_learnt_from(shop: Any, bundle: Bundle) -> None:
    manifest = bundle.manifest
    assert manifest.as_of == shop.as_of
    assert manifest.definitions == shop.definitions
    assert manifest.tables == {
        "customers": ("customer_id", "signed_up_at", "segment"),
        "orders": ("order_id", "customer_id", "ordered_at", "amount"),
        "returns": ("return_id", "customer_id", "returned_at", "amount", "order_id"),
    }
    days = [shop.as_of - timedelta(days=60 + 40 * step) for step in (2, 1, 0)]
    assert manifest.settings["days"] == [day.isoformat() for day in days]
    assert manifest.settings["trees"] == 25


def test_the_training_frame_holds_what_happened_next(shop: Any) -> None:
    known = before(shop.tables, shop.as_of)
    days = plan_for(known, shop.as_of, shop.definitions, shop.settings)
    frame = training_frame(known, days, shop.definitions, reference(known, shop.as_of))
    assert sorted(set(frame["as_of"])) == list(days.days)
    orders = shop.rows["orders"]
    for row in frame.sample(60, random_state=0).to_dict("records"):
        ahead = [
            order
            for order in orders
            if order["customer_id"] == row["customer_id"]
            and row["as_of"] <= order["ordered_at"] < row["as_of"] + timedelta(days=60)
        ]
        assert row["churned"] == (not ahead)
        assert row["orders"] == sum(
            order["customer_id"] == row["customer_id"] and order["ordered_at"] < row["as_of"]
            for order in orders
        )


def test_the_spread_is_of_the_longest_horizon_that_is_over(bundle: Bundle) -> None:
    assert bundle.clv is not None
    assert bundle.clv.spread is not None
    assert bundle.clv.spread.horizon_days == 180
    assert bundle.clv.worth.horizon_days == 60


def test_both_models_are_at_the_level_of_the_outlook(shop: Any, bundle: Bundle) -> None:
    """No season is known of 16 months: half is what the buying models expect of today's customers."""
    known = before(shop.tables, shop.as_of)
    by = recipe(known, shop.as_of, shop.definitions, shop.settings, bundle.reference)
    assert by.outlook is not None
    assert bundle.clv is not None
    assert bundle.churn.level == by.outlook.churn
    assert bundle.clv.level == by.outlook.revenue
    assert bundle.churn.members.history is not None
    assert bundle.churn.members.history.buying == bundle.clv.buying == by.outlook.buying
    assert bundle.churn.members.history.horizon_days == 60


def test_the_base_of_churn_is_the_average_of_todays_customers(shop: Any, bundle: Bundle) -> None:
    known = before(shop.tables, shop.as_of)
    today = build(known, population(known, [shop.as_of], 240), bundle.reference).to_pandas()
    base, contributions = bundle.churn.contributions(today)
    np.testing.assert_allclose(contributions.mean(), 0.0, atol=1e-9)
    assert base == pytest.approx(bundle.churn.log_odds(today).mean())


def test_nobody_and_too_little_history(shop: Any) -> None:
    with pytest.raises(HistoryError, match="There is less history than one horizon needs"):
        fit(shop.tables, datetime(2024, 3, 1), shop.definitions, shop.settings)  # noqa: DTZ001


words = st.text("ab|∅ ", max_size=3)
order = st.fixed_dictionaries(
    {
        "customer_id": st.sampled_from(["a", "b"]),
        "ordered_at": st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 3)),  # noqa: DTZ001
        "amount": st.integers(0, 9).map(float),
        "channel": st.sampled_from([None, "web", "wed"]),
        "quantity": st.sampled_from([None, 1, 2]),
    }
)


def told(orders: list[dict[str, Any]]) -> str:
    rows = [row | {"order_id": f"o{place}"} for place, row in enumerate(orders)]
    source = source_from_rows({"orders": rows})
    try:
        return fingerprint(source.tables)
    finally:
        source.backend.disconnect()


def test_the_order_of_rows_and_columns_is_not_in_the_fingerprint(shop: Any, opened: Any) -> None:
    turned = {name: [dict(reversed(row.items())) for row in rows[::-1]] for name, rows in shop.rows.items()}
    assert fingerprint(opened(turned)) == fingerprint(shop.tables)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 3.0},
        {"customer_id": "b"},
        {"channel": None},
        {"channel": "wed"},
        {"quantity": 3},
        {"ordered_at": datetime(2024, 1, 2, 0, 0, 0, 1)},  # noqa: DTZ001
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_change_of_a_value_is_in_the_fingerprint(change: dict[str, Any]) -> None:
    plain = {
        "customer_id": "a",
        "ordered_at": datetime(2024, 1, 2),  # noqa: DTZ001
        "amount": 2.0,
        "channel": "web",
        "quantity": 2,
    }
    others = [
        plain | {"amount": 1.0, "channel": "a", "quantity": 1},
        plain | {"amount": 9.0, "channel": "z", "quantity": 9},
    ]
    assert told([*others, plain | change]) != told([*others, plain])


@settings(deadline=None, max_examples=8)
@given(
    orders=st.lists(order, min_size=2, max_size=5),
    column=st.sampled_from(["amount", "customer_id", "channel"]),
)
def test_values_that_change_places_change_the_fingerprint(orders: list[dict[str, Any]], column: str) -> None:
    first, second, *rest = orders
    swapped = [first | {column: second[column]}, second | {column: first[column]}, *rest]
    assert (told(swapped) == told(orders)) == (first[column] == second[column])


def test_a_table_or_column_more_is_in_the_fingerprint(shop: Any) -> None:
    fewer = {name: table for name, table in shop.tables.items() if name != "returns"}
    assert fingerprint(fewer) != fingerprint(shop.tables)
    narrow = shop.tables | {"customers": shop.tables["customers"].drop("segment")}
    assert fingerprint(narrow) != fingerprint(shop.tables)


def test_only_tables_that_give_features_are_used(shop: Any) -> None:
    costs = source_from_rows({"orders": [], "costs": []})
    assert "costs" not in used(shop.tables | {"costs": costs.tables["costs"]})
    costs.backend.disconnect()


def test_the_code_is_a_commit_or_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert code_revision() == "unknown" or set(code_revision()) <= set("0123456789abcdef")

    def no_git(*_: object, **__: object) -> None:
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", no_git)
    assert code_revision() == "unknown"


def test_probabilities_are_probabilities(shop: Any, bundle: Bundle) -> None:
    known = before(shop.tables, shop.as_of)
    days = plan_for(known, shop.as_of, shop.definitions, shop.settings)
    predicted = bundle.churn.predict(training_frame(known, days, shop.definitions, bundle.reference))
    assert np.all((predicted > 0) & (predicted < 1))
    assert np.std(predicted) > 0.1
