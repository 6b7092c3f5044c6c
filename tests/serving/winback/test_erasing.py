"""Who is forgotten leaves plans, outbox and attempts, and a plan still shows what was changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from configs.settings import Winback
from features.clock import now
from features.errors import RequestError
from serving.forgetting.forget import forget
from serving.schema import METADATA
from serving.winback.outbox import Outbox
from serving.winback.plan import Situation, make
from serving.winback.schema import erasures
from serving.winback.store import PlanStore
from serving.winback.verdict import Verdict

LATER = timedelta(seconds=1)


@pytest.fixture
def plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> Iterator[PlanStore]:
    """On SQLite and on PostgreSQL."""
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))
    store = PlanStore.open(url)
    yield store
    store.close()


@pytest.fixture
def drafted(plans: PlanStore, situation: Callable[..., Situation], policy: Winback) -> tuple[str, str]:
    """Plan 1; a customer of its treatment arm, and one whom service calls first."""
    given = situation(120)
    given.barred[:40] = "open_complaint"
    plan = make(given, policy, 1e6, seed=1)
    plans.keep("spring", plan, policy, currency="EUR", says=["So."], now=now())
    return str(plan.treated["customer_id"].iloc[0]), plan.for_service[0]


def everything(store: PlanStore) -> str:
    """All that the tables hold."""
    with store.engine.connect() as connection:
        rows = (row for table in METADATA.sorted_tables for row in connection.execute(select(table)))
        return "\n".join(str(tuple(row)) for row in rows)


def test_who_is_forgotten_stands_in_no_plan_and_the_plan_is_still_genuine(
    plans: PlanStore, drafted: tuple[str, str]
) -> None:
    for who in drafted:
        assert who in everything(plans)
    told = [forget(plans.engine, who, dry_run=True).store for who in drafted]
    assert told == [{"winback_plan_rows": 1}, {"winback_plans.document": 1}]
    rows = len(plans.rows(1))
    assert [forget(plans.engine, who).store for who in drafted] == told
    for who in drafted:
        assert who not in everything(plans)
    assert len(plans.rows(1)) == rows - 1
    plans.approve(1, by="kim", role="marketing", now=now())
    with plans.engine.connect() as connection:
        assert [row.rows for row in connection.execute(select(erasures))] == [1]


def test_forgetting_hides_no_forgery(plans: PlanStore, drafted: tuple[str, str]) -> None:
    """Neither of another row, nor of the row that is forgotten."""
    who, _ = drafted
    other = plans.rows(1)["customer_id"].iloc[1]
    for forged in (other, who):
        with plans.engine.begin() as connection:
            before = connection.execute(text("SELECT digest FROM winback_plans")).scalar_one()
            connection.execute(
                text("UPDATE winback_plan_rows SET stratum = stratum || 'x' WHERE customer_id = :who"),
                {"who": forged},
            )
        if forged == other:
            with pytest.raises(RequestError, match="somebody changed them"):
                plans.require_genuine(1)
            with plans.engine.begin() as connection:
                undo = "UPDATE winback_plan_rows SET stratum = rtrim(stratum, 'x')"
                connection.execute(text(undo))
            plans.require_genuine(1)
        else:
            forget(plans.engine, forged)
            with pytest.raises(RequestError, match="somebody changed them"):
                plans.require_genuine(1)
            assert plans.plan(1).digest != before


def test_messages_and_attempts_go_too(plans: PlanStore, drafted: tuple[str, str]) -> None:
    who, _ = drafted
    plans.approve(1, by="kim", role="marketing", now=now())
    outbox = Outbox(plans.engine)
    outbox.queue(1, plans.rows(1), "https://hooks.shop.example/", now())
    claimed = outbox.claim(1, "s", now() + LATER, 60, lambda _: None)
    assert claimed is not None
    assert claimed.customer_id == who
    outbox.settle(claimed, Verdict("waiting", 503, "busy", 0.0), now())
    again = outbox.claim(1, "s", now() + LATER, 60, lambda _: None)
    before = outbox.progress(1).messages
    found = forget(plans.engine, who).store
    assert found == {"winback_plan_rows": 1, "winback_messages": 1, "winback_attempts": 1}
    assert outbox.progress(1).messages == before - 1
    assert outbox.attempts(1, claimed.key) == []
    assert who not in everything(plans)
    outbox.settle(claimed, Verdict("delivered", 200), now())
    assert again is not None
    outbox.settle(again, Verdict("delivered", 200), now())
    assert who not in everything(plans)
    plans.require_genuine(1)
