"""A sending begun by two processes at the same moment is one sending."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.winback_receiver import Receiver
from configs.settings import Winback
from features.clock import now
from serving.winback import sending
from serving.winback.outbox import Outbox
from serving.winback.store import Kept, PlanStore
from tests.serving.winback.test_sender import QUICK


@pytest.mark.usefixtures("secret")
def test_who_comes_second_takes_part(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    campaign: Callable[..., Kept],
    shop_of: Callable[..., str],
    policy: Winback,
    receiver: Receiver,
) -> None:
    monkeypatch.setenv("AMITY_HOME", str(tmp_path))
    monkeypatch.delenv("AMITY_STORE_URL", raising=False)
    store = PlanStore.open()
    kept = campaign(store, customers=60, source=shop_of())
    first = Outbox(store.engine)
    queue = Outbox.queue

    def too_late(outbox: Outbox, *given: object) -> object:
        queue(first, kept.id, store.rows(kept.id), receiver.url, now())
        return queue(outbox, *given)

    monkeypatch.setattr(Outbox, "queue", too_late)
    listed = policy.model_copy(update={"webhook": QUICK})
    found = sending.send(kept.id, None, receiver.url, listed)
    assert found.counts["delivered"] == found.messages == len(receiver.received.acted) > 10
    assert receiver.received.posts.total() == found.messages
    store.close()
