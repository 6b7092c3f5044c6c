"""A whole sending: to a receiver that fails in every way, by senders that are killed."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from benchmarks.winback_receiver import Receiver
from configs.settings import Webhook
from features.clock import now
from features.errors import ConfigError, RequestError
from serving.winback import sender as module
from serving.winback.outbox import Outbox, Sending
from serving.winback.sender import Sender
from serving.winback.store import Kept, PlanStore
from tests.serving.winback.conftest import served

QUICK = Webhook(
    targets=("127.0.0.1",),
    senders=4,
    seconds_per_attempt=0.5,
    lease_seconds=1.5,
    first_wait_seconds=0.05,
    longest_wait_seconds=0.2,
    most_attempts=30,
)
HERE = "tests.serving.winback.test_sender"


def deliver(url: str) -> None:
    """In a process of its own."""
    outbox = Outbox(PlanStore.open(url).engine)
    Sender(outbox, outbox.sending(1), QUICK, Everybody()).run()


class Everybody:
    """May be contacted."""

    def refresh(self) -> None:
        """Nothing is asked."""

    def __call__(self, _customer_id: str) -> str | None:
        return None


def queued(store: PlanStore, kept: Kept, target: str) -> tuple[Outbox, Sending]:
    outbox = Outbox(store.engine)
    return outbox, outbox.queue(kept.id, store.rows(kept.id), target, now())


def require_audit(outbox: Outbox, plan_id: int) -> None:
    """Of each message the attempts are numbered without a gap, begun in order, and the last one delivered."""
    attempts = sorted(outbox.attempts(plan_id), key=lambda each: (each["key"], each["number"]))
    for _, each in groupby(attempts, key=lambda attempt: attempt["key"]):
        of_one = list(each)
        assert [attempt["number"] for attempt in of_one] == list(range(1, len(of_one) + 1))
        assert [attempt["id"] for attempt in of_one] == sorted(attempt["id"] for attempt in of_one)
        assert all(a["started_at"] <= b["started_at"] for a, b in pairwise(of_one))
        assert 200 in [attempt["status"] for attempt in of_one]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Starts a sender; what a process needs is imported once for all of them."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([HERE])

    def started(url: str) -> Any:
        process = context.Process(target=import_module(HERE).deliver, args=(url,))
        process.start()
        return process

    return started


@pytest.mark.usefixtures("secret")
def test_with_two_senders_killed_every_message_arrives_and_counts_once(
    tmp_path: Path, secret: str, campaign: Callable[..., Kept], start: Callable[[str], Any]
) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    store = PlanStore.open(url)
    kept = campaign(store, customers=360)
    with served(Receiver(secret, late=0.7)) as receiver:
        outbox, _ = queued(store, kept, receiver.url)
        rows = store.rows(kept.id)
        wanted = {kept.message_id(each) for each in rows.loc[rows["arm"] == "treatment", "customer_id"]}
        assert len(wanted) >= 200
        senders = [start(url) for _ in range(2)]
        for share, victim in ((0.2, 0), (0.5, 1)):
            _wait_until(lambda share=share: len(receiver.received.acted) > share * len(wanted))
            senders[victim].kill()
            senders[victim].join()
            senders[victim] = start(url)
        for each in senders:
            each.join(60)
        assert [each.exitcode for each in senders] == [0, 0]
        received = receiver.received
    assert set(received.acted) == wanted
    assert (received.changed, received.forged) == ([], 0)
    assert received.posts.total() > len(wanted)
    assert outbox.progress(kept.id).counts["delivered"] == len(wanted)
    require_audit(outbox, kept.id)
    store.close()


def _wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.mark.usefixtures("secret")
def test_what_is_suppressed_or_too_late_is_not_sent(
    store: PlanStore, campaign: Callable[..., Kept], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = campaign(store)
    outbox, sending = queued(store, kept, receiver.url)
    rows = store.rows(kept.id)
    first = rows.loc[rows["arm"] == "treatment", "customer_id"].iloc[0]

    class But(Everybody):
        def __call__(self, customer_id: str) -> str | None:
            return "opted_out" if customer_id == first else None

    found = Sender(outbox, sending, QUICK, But()).run()
    assert found.counts["suppressed"] == 1
    assert found.counts["delivered"] == found.messages - 1 == len(receiver.received.acted)
    assert kept.message_id(first) not in receiver.received.acted
    later = campaign(store, name="later")
    outbox, sending = queued(store, later, receiver.url)
    monkeypatch.setattr(module, "now", lambda: now() + timedelta(days=31))
    found = Sender(outbox, sending, QUICK, Everybody()).run()
    assert found.counts["dead"] == found.messages
    assert {each["reason"] for each in outbox.dead(later.id)} == {
        "the offer's time was over before it could be delivered"
    }


@pytest.mark.usefixtures("secret")
def test_a_receiver_that_refuses_everything_stops_the_sending(
    store: PlanStore, campaign: Callable[..., Kept], receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = campaign(store)
    outbox, sending = queued(store, kept, receiver.url)
    one = QUICK.model_copy(update={"senders": 1})
    with monkeypatch.context() as patch:
        patch.setenv("AMITY_WEBHOOK_SECRET", "whsec_" + 40 * "A")
        with pytest.raises(RequestError, match="refused 20 messages one after the other, so sending was"):
            Sender(outbox, sending, one, Everybody()).run()
    dead = outbox.dead(kept.id)
    assert len(dead) == 20
    assert {each["reason"] for each in dead} == {"answered 401: it will not get better by itself"}
    assert receiver.received.acted == {}
    outbox.resend(kept.id, now())
    assert Sender(outbox, sending, one, Everybody()).run().open == 0
    assert len(receiver.received.acted) == outbox.progress(kept.id).messages
    require_audit(outbox, kept.id)


@pytest.mark.usefixtures("secret")
def test_with_once_it_ends_when_nothing_is_due(store: PlanStore, campaign: Callable[..., Kept]) -> None:
    """Nobody listens at the target: each message is tried once and waits."""
    kept = campaign(store)
    outbox, sending = queued(store, kept, "http://127.0.0.1:9/")
    patient = QUICK.model_copy(update={"first_wait_seconds": 600, "longest_wait_seconds": 600})
    found = Sender(outbox, sending, patient, Everybody()).run(once=True)
    assert found.counts["waiting"] == found.messages == found.attempts
    assert found.next_at is not None
    assert found.next_at > now() + timedelta(seconds=200)
    errors: Any = {each["error"] for each in outbox.attempts(kept.id)}
    assert errors == {"the connection failed: [Errno 111] Connection refused"}


@pytest.mark.usefixtures("secret")
def test_a_target_that_is_no_longer_listed_gets_nothing(
    store: PlanStore, campaign: Callable[..., Kept], receiver: Receiver
) -> None:
    kept = campaign(store)
    outbox, sending = queued(store, kept, receiver.url)
    with pytest.raises(RequestError, match=r"127\.0\.0\.1 is no target that messages may go to"):
        Sender(outbox, sending, QUICK.model_copy(update={"targets": ()}), Everybody())
    assert receiver.received.posts.total() == 0


@pytest.mark.usefixtures("secret")
def test_when_the_store_fails_it_ends_and_tells(
    store: PlanStore, campaign: Callable[..., Kept], receiver: Receiver
) -> None:
    kept = campaign(store)
    outbox, sending = queued(store, kept, receiver.url)
    with store.engine.begin() as connection:
        connection.execute(text("DROP TABLE winback_attempts"))
    with pytest.raises(ConfigError, match="can't be used: no such table: winback_attempts"):
        Sender(outbox, sending, QUICK, Everybody()).run()
    assert outbox.progress(kept.id).counts["sending"] == 0
