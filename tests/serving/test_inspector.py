"""Who counts as what: every word with its number, against plain counting over the scores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from configs.settings import Definitions
from serving.census import Census
from serving.inspector import inspect
from serving.store import Store

DAY = datetime(2025, 6, 1)  # noqa: DTZ001


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{tmp_path}/store.db")
    yield store
    store.close()


def census() -> Census:
    gone = pd.DataFrame(
        {
            "customer_id": ["x", "y"],
            "kind": ["inactive", "churned"],
            "last_order_at": [DAY - timedelta(400)] * 2,
        }
    )
    return Census(None, ever=500, active_then=380, churned_since=95, examples=gone)


def test_every_status_is_counted_and_explained(store: Store, make_scored: Any) -> None:
    scored = make_scored()
    store.save(scored, source="shop", definitions=Definitions(slowing_from=1.5), census=census())
    told = {group.name: group for group in inspect(store.current(), store).groups}
    ranked = scored.scores.sort_values(["value_at_risk", "customer_id"], ascending=[False, True])
    counted = scored.scores.groupby("status")["value_at_risk"].agg(["size", "sum"])
    for status, (customers, worth) in counted.iterrows():
        assert (told[status].customers, told[status].value_at_risk) == (customers, pytest.approx(worth))
        assert told[status].share == customers / 400
        of_status = ranked[ranked["status"] == status]["customer_id"].tolist()
        assert [example.customer_id for example in told[status].examples] == of_status[:3]
    assert told["slowing"].means.startswith("Silent for 1.5 to 2 times as long as usual.")
    assert told["new"].means.startswith(
        "Ordered on one day so far, and silent for less than 1.5 times as long"
    )


def test_an_example_tells_its_own_figures(store: Store, make_scored: Any) -> None:
    scored = make_scored()
    place = scored.scores["value_at_risk"].where(scored.scores["status"] == "active").idxmax()
    scored.scores.loc[place, "value_at_risk"] += 1
    scored.features.loc[place, ["days_since_order", "gap_spread"]] = [45.0, 0.5]
    store.save(scored, source="shop", definitions=Definitions())
    told = next(group for group in inspect(store.current(), store).groups if group.name == "active")
    assert told.examples[0].because == (
        "Last order 45 days ago, usually one every 20 days; silent for 1.5 times as long as usual."
    )


def test_who_is_not_scored_and_who_churned_are_told_with_examples(store: Store, make_scored: Any) -> None:
    store.save(make_scored(), source="shop", definitions=Definitions(), census=census())
    told = {group.name: group for group in inspect(store.current(), store).groups}
    assert (told["inactive"].customers, told["inactive"].share) == (100, 0.2)
    assert (told["churned"].customers, told["churned"].share) == (95, 0.25)
    assert told["churned"].means == "Active on 3 March 2025; no order comes within the 90 days from then."
    assert [example.customer_id for example in told["inactive"].examples] == ["x"]
    assert told["churned"].examples[0].because == "Last order on 27 April 2024."
    expected = make_scored().scores["churn_probability"].sum()
    assert told["expected to churn"].customers == round(expected)


def test_what_nobody_counted_is_null(store: Store, make_scored: Any) -> None:
    store.save(make_scored(), source="shop", definitions=Definitions())
    told = {group.name: group for group in inspect(store.current(), store).groups}
    assert (told["inactive"].customers, told["churned"].customers, told["churned"].share) == (
        None,
        None,
        None,
    )
    assert told["inactive"].examples == []


def test_subscribers_are_new_or_active(store: Store, make_scored: Any) -> None:
    store.save(make_scored(), source="shop", definitions=Definitions(mode="contractual"))
    told = {group.name: group for group in inspect(store.current(), store).groups}
    assert "slowing" not in told
    assert told["new"].means == "Subscribed for less than 90 days."
    assert told["expected to churn"].means.startswith("All subscriptions end within the 90 days")


def test_the_route_answers_for_a_day(client: Any) -> None:
    told = client.get("/definitions", as_of="2025-06-01").json()
    assert told["definitions"]["horizon_days"] == 90
    assert sum(group["customers"] for group in told["groups"][1:6]) == told["groups"][0]["customers"]
    refused = client.get("/definitions", as_of="2025-05-01")
    assert refused.status_code == 404
    assert "there are lists of 2025-06-01" in refused.json()["error"]
