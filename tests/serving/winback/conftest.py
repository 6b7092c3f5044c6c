"""Customers to plan for, with effects that are given."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.winback_receiver import Receiver
from configs.settings import Offer, Winback
from features.clock import now
from models.uplift.effects import Effects
from serving.winback.plan import Situation, make
from serving.winback.store import Kept, PlanStore

AS_OF = datetime(2025, 3, 1)  # noqa: DTZ001
OFFERS = (
    Offer(name="five", channel="email", coupon_value=5, contact_cost=0.1),
    Offer(name="twenty", channel="post", coupon_value=20, contact_cost=1),
)
POLICY = Winback(offers=OFFERS)
SECRET = "whsec_" + b64encode(bytes(range(32))).decode()


@pytest.fixture(scope="session")
def policy() -> Winback:
    return POLICY


@pytest.fixture(scope="session")
def situation() -> Callable[..., Situation]:
    """So many customers, of whom half gain by an offer and a tenth are put off; `changes` to it."""

    def made(customers: int = 600, seed: int = 0, **changes: Any) -> Situation:
        dice = np.random.default_rng(seed)
        orders = dice.normal(0.05, 0.1, (customers, 1)) * [1.0, 1.6]
        redeemed = dice.uniform(0.0, 0.3, (customers, 1)) * [1.0, 1.1]
        profit = 60 * orders - redeemed * [5.0, 20.0]
        usual = pd.DataFrame(dice.gamma(1, 20, (customers, 3)), columns=["orders", "revenue", "profit"])
        ids = [f"C{number:05d}" for number in range(customers)]
        whole = Situation(
            AS_OF,
            pd.DataFrame({"customer_id": ids, "segment": dice.choice(np.array(["a", "b", None]), customers)}),
            Effects(orders, 2 * profit, profit, redeemed, "experiment"),
            usual,
            dice.gamma(1, 10, customers),
            pd.Series(None, index=range(customers), dtype=object),
            np.ones((customers, 2), dtype=bool),
        )
        return replace(whole, **changes)

    return made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PlanStore]:
    store = PlanStore.open(f"sqlite:///{tmp_path}/store.db")
    yield store
    store.close()


@pytest.fixture(scope="session")
def campaign(situation: Callable[..., Situation]) -> Callable[..., Kept]:
    """Keeps and approves a plan in a store; `source`: the address of its tables."""

    def approved(store: PlanStore, customers: int = 120, name: str = "spring", source: str = "") -> Kept:
        plan = make(situation(customers), POLICY, 1e6, seed=1)
        moment = now()
        about = {"source": source or None}
        kept = store.keep(name, plan, POLICY, currency="EUR", says=["So."], now=moment, about=about)
        return store.approve(kept.id, by="kim", role="marketing", now=moment)

    return approved


@pytest.fixture(scope="session")
def shop_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """A folder whose customers are those of `situation`; `tables`: further rows of tickets and contacts."""

    def put(opted_out: Sequence[str] = (), **tables: Sequence[dict[str, Any]]) -> str:
        folder = tmp_path_factory.mktemp("shop")
        ids = [f"C{number:05d}" for number in range(600)]
        long_ago = now() - timedelta(days=400)
        people = [
            {"customer_id": each, "opted_out_at": long_ago if each in opted_out else None} for each in ids
        ]
        orders = [
            {"order_id": each, "customer_id": each, "ordered_at": long_ago, "amount": 5.0} for each in ids
        ]
        for name, rows in {"customers": people, "orders": orders, **tables}.items():
            frame = pd.DataFrame(rows)
            if name == "customers":
                frame["opted_out_at"] = pd.to_datetime(frame["opted_out_at"])
            frame.to_parquet(folder / f"{name}.parquet", index=False)
        return str(folder)

    return put


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    """That of the environment."""
    monkeypatch.setenv("AMITY_WEBHOOK_SECRET", SECRET)
    return SECRET


@contextmanager
def served(receiver: Receiver) -> Iterator[Receiver]:
    thread = Thread(target=receiver.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()
        thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """It fails nothing."""
    with served(Receiver(SECRET, sound=True)) as found:
        yield found
