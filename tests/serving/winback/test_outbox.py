"""Messages are claimed by one sender at a time, go on after a sender died, and every attempt stands there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from features.clock import now
from features.errors import RequestError
from serving.errors import AbsentError
from serving.winback.outbox import Claimed, Outbox
from serving.winback.store import Kept, PlanStore
from serving.winback.verdict import Verdict

TARGET = "https://hooks.shop.example/"
LEASE = 60.0
DONE, AGAIN, DEAD = Verdict("delivered", 200), Verdict("waiting", 503, "busy", 30), Verdict("dead", 404, "no")


def nobody(_customer_id: str) -> None:
    """Everybody may be contacted."""


@pytest.fixture
def plans(url: str) -> Iterator[PlanStore]:
    """On SQLite and on PostgreSQL."""
    store = PlanStore.open(url)
    yield store
    store.close()


@pytest.fixture
def queued(plans: PlanStore, campaign: Callable[..., Kept]) -> tuple[Outbox, Kept]:
    kept = campaign(plans)
    outbox = Outbox(plans.engine)
    outbox.queue(kept.id, plans.rows(kept.id), TARGET, now())
    return outbox, plans.plan(kept.id)


def claim(outbox: Outbox, kept: Kept, later: float = 0.0, barred: Any = nobody) -> Claimed | None:
    return outbox.claim(kept.id, "s", now() + timedelta(seconds=1 + later), LEASE, barred)


def test_those_contacted_have_a_message_each_best_first(queued: Any, plans: PlanStore) -> None:
    outbox, kept = queued
    rows = plans.rows(kept.id)
    treated = rows[rows["arm"] == "treatment"]
    assert outbox.progress(kept.id).counts["waiting"] == len(treated) > 20
    assert kept.state == "sent"
    claimed = []
    while (found := claim(outbox, kept)) is not None:
        claimed.append(found)
    assert [each.customer_id for each in claimed] == treated["customer_id"].tolist()
    assert [each.offer for each in claimed] == treated["offer"].tolist()
    assert {each.channel for each in claimed if each.offer == "five"} == {"email"}
    assert len({each.key for each in claimed}) == len(claimed)
    assert [each.key for each in claimed] == [kept.message_id(each.customer_id) for each in claimed]


def test_many_senders_at_once_never_claim_the_same(queued: Any) -> None:
    outbox, kept = queued
    total = outbox.progress(kept.id).messages

    def work(_: int) -> list[str]:
        found = []
        while (claimed := claim(outbox, kept)) is not None:
            found.append(claimed.key)
        return found

    with ThreadPoolExecutor(6) as pool:
        keys = [key for part in pool.map(work, range(6)) for key in part]
    assert len(keys) == len(set(keys)) == total


def test_a_message_goes_on_when_its_sender_died(queued: Any) -> None:
    outbox, kept = queued
    first = claim(outbox, kept)
    again = next(found for _ in range(1000) if (found := claim(outbox, kept, LEASE + 5)).key == first.key)
    assert (again.number, again.lease != first.lease) == (2, True)
    outbox.settle(first, AGAIN, now())
    assert outbox.progress(kept.id).counts["waiting"] == 0  # the first has lost its lease
    outbox.settle(again, DONE, now())
    lost, done = outbox.attempts(kept.id, first.key)
    assert (lost["number"], done["number"], done["status"], done["error"]) == (1, 2, 200, None)


def test_who_delivered_settles_it_even_too_late(queued: Any) -> None:
    outbox, kept = queued
    first = claim(outbox, kept)
    while claim(outbox, kept, LEASE + 5) is not None:
        pass
    outbox.settle(first, DONE, now())
    counts = outbox.progress(kept.id).counts
    assert (counts["delivered"], counts["waiting"], counts["dead"]) == (1, 0, 0)


def test_an_attempt_stands_there_before_it_is_made(queued: Any) -> None:
    outbox, kept = queued
    claimed = claim(outbox, kept)
    (begun,) = outbox.attempts(kept.id)
    assert (begun["key"], begun["sender"], begun["ended_at"], begun["status"]) == (
        claimed.key,
        "s",
        None,
        None,
    )
    outbox.settle(claimed, AGAIN, now())
    (ended,) = outbox.attempts(kept.id)
    assert (ended["status"], ended["error"]) == (503, "busy")
    assert ended["started_at"] <= ended["ended_at"] + timedelta(seconds=1)
    later = outbox.claim(kept.id, "s", now() + timedelta(seconds=29), LEASE, nobody)
    assert later.key != claimed.key


def test_dead_letters_are_told_and_sent_again(queued: Any) -> None:
    outbox, kept = queued
    first, second = claim(outbox, kept), claim(outbox, kept)
    for each in (first, second):
        outbox.settle(each, DEAD, now())
    dead = outbox.dead(kept.id)
    assert {each["key"] for each in dead} == {first.key, second.key}
    assert {each["reason"] for each in dead} == {"no"}
    with pytest.raises(AbsentError, match="1 of 2 messages are no dead letters of plan"):
        outbox.resend(kept.id, now(), [first.key, "x"])
    assert outbox.progress(kept.id).counts["dead"] == 2
    assert outbox.resend(kept.id, now(), [first.key]) == 1
    assert [each["key"] for each in outbox.dead(kept.id)] == [second.key]
    assert outbox.resend(kept.id, now()) == 1
    assert outbox.resend(kept.id, now()) == 0
    over = now() + timedelta(days=31)
    with pytest.raises(RequestError, match=r"were valid until .*; nothing of it is sent any more"):
        outbox.resend(kept.id, over)


def test_who_may_not_be_contacted_now_is_passed_over(queued: Any, plans: PlanStore) -> None:
    outbox, kept = queued
    rows = plans.rows(kept.id)
    best, second = rows[rows["arm"] == "treatment"]["customer_id"].head(2)
    claimed = claim(outbox, kept, barred=lambda who: "opted_out" if who == best else None)
    assert claimed.customer_id == second
    assert outbox.progress(kept.id).counts["suppressed"] == 1
    assert outbox.progress(kept.id).suppressed_for == {"opted_out": 1}
    assert [each["customer_id"] for each in outbox.attempts(kept.id)] == [second]
    assert outbox.progress(kept.id).attempts == 1


def test_nothing_is_claimed_without_an_approval(queued: Any, plans: PlanStore) -> None:
    outbox, kept = queued
    with plans.engine.begin() as connection:
        connection.execute(text("UPDATE winback_plans SET approved_at = NULL"))
    assert claim(outbox, kept) is None


def test_a_plan_is_queued_once_and_only_when_approved(
    plans: PlanStore, campaign: Callable[..., Kept], queued: Any
) -> None:
    outbox, kept = queued
    with pytest.raises(RequestError, match="it goes out once"):
        outbox.queue(kept.id, plans.rows(kept.id), TARGET, now())
    other = campaign(plans, name="summer")
    with pytest.raises(AbsentError, match="was not sent to a webhook"):
        outbox.progress(other.id)
    with plans.engine.begin() as connection:
        connection.execute(text("UPDATE winback_plans SET state = 'draft', approved_at = NULL"))
    with pytest.raises(RequestError, match="is a draft; approve it first"):
        outbox.queue(other.id, plans.rows(other.id), TARGET, now())
    assert not outbox.is_queued(other.id)
