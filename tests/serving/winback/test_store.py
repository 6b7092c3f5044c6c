"""Plans are kept whole, never changed, approved once by who may, and sent once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import create_engine, text

from configs.settings import Winback
from features.errors import RequestError
from serving.errors import AbsentError
from serving.winback.plan import Plan, Situation, make
from serving.winback.store import Kept, PlanStore

NOW = datetime(2025, 3, 1, 9)  # noqa: DTZ001
HOUR = timedelta(hours=1)


@pytest.fixture
def made(situation: Callable[..., Situation], policy: Winback) -> Plan:
    return make(situation(100), policy, 60.0, seed=1)


def _keep(store: PlanStore, made: Plan, policy: Winback, name: str = "spring") -> Kept:
    return store.keep(name, made, policy, currency="EUR", says=["So."], now=NOW)


def test_a_plan_comes_back_as_it_was_kept(store: PlanStore, made: Plan, policy: Winback) -> None:
    kept = _keep(store, made, policy)
    assert (kept.id, kept.version, kept.state, kept.campaign_id) == (1, 1, "draft", "spring-1")
    assert kept.settings == policy
    assert kept.document["seed"] == 1
    assert kept.document["says"] == ["So."]
    pd.testing.assert_frame_equal(
        store.rows(1).fillna("none"), made.rows.astype({"segment": object}).fillna("none"), check_dtype=False
    )


def test_a_plan_is_approved_once(store: PlanStore, made: Plan, policy: Winback) -> None:
    _keep(store, made, policy)
    kept = store.approve(1, by="kim", role="marketing", now=NOW + HOUR)
    assert (kept.state, kept.approved_by, kept.approved_at) == ("approved", "kim", NOW + HOUR)
    with pytest.raises(RequestError, match=r"Plan 1 \(spring, version 1\) was approved already, by kim"):
        store.approve(1, by="lee", role="marketing", now=NOW + 2 * HOUR)


def test_of_a_campaign_one_version_is_approved(store: PlanStore, made: Plan, policy: Winback) -> None:
    assert [_keep(store, made, policy).version for _ in range(2)] == [1, 2]
    store.approve(2, by="kim", role="admin", now=NOW)
    with pytest.raises(RequestError, match=r"Plan 2 .* was approved already"):
        store.approve(1, by="kim", role="admin", now=NOW)
    with pytest.raises(RequestError, match="Give another one another name"):
        _keep(store, made, policy)
    assert _keep(store, made, policy, "summer").version == 1
    assert [plan.id for plan in store.plans()] == [3, 2, 1]


def test_only_marketing_approves(store: PlanStore, made: Plan, policy: Winback) -> None:
    _keep(store, made, policy)
    with pytest.raises(RequestError, match="The role retention may not approve a plan"):
        store.approve(1, by="kim", role="retention", now=NOW)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101])
def test_who_approves_has_a_name(store: PlanStore, made: Plan, policy: Winback, name: str) -> None:
    _keep(store, made, policy)
    with pytest.raises(RequestError, match=r"Who approves is .*; give 1 to 100 printable characters"):
        store.approve(1, by=name, role="marketing", now=NOW)
    assert store.plan(1).state == "draft"


def test_the_clock_may_not_be_moved_back(store: PlanStore, made: Plan, policy: Winback) -> None:
    _keep(store, made, policy)
    with pytest.raises(RequestError, match=r"The clock says .* 08:00, but plan 1 was made .*moved back"):
        store.approve(1, by="kim", role="marketing", now=NOW - HOUR)
    store.approve(1, by="kim", role="marketing", now=NOW + HOUR)
    with pytest.raises(RequestError, match="plan 1 was approved"):
        store.mark_sent(1, NOW)


def test_a_plan_is_sent_after_approval_and_once(store: PlanStore, made: Plan, policy: Winback) -> None:
    _keep(store, made, policy)
    with pytest.raises(RequestError, match="Plan 1 is a draft; approve it first"):
        store.mark_sent(1, NOW)
    store.approve(1, by="kim", role="marketing", now=NOW)
    assert store.mark_sent(1, NOW + HOUR).sent_at == NOW + HOUR
    with pytest.raises(RequestError, match=r"was sent on 2025-03-01 10:00; it goes out once"):
        store.mark_sent(1, NOW + HOUR)


def test_rows_that_were_changed_are_not_approved(
    store: PlanStore, made: Plan, policy: Winback, tmp_path: object
) -> None:
    _keep(store, made, policy)
    engine = create_engine(f"sqlite:///{tmp_path}/store.db")
    with engine.begin() as connection:
        connection.execute(text("UPDATE winback_plan_rows SET arm = 'treatment'"))
    engine.dispose()
    with pytest.raises(RequestError, match="somebody changed them"):
        store.approve(1, by="kim", role="marketing", now=NOW)


def test_an_empty_plan_is_not_kept(store: PlanStore, made: Plan, policy: Winback) -> None:
    vars(made)["rows"] = made.rows.head(0)
    with pytest.raises(RequestError, match="Nobody is in the plan"):
        _keep(store, made, policy)
    assert store.plans() == []


def test_an_unknown_plan_is_told(store: PlanStore) -> None:
    with pytest.raises(AbsentError, match="There is no plan 7"):
        store.plan(7)
    with pytest.raises(AbsentError, match="There is no plan 7"):
        store.rows(7)


def test_it_is_the_same_on_postgresql(postgres: str, made: Plan, policy: Winback) -> None:
    store = PlanStore.open(postgres)
    kept = _keep(store, made, policy, "on postgres")
    store.approve(kept.id, by="kim", role="marketing", now=NOW)
    assert store.mark_sent(kept.id, NOW).state == "sent"
    assert len(store.rows(kept.id)) == len(made.rows)
    store.keep_result(kept.id, {"says": ["So."]})
    assert store.plan(kept.id).result == {"says": ["So."]}
    store.close()
