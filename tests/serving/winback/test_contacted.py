"""Nobody gets two campaigns at once: what earlier plans sent, or are sending, by webhook or as files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from features.clock import now
from serving.winback.contacted import contacted_since
from serving.winback.outbox import Outbox
from serving.winback.store import Kept, PlanStore
from serving.winback.verdict import Verdict

TARGET = "https://hooks.shop.example/"


@pytest.fixture
def plans(url: str) -> Iterator[PlanStore]:
    """On SQLite and on PostgreSQL."""
    store = PlanStore.open(url)
    yield store
    store.close()


def _treated(plans: PlanStore, kept: Kept) -> list[str]:
    rows = plans.rows(kept.id)
    return sorted(rows.loc[rows["arm"] == "treatment", "customer_id"])


def test_what_was_delivered_or_is_under_way(plans: PlanStore, campaign: Callable[..., Kept]) -> None:
    kept, outbox, day = campaign(plans), Outbox(plans.engine), now() - timedelta(days=1)
    assert contacted_since(plans.engine, day) == []
    outbox.queue(kept.id, plans.rows(kept.id), TARGET, now())
    assert sorted(contacted_since(plans.engine, day)) == _treated(plans, kept)
    assert contacted_since(plans.engine, day, kept.id) == []
    delivered: list[str] = []
    while claimed := outbox.claim(kept.id, "s", now() + timedelta(seconds=1), 60, lambda _: None):
        verdict = Verdict("dead", 404, "no") if delivered else Verdict("delivered", 200)
        outbox.settle(claimed, verdict, now())
        delivered += [claimed.customer_id] if not delivered else []
    assert contacted_since(plans.engine, day) == delivered
    assert contacted_since(plans.engine, now() + timedelta(days=1)) == []


def test_files_that_went_out(plans: PlanStore, campaign: Callable[..., Kept]) -> None:
    kept, day = campaign(plans), now() - timedelta(days=1)
    plans.mark_sent(kept.id, now())
    assert sorted(contacted_since(plans.engine, day)) == _treated(plans, kept)
    assert contacted_since(plans.engine, day, kept.id) == []
    assert contacted_since(plans.engine, now() + timedelta(days=1)) == []


def test_of_two_plans_under_way_the_later_one_gives_way(
    plans: PlanStore, campaign: Callable[..., Kept]
) -> None:
    first, second, third = (campaign(plans, name=name) for name in ("first", "second", "third"))
    outbox, day, moment = Outbox(plans.engine), now() - timedelta(days=1), now()
    for later, kept in enumerate((first, second)):
        outbox.queue(kept.id, plans.rows(kept.id), TARGET, moment + timedelta(seconds=later))
    assert contacted_since(plans.engine, day, first.id) == []
    assert sorted(contacted_since(plans.engine, day, second.id)) == _treated(plans, first)
    assert sorted(contacted_since(plans.engine, day, third.id)) == _treated(plans, first)
